package org.switchback.service;

import java.util.Arrays;
import java.util.stream.Collectors;

/** Unexpected exceptions as one line for the helper's own log, without their messages: those may quote a client. */
final class ExceptionFormatter {
    private static final int MAX_FRAMES = 6;

    private ExceptionFormatter() {}

    static String format(Throwable unexpected) {
        return unexpected.getClass().getName()
                + Arrays.stream(unexpected.getStackTrace())
                        .limit(MAX_FRAMES)
                        .map(frame -> frame.getFileName() + ":" + frame.getLineNumber())
                        .collect(Collectors.joining(" < ", " at ", ""));
    }
}
