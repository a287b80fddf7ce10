package org.switchback.app.readiness;

import java.util.List;
import org.switchback.hardware.Spelling;
import org.switchback.protocol.PlannedRefusal;

/**
 * What a check came to.
 *
 * @param check    which one
 * @param result   in short
 * @param code     what was found; with the check it names the sentence in the catalogue
 * @param values   for its placeholders; several things for one of them become a list
 * @param refusals of the plan, whose own sentences are said in place of that one
 */
public record Finding(
        Check check, Result result, String code, List<List<String>> values, List<PlannedRefusal> refusals) {
    /** What a check came to, in short. */
    public enum Result {
        READY("✔"),
        /** Should be done, but is in nobody's way. */
        TO_DO("!"),
        /** The GPU cannot be switched as things are. */
        BLOCKS("✘"),
        /** It could not be measured, and so it blocks nothing. */
        UNKNOWN("?");

        private final String sign;

        Result(String sign) {
            this.sign = sign;
        }

        /** One character. */
        public String sign() {
            return sign;
        }

        /** As part of a key of the catalogue and for programs: {@code to-do}. */
        public String id() {
            return Spelling.of(this);
        }
    }

    public Finding {
        values = List.copyOf(values);
        refusals = List.copyOf(refusals);
    }
}
