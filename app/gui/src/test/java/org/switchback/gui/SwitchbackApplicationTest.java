package org.switchback.gui;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class SwitchbackApplicationTest {
    @Test
    void sampleOptionIsParsedInBothForms() {
        assertThat(SwitchbackApplication.parseSampleOption(List.of("--sample=laptop-one-gpu")))
                .contains("laptop-one-gpu");
        assertThat(SwitchbackApplication.parseSampleOption(List.of("--sample", "iommu-off")))
                .contains("iommu-off");
        assertThat(SwitchbackApplication.parseSampleOption(List.of())).isEmpty();
        assertThat(SwitchbackApplication.parseSampleOption(List.of("--sample"))).isEmpty();
    }
}
