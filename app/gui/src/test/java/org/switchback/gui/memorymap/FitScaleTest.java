package org.switchback.gui.memorymap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class FitScaleTest {
    private static final long MIB = 1 << 20;
    private static final long GIB = 1L << 30;
    private static final long BOOTFB = 0x870000;

    @Test
    void framebufferOf8MibHasRoomForItsNameInABarOf32Gib() {
        List<Long> segments = List.of(BOOTFB, 32 * GIB - BOOTFB);
        FitScale scale = FitScale.of(List.of(segments), 600);
        assertThat(scale.width(BOOTFB)).isGreaterThan(190);
        assertThat(scale.width(BOOTFB) + scale.width(32 * GIB - BOOTFB)).isCloseTo(600, within(0.01));
    }

    @Test
    void widestStripFillsTheWidthAndAllShareTheScale() {
        List<Long> small = List.of(32 * MIB);
        List<Long> large = List.of(BOOTFB, 256 * MIB - BOOTFB);
        FitScale scale = FitScale.of(List.of(small, large), 700);
        assertThat(scale.width(BOOTFB) + scale.width(256 * MIB - BOOTFB)).isCloseTo(700, within(0.01));
        assertThat(scale.width(32 * MIB)).isLessThan(400);
    }

    @Test
    void wholeAddressSpaceIsTheLargestSegment() {
        FitScale scale = new FitScale(10);
        assertThat(scale.width(0)).isCloseTo(520, within(0.01)).isGreaterThan(scale.width(-1L) - 0.01);
    }

    @Test
    void withoutSpaceEverySegmentHasTheMinimumWidth() {
        assertThat(FitScale.of(List.of(List.of(1L, GIB)), 10).width(GIB)).isEqualTo(FitScale.MIN_WIDTH);
    }

    @Property
    void stripFillsItsWidthAndSegmentsKeepTheMinimum(
            @ForAll @Size(min = 1, max = 9) List<Long> sizes,
            @ForAll @DoubleRange(min = 252, max = 4000) double width) {
        FitScale scale = FitScale.of(List.of(sizes), width);
        double sum = 0;
        for (long size : sizes) {
            assertThat(scale.width(size)).isGreaterThanOrEqualTo(FitScale.MIN_WIDTH);
            sum += scale.width(size);
        }
        assertThat(sum).isLessThanOrEqualTo(Math.max(width, sizes.size() * FitScale.MIN_WIDTH) + 0.01);
        if (width > sizes.size() * FitScale.MIN_WIDTH + 1) {
            assertThat(sum).isCloseTo(width, within(0.01));
        }
    }
}
