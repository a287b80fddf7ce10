package org.switchback.kernel;

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

class UeventsTest {
    /** Seen on 6.1. */
    private static final String BOUND = "bind@/devices/pci0000:00/0000:00:01.0/0000:01:00.0\0ACTION=bind\0"
            + "DEVPATH=/devices/pci0000:00/0000:00:01.0/0000:01:00.0\0SUBSYSTEM=pci\0DRIVER=vfio-pci\0"
            + "PCI_CLASS=30000\0PCI_ID=1234:1111\0PCI_SLOT_NAME=0000:01:00.0\0SEQNUM=1432\0";

    @Test
    void aDriverThatIsBoundToAPciDeviceConcernsUs() {
        assertThat(Uevents.concerns(bytes(BOUND), Set.of("pci", "drm"))).isTrue();
    }

    @Test
    void aNetworkCardThatComesUpDoesNot() {
        assertThat(Uevents.concerns(
                        bytes("add@/devices/virtual/net/pci\0ACTION=add\0SUBSYSTEM=net\0"), Set.of("pci", "drm")))
                .isFalse();
    }

    @Test
    void noMessageConcernsNobody() {
        assertThat(Uevents.concerns(new byte[0], Set.of("pci"))).isFalse();
        assertThat(Uevents.concerns(new byte[] {-1, 0, -2}, Set.of("pci"))).isFalse();
    }

    @Property
    void noMessageBreaksTheReader(@ForAll byte[] message) {
        assertThatCode(() -> Uevents.concerns(message, Set.of("pci"))).doesNotThrowAnyException();
    }

    @Test
    void theKernelsOwnEventsAreHeardOnceForWhatHappensTogetherAndNotAfterTheEnd() throws Exception {
        Path loopback = Path.of("/sys/class/net/lo/uevent");
        assumeTrue(Files.isWritable(loopback), "only root can have the kernel say something");
        BlockingQueue<String> heard = new LinkedBlockingQueue<>();
        try (Uevents uevents =
                Uevents.watch(Set.of("net"), () -> heard.add("changed")).orElseThrow()) {
            Files.writeString(loopback, "change");
            Files.writeString(loopback, "change");
            assertThat(heard.poll(10, TimeUnit.SECONDS)).isEqualTo("changed");
            assertThat(heard.poll(500, TimeUnit.MILLISECONDS)).isNull();
        }
        Files.writeString(loopback, "change");
        assertThat(heard.poll(500, TimeUnit.MILLISECONDS)).isNull();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
