package org.switchback.service;

import java.util.Arrays;
import java.util.stream.Collectors;

/** Formats unexpected exceptions as one log line, without their messages, because those may contain client input. */
final class ExceptionLogFormatter {
    private static final int MAX_FRAMES = 6;

    private ExceptionLogFormatter() {}

    static String format(Throwable e) {
        return e.getClass().getName()
                + Arrays.stream(e.getStackTrace())
                        .limit(MAX_FRAMES)
                        .map(frame -> frame.getFileName() + ":" + frame.getLineNumber())
                        .collect(Collectors.joining(" < ", " at ", ""));
    }
}
