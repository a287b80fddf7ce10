package org.switchback;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.lang.module.Configuration;
import java.lang.module.ModuleFinder;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Tests which modules the root process consists of. */
class ModuleGraphTest {
    @Test
    void rootProcessHasOnlyTheModulesItNeeds() {
        Path[] path = Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> !entry.contains("test"))
                .map(Path::of)
                .toArray(Path[]::new);
        Configuration graph = ModuleLayer.boot()
                .configuration()
                .resolve(ModuleFinder.of(path), ModuleFinder.of(), List.of("org.switchback.daemon"));
        Set<String> modules =
                graph.modules().stream().map(module -> module.name()).collect(Collectors.toSet());

        assertThat(modules)
                .as("without the simulator, Gson and the front end")
                .containsExactlyInAnyOrder(
                        "org.switchback.daemon",
                        "org.switchback.model",
                        "org.switchback.protocol",
                        "org.freedesktop.dbus",
                        "com.sun.jna",
                        "org.slf4j");
    }
}
