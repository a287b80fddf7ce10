package org.switchback.transaction;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.PciAddress;
import org.switchback.plan.ReleaseStage;
import org.switchback.plan.Setting;
import org.switchback.plan.Step;

class StepCodecTest {
    private static final PciAddress GPU = PciAddress.of("01:00.0");
    private static final PciAddress SOUND = PciAddress.of("01:00.1");
    private static final AddressRange RANGE = new AddressRange(0x40_0000_0000L, 0x40_002f_ffffL);

    static Stream<Setting> settings() {
        return Stream.of(
                new Setting.Driver(GPU),
                new Setting.DriverOverride(GPU),
                new Setting.PowerControl(SOUND),
                new Setting.FramebufferDriver("efi-framebuffer.0"),
                new Setting.FramebufferRegion(GPU, RANGE),
                new Setting.KernelModule("switchback_bootfb"));
    }

    /** Every kind of step that is stored as it is, with every setting, undo policy and check. */
    static Stream<Step> steps() {
        Stream<Step> checks = Arrays.stream(Step.CheckKind.values())
                .flatMap(kind -> Stream.of(List.<PciAddress>of(), List.of(GPU), List.of(GPU, SOUND))
                        .map(functions -> new Step.RunCheck(kind, functions)));
        Stream<Step> changes = settings().flatMap(setting -> Arrays.stream(Step.UndoPolicy.values())
                .flatMap(policy -> Stream.of(
                        new Step.ChangeSetting(setting, "", "with\ta tab", policy),
                        new Step.ChangeSetting(setting, "nvidia", "", policy))));
        Stream<Step> others = Stream.of(
                new Step.FramebufferEviction(GPU, 3, "BOOTFB", RANGE),
                new Step.FramebufferEviction(GPU, 0, "", new AddressRange(-2, -1)),
                new Step.ProbeAny(GPU),
                new Step.LoadDriver(GPU),
                new Step.UnbindAny(SOUND));
        return Stream.of(checks, changes, others).flatMap(stream -> stream);
    }

    @ParameterizedTest
    @MethodSource("steps")
    void encodedStepIsDecodedToAnEqualStep(Step step) {
        assertThat(StepCodec.decode(StepCodec.encode(step))).contains(step);
        assertThat(StepCodec.decode(TabSeparatedFields.split(TabSeparatedFields.join(StepCodec.encode(step)))))
                .contains(step);
    }

    @ParameterizedTest
    @MethodSource("steps")
    void fallbackStepIsDecodedToTheStepInIt(Step step) {
        ReleaseStage.BarRegion region = new ReleaseStage.BarRegion(GPU, 3, "BOOTFB", RANGE);
        for (ReleaseStage.ReleaseMethod method : ReleaseStage.ReleaseMethod.values()) {
            ReleaseStage stage = new ReleaseStage(
                    method, ReleaseStage.ReleaseReason.NO_DRIVER, region, ReleaseStage.StepRole.RELEASE);
            assertThat(StepCodec.decode(StepCodec.encode(new Step.FallbackStep(stage, step))))
                    .contains(step);
        }
    }

    @Test
    void testedStepsCoverEveryKindOfStepAndSetting() {
        assertThat(steps().map(Object::getClass).distinct())
                .as("all but FallbackStep, which has its own test")
                .hasSize(Step.class.getPermittedSubclasses().length - 1);
        assertThat(settings().map(Object::getClass).distinct()).hasSameSizeAs(Setting.class.getPermittedSubclasses());
    }

    /** A failure means that the journal format has changed: the journal of a running switch becomes unreadable. */
    @Test
    void journalFormatIsFixed() {
        assertThat(StepCodec.encode(new Step.RunCheck(Step.CheckKind.UNUSED, List.of(GPU, SOUND))))
                .containsExactly("run-check", "UNUSED", "0000:01:00.0,0000:01:00.1", "", "", "");
        assertThat(StepCodec.encode(new Step.FramebufferEviction(GPU, 3, "BOOTFB", RANGE)))
                .containsExactly("framebuffer-eviction", "3", "0000:01:00.0", "BOOTFB", "4000000000", "40002fffff");
        assertThat(StepCodec.encode(new Step.ProbeAny(GPU)))
                .containsExactly("probe-any", "", "0000:01:00.0", "", "", "");
        assertThat(StepCodec.encode(new Step.LoadDriver(GPU)))
                .containsExactly("load-driver", "", "0000:01:00.0", "", "", "");
        assertThat(StepCodec.encode(new Step.UnbindAny(GPU)))
                .containsExactly("unbind-any", "", "0000:01:00.0", "", "", "");
        assertThat(settings()
                        .map(setting ->
                                StepCodec.encode(new Step.ChangeSetting(setting, "a", "b", Step.UndoPolicy.KEPT))))
                .containsExactly(
                        List.of("change-setting", "driver", "0000:01:00.0", "a", "b", "KEPT"),
                        List.of("change-setting", "driver-override", "0000:01:00.0", "a", "b", "KEPT"),
                        List.of("change-setting", "power-control", "0000:01:00.1", "a", "b", "KEPT"),
                        List.of("change-setting", "framebuffer-driver", "efi-framebuffer.0", "a", "b", "KEPT"),
                        List.of(
                                "change-setting",
                                "framebuffer-region",
                                "0000:01:00.0 4000000000-40002fffff",
                                "a",
                                "b",
                                "KEPT"),
                        List.of("change-setting", "kernel-module", "switchback_bootfb", "a", "b", "KEPT"));
    }

    @ParameterizedTest
    @MethodSource("steps")
    void changedFieldIsNeverAnException(Step step) {
        List<String> fields = StepCodec.encode(step);
        for (int i = 0; i < fields.size(); i++) {
            List<String> changed = new ArrayList<>(fields);
            for (String value : List.of("", "?", "-1", "0000:01:00.0 9-1", "0000:01:00.0 x-y", "99999999999999999")) {
                changed.set(i, value);
                StepCodec.decode(changed);
            }
            assertThat(StepCodec.decode(fields.subList(0, i))).isEmpty();
        }
        assertThat(StepCodec.decode(Collections.nCopies(fields.size() + 1, ""))).isEmpty();
    }

    @Test
    void unknownKindsAreNoSteps() {
        for (String kind : List.of("", "change", "summon", "ChangeSetting", "RUN_CHECK")) {
            assertThat(StepCodec.decode(List.of(kind, "", "0000:01:00.0", "", "", "")))
                    .as(kind)
                    .isEmpty();
        }
        for (String kind : List.of("", "override", "module", "firmwareregion", "driveroverride", "DRIVER")) {
            assertThat(StepCodec.decode(List.of("change-setting", kind, "0000:01:00.0", "a", "b", "KEPT")))
                    .as(kind)
                    .isEmpty();
        }
    }
}
