package org.switchback.protocol;

import java.util.Optional;
import org.freedesktop.dbus.Struct;
import org.freedesktop.dbus.annotations.Position;
import org.switchback.hardware.KebabCase;
import org.switchback.job.PlannedStep;
import org.switchback.job.StepKind;
import org.switchback.plan.ReleaseStage.ReleaseMethod;
import org.switchback.plan.ReleaseStage.ReleaseReason;
import org.switchback.plan.Step;

/** A {@link PlannedStep} on the bus: nine strings in the order of its components, enum constants in kebab case. */
public final class PlannedStepStruct extends Struct {
    @Position(0)
    public final String kind;

    @Position(1)
    public final String subject;

    @Position(2)
    public final String before;

    @Position(3)
    public final String after;

    @Position(4)
    public final String undoPolicy;

    @Position(5)
    public final String shellCommand;

    @Position(6)
    public final String undoCommand;

    /** Empty for none. */
    @Position(7)
    public final String releaseMethod;

    /** Empty for none. */
    @Position(8)
    public final String releaseReason;

    public PlannedStepStruct(
            String kind,
            String subject,
            String before,
            String after,
            String undoPolicy,
            String shellCommand,
            String undoCommand,
            String releaseMethod,
            String releaseReason) {
        this.kind = kind;
        this.subject = subject;
        this.before = before;
        this.after = after;
        this.undoPolicy = undoPolicy;
        this.shellCommand = shellCommand;
        this.undoCommand = undoCommand;
        this.releaseMethod = releaseMethod;
        this.releaseReason = releaseReason;
    }

    public static PlannedStepStruct encode(PlannedStep step) {
        return new PlannedStepStruct(
                step.kind().wireName(),
                step.subject(),
                step.before(),
                step.after(),
                KebabCase.of(step.undoPolicy()),
                step.shellCommand(),
                step.undoCommand(),
                step.releaseMethod().map(ReleaseMethod::wireName).orElse(""),
                step.releaseReason().map(ReleaseReason::wireName).orElse(""));
    }

    /** @throws IllegalArgumentException if a name is unknown in this protocol version */
    public PlannedStep decode() {
        return new PlannedStep(
                StepKind.parse(kind).orElseThrow(() -> new IllegalArgumentException(kind)),
                subject,
                before,
                after,
                KebabCase.parse(Step.UndoPolicy.class, undoPolicy)
                        .orElseThrow(() -> new IllegalArgumentException(undoPolicy)),
                shellCommand,
                undoCommand,
                optional(releaseMethod)
                        .map(name -> ReleaseMethod.parse(name).orElseThrow(IllegalArgumentException::new)),
                optional(releaseReason)
                        .map(name -> ReleaseReason.parse(name).orElseThrow(IllegalArgumentException::new)));
    }

    private static Optional<String> optional(String text) {
        return text.isEmpty() ? Optional.empty() : Optional.of(text);
    }
}
