package org.switchback.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class WindowTest {
    @Test
    void aSampleIsNamedInEitherWay() {
        assertThat(Window.sample(List.of("--sample=laptop-one-gpu"))).contains("laptop-one-gpu");
        assertThat(Window.sample(List.of("--sample", "iommu-off"))).contains("iommu-off");
        assertThat(Window.sample(List.of())).isEmpty();
        assertThat(Window.sample(List.of("--sample"))).isEmpty();
    }
}
