package org.switchback.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ColumnsTest {
    @Test
    void linesBreakBetweenWordsAndAreAsLongAsTheyCanBe() {
        assertThat(Columns.wrap("aaa bbb ccc", 7)).containsExactly("aaa bbb", "ccc");
        assertThat(Columns.wrap("aaa bbb ccc", 6)).containsExactly("aaa", "bbb", "ccc");
        assertThat(Columns.wrap("aaa bbb ccc", 80)).containsExactly("aaa bbb ccc");
        assertThat(Columns.wrap("", 80)).containsExactly("");
    }

    @Test
    void aWordThatIsTooLongIsLeftWhole() {
        assertThat(Columns.wrap("a wordlongerthanaline b", 6)).containsExactly("a", "wordlongerthanaline", "b");
        assertThat(Columns.wrap("wordlongerthanaline", 6)).containsExactly("wordlongerthanaline");
    }

    @Test
    void laterLinesHangBelowTheFirst() {
        assertThat(Columns.hanging("x".repeat(70) + " yyyy zzzz", 4)).isEqualTo("x".repeat(70) + " yyyy\n    zzzz");
    }
}
