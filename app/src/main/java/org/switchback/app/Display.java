package org.switchback.app;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.switchback.app.words.Words;

/** Says whether a window can be opened, before JavaFX is asked, whose own answer is a stack trace. */
final class Display {
    /** What JavaFX's own library is linked with, each with its Debian package. */
    private static final SequencedMap<String, String> LIBRARIES = new LinkedHashMap<>();

    static {
        LIBRARIES.put("libgtk-3.so.0", "libgtk-3-0");
        LIBRARIES.put("libXtst.so.6", "libxtst6");
    }

    private Display() {}

    /** One sentence that says why no window can be opened, or null. */
    static @Nullable String problem(Words words) {
        if ("Headless".equals(System.getProperty("glass.platform"))) {
            return null;
        }
        @Nullable String display = System.getenv("DISPLAY");
        if (display == null || display.isEmpty()) {
            return System.getenv("WAYLAND_DISPLAY") == null
                    ? words.text("display.none")
                    : words.text("display.wayland");
        }
        String missing = LIBRARIES.entrySet().stream()
                .filter(library -> load(library.getKey()) == null)
                .map(Map.Entry::getValue)
                .collect(Collectors.joining(" "));
        if (!missing.isEmpty()) {
            return words.text("display.libraries", missing);
        }
        return opens() ? null : words.text("display.closed", display);
    }

    // Never unloaded again: GTK cannot be.
    private static @Nullable SymbolLookup load(String library) {
        try {
            return SymbolLookup.libraryLookup(library, Arena.global());
        } catch (IllegalArgumentException missing) {
            return null;
        }
    }

    private static boolean opens() {
        @Nullable SymbolLookup x11 = load("libX11.so.6");
        if (x11 == null) {
            return false;
        }
        Linker linker = Linker.nativeLinker();
        try {
            MemorySegment display = (MemorySegment) linker.downcallHandle(
                            x11.findOrThrow("XOpenDisplay"),
                            FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.ADDRESS))
                    .invokeExact(MemorySegment.NULL);
            if (display.address() == 0) {
                return false;
            }
            int ignored = (int) linker.downcallHandle(
                            x11.findOrThrow("XCloseDisplay"),
                            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS))
                    .invokeExact(display);
            return true;
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
