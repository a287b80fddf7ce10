package org.switchback.client.samples;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.switchback.hardware.MachineSnapshot;

/** The sample machines of the app. The {@code README.md} in their directory says which data is real. */
public final class SampleMachines {
    /** The sample on which planning and switching to VM mode and back all succeed. */
    public static final String DEFAULT = "x99-gtx1080-efifb";

    private static final List<String> NAMES =
            List.of(DEFAULT, "x99-gtx1080", "strix-halo-32g", "laptop-one-gpu", "iommu-off");

    private SampleMachines() {}

    /** Names of all samples, the default first. */
    public static List<String> names() {
        return NAMES;
    }

    /** @return the snapshot of a sample; empty when no sample has that name */
    public static Optional<MachineSnapshot> load(String name) {
        if (!NAMES.contains(name)) {
            return Optional.empty();
        }
        try (InputStream file = SampleMachines.class.getResourceAsStream(name + ".capture")) {
            if (file == null) {
                throw new IllegalStateException("sample " + name + " is not in the package");
            }
            return Optional.of(MachineSnapshot.parse(new String(file.readAllBytes(), StandardCharsets.UTF_8)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (MachineSnapshot.MalformedSnapshotException e) {
            throw new IllegalStateException("sample " + name, e);
        }
    }
}
