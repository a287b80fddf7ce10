package org.switchback.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class UeventMonitorTest {
    /** Observed on 6.1. */
    private static final String BIND_MESSAGE = "bind@/devices/pci0000:00/0000:00:01.0/0000:01:00.0\0ACTION=bind\0"
            + "DEVPATH=/devices/pci0000:00/0000:00:01.0/0000:01:00.0\0SUBSYSTEM=pci\0DRIVER=vfio-pci\0"
            + "PCI_CLASS=30000\0PCI_ID=1234:1111\0PCI_SLOT_NAME=0000:01:00.0\0SEQNUM=1432\0";

    @Test
    void pciBindMatchesSubsystem() {
        assertThat(UeventMonitor.isFromSubsystem(bytes(BIND_MESSAGE), Set.of("pci", "drm")))
                .isTrue();
    }

    @Test
    void networkEventDoesNotMatch() {
        assertThat(UeventMonitor.isFromSubsystem(
                        bytes("add@/devices/virtual/net/pci\0ACTION=add\0SUBSYSTEM=net\0"), Set.of("pci", "drm")))
                .isFalse();
    }

    @Test
    void malformedMessagesDoNotMatch() {
        assertThat(UeventMonitor.isFromSubsystem(new byte[0], Set.of("pci"))).isFalse();
        assertThat(UeventMonitor.isFromSubsystem(new byte[] {-1, 0, -2}, Set.of("pci")))
                .isFalse();
    }

    @Property
    void anyMessageIsParsed(@ForAll byte[] message) {
        assertThatCode(() -> UeventMonitor.isFromSubsystem(message, Set.of("pci")))
                .doesNotThrowAnyException();
    }

    @Test
    void eventsAreDebouncedAndStopAfterClose() throws Exception {
        Path loopback = Path.of("/sys/class/net/lo/uevent");
        assumeTrue(Files.isWritable(loopback), "only root can trigger uevents");
        BlockingQueue<String> events = new LinkedBlockingQueue<>();
        try (UeventMonitor monitor =
                UeventMonitor.start(Set.of("net"), () -> events.add("changed")).orElseThrow()) {
            Files.writeString(loopback, "change");
            Files.writeString(loopback, "change");
            assertThat(events.poll(10, TimeUnit.SECONDS)).isEqualTo("changed");
            assertThat(events.poll(500, TimeUnit.MILLISECONDS)).isNull();
        }
        Files.writeString(loopback, "change");
        assertThat(events.poll(500, TimeUnit.MILLISECONDS)).isNull();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
