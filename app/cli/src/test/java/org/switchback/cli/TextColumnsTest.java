package org.switchback.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TextColumnsTest {
    @Test
    void wrapsGreedilyBetweenWords() {
        assertThat(TextColumns.wrap("aaa bbb ccc", 7)).containsExactly("aaa bbb", "ccc");
        assertThat(TextColumns.wrap("aaa bbb ccc", 6)).containsExactly("aaa", "bbb", "ccc");
        assertThat(TextColumns.wrap("aaa bbb ccc", 80)).containsExactly("aaa bbb ccc");
        assertThat(TextColumns.wrap("", 80)).containsExactly("");
    }

    @Test
    void longWordIsNotSplit() {
        assertThat(TextColumns.wrap("a wordlongerthanaline b", 6)).containsExactly("a", "wordlongerthanaline", "b");
        assertThat(TextColumns.wrap("wordlongerthanaline", 6)).containsExactly("wordlongerthanaline");
    }

    @Test
    void hangingIndentIndentsLaterLines() {
        assertThat(TextColumns.hangingIndent("x".repeat(70) + " yyyy zzzz", 4))
                .isEqualTo("x".repeat(70) + " yyyy\n    zzzz");
    }
}
