package org.switchback.linux;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.PciAddress;
import org.switchback.kernel.Kernel;

class KernelLogTest {
    private static final PciAddress GPU = PciAddress.of("0000:01:00.0");
    private static final AddressRange BAR = new AddressRange(0xc0000000L, 0xcfffffffL);

    @Test
    void reservationFailuresAreParsedFromAllKernelLogs() {
        // The first message as logged by 5.10, 6.1 and 7.2; the last does not report a reservation failure.
        String log = """
                4,812,20123456,-;vfio-pci 0000:01:00.0: BAR 0: can't reserve [mem 0xc0000000-0xcfffffff 64bit pref]
                 SUBSYSTEM=pci
                 DEVICE=+pci:0000:01:00.0
                4,813,20123999,-;vfio-pci 0000:01:00.0: BAR 0: can't reserve [mem 0xc0000000-0xcfffffff 64bit pref]
                6,814,20124000,-;vfio-pci 0000:02:00.0: BAR 2 [mem 0x2800000000-0x2fffffffff 64bit pref]: \
                can't reserve [mem 0x2800000000-0x2fffffffff 64bit pref]
                6,815,20124001,-;vfio-pci 0000:02:00.0: enabling device (0002 -> 0003)
                """;
        assertThat(Kernel.ReservationFailure.parse(log))
                .containsExactly(
                        new Kernel.ReservationFailure(GPU, "BAR 0", BAR),
                        new Kernel.ReservationFailure(
                                PciAddress.of("0000:02:00.0"),
                                "BAR 2",
                                new AddressRange(0x2800000000L, 0x2fffffffffL)));
    }

    @Test
    void otherLogLinesAreIgnored() {
        assertThat(Kernel.ReservationFailure.parse("")).isEmpty();
        assertThat(Kernel.ReservationFailure.parse("6,1,2,-;x: BAR 0: can't reserve [mem size 0x1000]\n"))
                .isEmpty();
    }
}
