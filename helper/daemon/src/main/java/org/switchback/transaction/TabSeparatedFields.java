package org.switchback.transaction;

import java.util.ArrayList;
import java.util.List;

/** Joins texts to one line, separated by tabs, and splits them again. Tabs and line feeds in them are escaped. */
final class TabSeparatedFields {
    private TabSeparatedFields() {}

    static String join(List<String> fields) {
        StringBuilder line = new StringBuilder();
        for (String field : fields) {
            line.append(line.isEmpty() ? "" : "\t")
                    .append(field.replace("%", "%25").replace("\t", "%09").replace("\n", "%0A"));
        }
        return line.toString();
    }

    static List<String> split(String line) {
        List<String> fields = new ArrayList<>();
        for (String field : line.split("\t", -1)) {
            fields.add(field.replace("%09", "\t").replace("%0A", "\n").replace("%25", "%"));
        }
        return fields;
    }
}
