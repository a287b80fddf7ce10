package org.switchback.client.report;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/** Decodes texts from outside: files, standard input, the clipboard. */
public final class ExternalTextDecoder {
    /** Terminal control sequences (ECMA-48, 5.4), as {@code grep --color} and {@code script} write them. */
    private static final Pattern CONTROL_SEQUENCE = Pattern.compile("\u001b\\[[0-?]*[ -/]*[@-~]");

    private ExternalTextDecoder() {}

    /**
     * Decodes the text of a file: UTF-16 when it starts with a UTF-16 byte order mark, as PowerShell writes it,
     * otherwise UTF-8. Invalid bytes become replacement characters: one odd device name must not make the file
     * unreadable. Removes control sequences.
     */
    public static String decode(byte[] bytes) {
        boolean utf16 = bytes.length >= 2
                && ((bytes[0] == (byte) 0xff && bytes[1] == (byte) 0xfe)
                        || (bytes[0] == (byte) 0xfe && bytes[1] == (byte) 0xff));
        Charset charset = utf16 ? StandardCharsets.UTF_16 : StandardCharsets.UTF_8;
        return removeControlSequences(new String(bytes, charset));
    }

    /** Returns a text without terminal control sequences. */
    public static String removeControlSequences(String text) {
        return text.indexOf('\u001b') < 0
                ? text
                : CONTROL_SEQUENCE.matcher(text).replaceAll("");
    }
}
