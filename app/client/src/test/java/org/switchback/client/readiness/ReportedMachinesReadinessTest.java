package org.switchback.client.readiness;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.switchback.client.HelperException;
import org.switchback.client.MachineSource;
import org.switchback.client.ScriptedHelper;
import org.switchback.client.gpus.GpuState;
import org.switchback.client.messages.Messages;
import org.switchback.client.readiness.CheckResult.CheckStatus;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.SnapshotParser;
import org.switchback.plan.Target;

/** Readiness and state on machines of public reports, and on variants of them. */
class ReportedMachinesReadinessTest {
    private static final Path CASES = Path.of("../../helper/model/src/test/resources/cases");

    private final Messages messages = Messages.forLocale(Locale.ENGLISH);

    @ParameterizedTest
    @CsvSource({
        "rtx5070ti-off-the-bus,  01:00.0, RESPONSE, 'does not answer any more'",
        "egpu-no-bars,           2d:00.0, MEMORY,   'reserved for the port 00:07.0'",
        "cachyos-7.2-after-oops, 03:00.0, KERNEL,   'had an oops'",
        "proliant-rmrr,          07:00.0, DIRECT_MAPPINGS, 'conrep switches this off for a slot'",
    })
    void oneCheckBlocksAndSaysWhatToDo(String name, String gpu, ReadinessCheck check, String text) throws Exception {
        Readiness readiness = readiness(load(name), gpu);
        assertThat(readiness.results().stream().filter(result -> result.status() == CheckStatus.BLOCKED))
                .extracting(CheckResult::check)
                .containsExactly(check);
        assertThat(description(readiness, check)).contains(text);
    }

    @ParameterizedTest
    @CsvSource({
        "rtx5070ti-off-the-bus,  01:00.0, 'It does not answer any more. The computer must be switched off.'",
        "egpu-no-bars,           2d:00.0, 'The kernel has found no address for its memory.'",
        "cachyos-7.2-after-oops, 03:00.0, 'It is in VM mode. Restart before a virtual machine uses it: the kernel has"
                + " had an oops.'",
    })
    void statusNeverPromisesTheNextVirtualMachine(String name, String gpu, String text) throws Exception {
        assertThat(state(load(name), gpu)).isEqualTo(text);
    }

    @Test
    void gpuOfAnotherSlotIsUnaffected() throws Exception {
        Readiness readiness = readiness(load("rtx5070ti-off-the-bus"), "0d:00.0");
        assertThat(resultOf(readiness, ReadinessCheck.RESPONSE).status()).isEqualTo(CheckStatus.READY);
    }

    static MachineSnapshot load(String name) throws Exception {
        return MachineSnapshot.parse(Files.readString(CASES.resolve(name + ".capture")));
    }

    static MachineSnapshot with(MachineSnapshot snapshot, String path, String text) {
        return snapshot.withChanges(Map.of(path, Optional.of(new MachineSnapshot.TextEntry(text))));
    }

    static String fileOf(String function, String name) {
        return SnapshotParser.PCI_DEVICES + "0000:" + function + "/" + name;
    }

    static Readiness readiness(MachineSnapshot snapshot, String gpu) throws HelperException {
        Machine machine = SnapshotParser.parse(snapshot);
        PciAddress address = PciAddress.of(gpu);
        MachineSource source = new MachineSource.ThisMachine();
        return Readiness.of(
                machine,
                machine.gpu(address).orElseThrow(),
                source,
                new ScriptedHelper(source, snapshot)
                        .plan(address, Target.VM, List.of(), false)
                        .refusals());
    }

    private String state(MachineSnapshot snapshot, String address) throws HelperException {
        Machine machine = SnapshotParser.parse(snapshot);
        Gpu gpu = machine.gpu(PciAddress.of(address)).orElseThrow();
        MachineSource source = new MachineSource.ThisMachine();
        return GpuState.of(
                        gpu,
                        source,
                        new ScriptedHelper(source, snapshot)
                                .plan(gpu.address(), Target.VM, List.of(), false)
                                .refusals(),
                        Optional.empty())
                .describe(gpu, machine, Optional.empty(), messages);
    }

    private static CheckResult resultOf(Readiness readiness, ReadinessCheck check) {
        return readiness.results().get(check.ordinal());
    }

    private String description(Readiness readiness, ReadinessCheck check) {
        return new ReadinessFormatter(messages, readiness).description(resultOf(readiness, check));
    }

    private String advice(Readiness readiness, ReadinessCheck check) {
        return new ReadinessFormatter(messages, readiness)
                .advice(resultOf(readiness, check))
                .orElse("");
    }
}
