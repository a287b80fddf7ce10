package org.switchback.app;

import org.kordamp.ikonli.Ikon;
import org.kordamp.ikonli.material2.Material2OutlinedAL;
import org.kordamp.ikonli.material2.Material2OutlinedMZ;
import org.switchback.hardware.Spelling;

/** A page of the main window, in the order of its buttons. */
enum Page {
    GPUS(Material2OutlinedAL.DEVELOPER_BOARD),
    MEMORY_MAP(Material2OutlinedMZ.MEMORY),
    READINESS(Material2OutlinedAL.FACT_CHECK),
    ACTIVITY(Material2OutlinedAL.HISTORY);

    private final Ikon sign;

    Page(Ikon sign) {
        this.sign = sign;
    }

    Ikon sign() {
        return sign;
    }

    /** As part of the name of a node: {@code memory-map}. */
    String id() {
        return Spelling.of(this);
    }

    /** Of its name for people, in the bundle. */
    String key() {
        return "window.page." + id();
    }
}
