package org.switchback.gui;

import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;
import org.switchback.client.messages.Messages;

/** Says whether a window can be opened, before JavaFX is asked, whose own answer is a stack trace. */
final class DisplayCheck {
    /** What JavaFX's own library is linked with, each with its Debian package. */
    private static final SequencedMap<String, String> PACKAGES_BY_LIBRARY = new LinkedHashMap<>();

    /** Never unloaded again: GTK cannot be. */
    private static final List<NativeLibrary> LOADED_LIBRARIES = new ArrayList<>();

    static {
        PACKAGES_BY_LIBRARY.put("libgtk-3.so.0", "libgtk-3-0");
        PACKAGES_BY_LIBRARY.put("libXtst.so.6", "libxtst6");
    }

    private DisplayCheck() {}

    /** One sentence that says why no window can be opened, or null. */
    static @Nullable String findProblem(Messages words) {
        if ("Headless".equals(System.getProperty("glass.platform"))) {
            if (Boolean.getBoolean("switchback.training")) {
                // What it takes is part of every start but this one.
                canOpenDisplay();
            }
            return null;
        }
        @Nullable String display = System.getenv("DISPLAY");
        if (display == null || display.isEmpty()) {
            return System.getenv("WAYLAND_DISPLAY") == null
                    ? words.text("display.none")
                    : words.text("display.wayland");
        }
        List<String> missing = new ArrayList<>();
        for (Map.Entry<String, String> library : PACKAGES_BY_LIBRARY.entrySet()) {
            if (loadLibrary(library.getKey()) == null) {
                missing.add(library.getValue());
            }
        }
        if (!missing.isEmpty()) {
            return words.text("display.libraries", String.join(" ", missing));
        }
        return canOpenDisplay() ? null : words.text("display.closed", display);
    }

    private static @Nullable NativeLibrary loadLibrary(String library) {
        try {
            NativeLibrary loaded = NativeLibrary.getInstance(library);
            LOADED_LIBRARIES.add(loaded);
            return loaded;
        } catch (UnsatisfiedLinkError missing) {
            return null;
        }
    }

    private static boolean canOpenDisplay() {
        @Nullable NativeLibrary x11 = loadLibrary("libX11.so.6");
        if (x11 == null) {
            return false;
        }
        @Nullable Pointer display = x11.getFunction("XOpenDisplay").invokePointer(new Object[] {null});
        if (display == null) {
            return false;
        }
        x11.getFunction("XCloseDisplay").invokeInt(new Object[] {display});
        return true;
    }
}
