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

/** Checks whether a window can be opened. JavaFX itself would only print a stack trace. */
final class DisplayCheck {
    /** The libraries that JavaFX's native library is linked with, each with its Debian package. */
    private static final SequencedMap<String, String> PACKAGES_BY_LIBRARY = new LinkedHashMap<>();

    /** Referenced for good: GTK must not be unloaded. */
    private static final List<NativeLibrary> LOADED_LIBRARIES = new ArrayList<>();

    static {
        PACKAGES_BY_LIBRARY.put("libgtk-3.so.0", "libgtk-3-0");
        PACKAGES_BY_LIBRARY.put("libXtst.so.6", "libxtst6");
    }

    private DisplayCheck() {}

    /** Why no window can be opened, one sentence; null if one can. */
    static @Nullable String findProblem(Messages messages) {
        if ("Headless".equals(System.getProperty("glass.platform"))) {
            if (Boolean.getBoolean("switchback.training")) {
                // Loads the classes that every start on a display needs.
                canOpenDisplay();
            }
            return null;
        }
        @Nullable String display = System.getenv("DISPLAY");
        if (display == null || display.isEmpty()) {
            return System.getenv("WAYLAND_DISPLAY") == null
                    ? messages.text("display.none")
                    : messages.text("display.wayland");
        }
        List<String> missingPackages = new ArrayList<>();
        for (Map.Entry<String, String> library : PACKAGES_BY_LIBRARY.entrySet()) {
            if (loadLibrary(library.getKey()) == null) {
                missingPackages.add(library.getValue());
            }
        }
        if (!missingPackages.isEmpty()) {
            return messages.text("display.libraries", String.join(" ", missingPackages));
        }
        return canOpenDisplay() ? null : messages.text("display.closed", display);
    }

    private static @Nullable NativeLibrary loadLibrary(String library) {
        try {
            NativeLibrary nativeLibrary = NativeLibrary.getInstance(library);
            LOADED_LIBRARIES.add(nativeLibrary);
            return nativeLibrary;
        } catch (UnsatisfiedLinkError ignored) {
            // The library is not installed.
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
