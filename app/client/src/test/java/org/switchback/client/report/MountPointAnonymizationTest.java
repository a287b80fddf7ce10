package org.switchback.client.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.UsbNodes;

/** Mount points of removable disks contain the name of the user. */
class MountPointAnonymizationTest {
    private static String anonymize(String mountInfo) {
        MachineSnapshot snapshot = MachineSnapshot.EMPTY.withChanges(
                Map.of(UsbNodes.MOUNTS, Optional.of(new MachineSnapshot.TextEntry(mountInfo))));
        return Anonymizer.anonymize(snapshot).text(UsbNodes.MOUNTS).orElseThrow();
    }

    @ParameterizedTest
    @CsvSource({
        "/run/media/berta/STICK, /run/media/<user>/STICK",
        "/media/berta/STICK, /media/<user>/STICK",
        "/home/berta/disk, /home/<user>/disk",
    })
    void userIsRemoved(String mountPoint, String expected) {
        assertThat(anonymize("36 25 8:17 / " + mountPoint + " rw shared:1 - ext4 /dev/sdb1 rw"))
                .isEqualTo("36 25 8:17 / " + expected + " rw shared:1 - ext4 /dev/sdb1 rw");
    }

    @Test
    void otherMountPointsStay() {
        String line = "36 25 8:17 / /mnt/backup rw shared:1 - ext4 /dev/sdb1 rw";
        assertThat(anonymize(line)).isEqualTo(line);
    }
}
