package org.switchback.service;

import java.util.Arrays;
import java.util.stream.Collectors;

/** Unexpected exceptions as one line for the helper's own log, without their messages: those may quote a client. */
final class Trouble {
    private static final int FRAMES = 6;

    private Trouble() {}

    static String text(Throwable unexpected) {
        return unexpected.getClass().getName()
                + Arrays.stream(unexpected.getStackTrace())
                        .limit(FRAMES)
                        .map(frame -> frame.getFileName() + ":" + frame.getLineNumber())
                        .collect(Collectors.joining(" < ", " at ", ""));
    }
}
