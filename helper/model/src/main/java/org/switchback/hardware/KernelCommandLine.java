package org.switchback.hardware;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The parameters of the kernel command line (Documentation/admin-guide/kernel-parameters.rst). In names, hyphens and
 * underscores are equal; double quotes protect spaces.
 *
 * @param parameters the parameters in order
 */
public record KernelCommandLine(List<KernelParameter> parameters) {
    /**
     * A parameter.
     *
     * @param text the parameter as written, without quotes: {@code intel_iommu=on,sm_on}
     * @param name part before the first equals sign, with hyphens as underscores: {@code vfio_pci.ids}
     * @param value part after it; empty without one
     */
    public record KernelParameter(String text, String name, String value) {
        /** The value as a comma-separated list, without empty items. */
        public List<String> items() {
            return Stream.of(value.split(",")).filter(item -> !item.isEmpty()).toList();
        }
    }

    public KernelCommandLine {
        parameters = List.copyOf(parameters);
    }

    /** Parses a command line; parameters after {@code --} are for init and left out. */
    public static KernelCommandLine parse(String commandLine) {
        List<KernelParameter> parameters = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        boolean isQuoted = false;
        for (char character : (commandLine + " ").toCharArray()) {
            if (character == '"') {
                isQuoted = !isQuoted;
            } else if (!isQuoted && Character.isWhitespace(character)) {
                if (word.toString().equals("--")) {
                    break;
                }
                if (!word.isEmpty()) {
                    parameters.add(parseParameter(word.toString()));
                    word.setLength(0);
                }
            } else {
                word.append(character);
            }
        }
        return new KernelCommandLine(parameters);
    }

    private static KernelParameter parseParameter(String text) {
        int equals = text.indexOf('=');
        String name = equals < 0 ? text : text.substring(0, equals);
        return new KernelParameter(text, name.replace('-', '_'), equals < 0 ? "" : text.substring(equals + 1));
    }

    /** All parameters with a name, in order; the name has underscores. */
    public List<KernelParameter> find(String name) {
        return parameters.stream()
                .filter(parameter -> parameter.name().equals(name))
                .toList();
    }

    /** Whether the value of one of the parameters with that name has the item in its comma-separated list. */
    public boolean hasItem(String name, String item) {
        return find(name).stream().anyMatch(parameter -> parameter.items().contains(item));
    }

    /**
     * The last of some items in the values of all parameters with that name; empty if there is none. The kernel reads
     * parameters and their items in order, and a later one wins.
     */
    public Optional<String> lastItem(String name, List<String> items) {
        return find(name).stream()
                .flatMap(parameter -> parameter.items().stream())
                .filter(items::contains)
                .reduce((earlier, later) -> later);
    }
}
