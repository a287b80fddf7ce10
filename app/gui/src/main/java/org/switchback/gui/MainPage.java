package org.switchback.gui;

import org.kordamp.ikonli.Ikon;
import org.kordamp.ikonli.material2.Material2OutlinedAL;
import org.kordamp.ikonli.material2.Material2OutlinedMZ;
import org.switchback.hardware.KebabCase;

/** A page of the main window, in the order of its buttons. */
enum MainPage {
    GPUS(Material2OutlinedAL.DEVELOPER_BOARD),
    MEMORY_MAP(Material2OutlinedMZ.MEMORY),
    READINESS(Material2OutlinedAL.FACT_CHECK),
    ACTIVITY(Material2OutlinedAL.HISTORY);

    private final Ikon icon;

    MainPage(Ikon icon) {
        this.icon = icon;
    }

    Ikon icon() {
        return icon;
    }

    /** For node IDs and message keys: {@code memory-map}. */
    String id() {
        return KebabCase.of(this);
    }

    /** Message key of the title. */
    String titleKey() {
        return "window.page." + id();
    }
}
