package org.switchback.client.report;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/** Texts that come from elsewhere: files, standard input, the clipboard. */
public final class ExternalText {
    /**
     * What colours a terminal or moves its cursor: ECMA-48, 5.4, as {@code grep --color} and {@code script} leave it.
     */
    private static final Pattern CONTROL_SEQUENCE = Pattern.compile("\u001b\\[[0-?]*[ -/]*[@-~]");

    private ExternalText() {}

    /**
     * The text of a file: UTF-8, or UTF-16 where it begins with that one's byte order mark, as what PowerShell writes
     * does. Bytes that are neither become replacement characters: somebody's device name is no reason to refuse the
     * rest.
     */
    public static String decode(byte[] bytes) {
        boolean wide = bytes.length >= 2
                && ((bytes[0] == (byte) 0xff && bytes[1] == (byte) 0xfe)
                        || (bytes[0] == (byte) 0xfe && bytes[1] == (byte) 0xff));
        Charset charset = wide ? StandardCharsets.UTF_16 : StandardCharsets.UTF_8;
        return removeControlSequences(new String(bytes, charset));
    }

    /** A text without what was meant for a terminal. */
    public static String removeControlSequences(String text) {
        return text.indexOf('\u001b') < 0
                ? text
                : CONTROL_SEQUENCE.matcher(text).replaceAll("");
    }
}
