package org.switchback.gui.switching;

import java.util.List;
import org.switchback.job.SwitchRun;

/**
 * What a switch came to, with sentences about it.
 *
 * @param title one sentence
 * @param lines more sentences
 */
public record SwitchResult(SwitchRun.Result kind, String title, List<String> lines) {
    public SwitchResult {
        lines = List.copyOf(lines);
    }

    public boolean isSuccessful() {
        return kind == SwitchRun.Result.SUCCEEDED;
    }
}
