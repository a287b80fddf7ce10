package org.switchback.gui;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class StyleSheetTest {
    /** JavaFX writes the pseudo-classes of a selector to the BSS file in an order that changes from run to run. */
    @Test
    void noSelectorHasTwoPseudoClassesSoTheBssIsReproducible() throws Exception {
        try (var file = Objects.requireNonNull(SwitchbackApplication.class.getResourceAsStream("switchback.css"))) {
            assertThat(new String(file.readAllBytes(), StandardCharsets.UTF_8))
                    .doesNotContainPattern(":[a-z-]+:[a-z-]+");
        }
    }

    @Test
    void binaryStyleSheetExists() {
        assertThat(SwitchbackApplication.class.getResource("switchback.bss")).isNotNull();
    }
}
