package org.switchback.hardware;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The physical address space as listed by /proc/iomem, as a tree.
 *
 * <p>Three kinds of text are parsed: the listing as root sees it; the listing as other users see it, in which the
 * kernel prints every address as zero; and listings pasted into bug reports, with lost line breaks and indentation and
 * omitted parts. Nesting is derived from containment, because the kernel stops indenting at level 5; for equal ranges
 * it follows the order of the lines. Indentation is used only if the addresses are hidden.
 *
 * @param roots outermost regions, in the order of the listing
 * @param addressesHidden whether every address was printed as zero
 * @param omissionCount number of marks for omitted parts ({@code <snip>})
 * @param regionCount number of regions in the whole tree
 * @param unreadableLineCount number of lines that are neither a region nor an omission mark
 */
public record MemoryMap(
        List<Region> roots, boolean addressesHidden, int omissionCount, int regionCount, int unreadableLineCount) {
    /** A map without regions, for a machine whose listing could not be read. */
    public static final MemoryMap EMPTY = new MemoryMap(List.of(), false, 0, 0, 0);

    /** Deeper nesting is flattened to this level; real maps reach level 8. */
    static final int MAX_DEPTH = 64;

    /** A region. The prefix that grep prints before context lines also ends with a hyphen. */
    private static final Pattern REGION_LINE =
            Pattern.compile("(?<![0-9a-fA-F])(?:(?<![0-9a-fA-F]-)|(?<=(?:(?m:^)|[\\s>])[0-9]{1,6}-))"
                    + "([0-9a-fA-F]{1,16})-([0-9a-fA-F]{1,16}) : ");
    /** Tags left over from a web page. */
    private static final Pattern HTML_TAG =
            Pattern.compile("(?i)<(?<name>/?(?:a|b|blockquote|br|code|div|p|pre|span|tt))(?:[\\s/][^<>]{0,200})?>");
    /** Marks that authors write in place of omitted parts. */
    private static final Pattern OMISSION = Pattern.compile("(?i)"
            // In brackets: the word, first or last, or dots.
            + "[<\\[({*]\\s*(?:\\.{2,}|…)?\\s*(?:snip|cut|omit|remov|delet|skip|truncat|redact|trimm|more\\b)"
            + "[^<>\\[\\](){}*\\n]{0,40}[>\\])}*]"
            + "|[<\\[({][^<>\\[\\](){}*\\n]{0,40}\\b"
            + "(?:snipped|cut|omitted|removed|deleted|skipped|truncated|redacted|trimmed|more)\\s*[>\\])}]"
            + "|[<\\[({]\\s*(?:\\.{2,}|…)[^<>\\[\\](){}*\\n]{0,40}[>\\])}]"
            // Scissors.
            + "|(?<!-)-++\\s*+(?:snip|cut)(?:\\s+here)?\\s*-+|(?:(?<!-)-++\\s*+)?(?:8<|>8)(?:\\s*+-)++"
            // Dots, also around words.
            + "|(?:\\.{2,}|…)\\s*snip\\s*(?:\\.{2,}|…)|(?<=^|\\s)(?:\\.{3,}|…)[^.…\\n]{1,40}(?:\\.{3,}|…)(?=\\s|$)"
            + "|(?<=^|\\s)(?:\\.{3,}|…|\\.(?:\\s\\.){2,}|snip)(?=\\s|$)");
    /** Separators between a name and a remark of the author: wide space or an arrow. */
    private static final Pattern REMARK = Pattern.compile("\\t| {3}|\\s<+[-=]");
    /** Closing half of decorations around a line: quotation marks, Markdown, tables, lists and code comments. */
    private static final String DECORATION_CHARACTERS = "\"'`|\u2502$,*";
    /** Ranges with at most this many digits are I/O ports: memory addresses have at least eight. */
    private static final int MAX_PORT_DIGITS = 4;
    /** Spaces, hyphens and line breaks as changed by web pages, word processors and programs. */
    private static final Pattern UNICODE_SPACE = Pattern.compile("[\\u00a0\\u2007\\u202f\\u3000]");

    private static final Pattern UNICODE_DASH =
            Pattern.compile("(?<=[0-9a-fA-F])[\\u2010-\\u2013\\u2212](?=[0-9a-fA-F])");
    private static final Pattern ESCAPED_LINE_BREAK = Pattern.compile("(?:\\\\r)?\\\\n\"?");

    public MemoryMap {
        roots = List.copyOf(roots);
    }

    /**
     * Parses any text. Lines that are not regions are counted and never cause an exception. A text without regions
     * gives an empty map.
     */
    public static MemoryMap parse(String input) {
        String text = normalize(input);
        MemoryMapBuilder builder = new MemoryMapBuilder();
        int start = 0;
        while (start <= text.length()) {
            int end = text.indexOf('\n', start);
            if (end < 0) {
                end = text.length();
            }
            builder.parseLine(text, start, end);
            start = end + 1;
        }
        return builder.build();
    }

    /** Undoes changes made by web pages, word processors and programs. */
    private static String normalize(String input) {
        for (int i = 0; i < input.length(); i++) {
            char c = input.charAt(i);
            if (c >= 0x80 || c == '<' || c == '&' || c == '\\') {
                String text = UNICODE_SPACE.matcher(stripHtml(input)).replaceAll(" ");
                return ESCAPED_LINE_BREAK
                        .matcher(UNICODE_DASH.matcher(text).replaceAll("-"))
                        .replaceAll("\n");
            }
        }
        // The kernel's own listing contains none of these characters.
        return input;
    }

    private static String stripHtml(String text) {
        return HTML_TAG.matcher(text)
                .replaceAll(tag -> tag.group("name").equalsIgnoreCase("br") ? "\n" : "")
                .replace("&nbsp;", " ")
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&amp;", "&");
    }

    /**
     * Returns a map with additional regions, nested by address.
     *
     * @param added regions that the map does not contain; their children are ignored
     */
    public static MemoryMap union(MemoryMap map, List<Region> added) {
        List<Region> all = new ArrayList<>(map.find(region -> true));
        all.addAll(added);
        all.sort(Region.BY_ADDRESS);
        MemoryMapBuilder builder = new MemoryMapBuilder();
        all.forEach(builder::add);
        return builder.build();
    }

    public boolean isEmpty() {
        return roots.isEmpty();
    }

    /** Returns all regions that match, in the order of the listing. */
    public List<Region> find(Predicate<Region> filter) {
        List<Region> found = new ArrayList<>();
        collect(roots, filter, found);
        return found;
    }

    private static void collect(List<Region> level, Predicate<Region> filter, List<Region> found) {
        for (Region region : level) {
            if (filter.test(region)) {
                found.add(region);
            }
            collect(region.children(), filter, found);
        }
    }

    /** Formats the map like the kernel, two spaces per level, but also indents beyond level 5. */
    public String toText() {
        StringBuilder text = new StringBuilder();
        appendRegions(roots, 0, text);
        return text.toString();
    }

    private static void appendRegions(List<Region> level, int depth, StringBuilder text) {
        for (Region region : level) {
            text.repeat("  ", depth).append(region.toLine()).append('\n');
            appendRegions(region.children(), depth + 1, text);
        }
    }

    /** Collects the regions in the order of the text, flat, until {@link #build} creates the tree. */
    private static final class MemoryMapBuilder {
        private long[] firstAddresses = new long[256];
        private long[] lastAddresses = new long[256];
        private int[] indents = new int[256];
        private String[] names = new String[256];
        private int size;
        private int omissionCount;
        private int unreadableLineCount;
        private int pendingSeparators;
        /** Omission marks since the last line of other text. */
        private int pendingOmissions;
        /** Whether no other text has come since the last region. */
        private boolean inListing;
        /** Indices of the regions that follow other text. */
        private final BitSet followsOtherText = new BitSet();

        private boolean hasAddresses;
        /** Regions of the listing being nested, up to {@link #seenEnd}; filled only when addresses decrease. */
        private Set<ParsedRegion> seenRegions = new HashSet<>();
        /** Index after the last region in {@link #seenRegions}. */
        private int seenEnd;

        private record ParsedRegion(long first, long last, String name) {}

        void parseLine(String text, int start, int end) {
            int from = start;
            while (from < end && (text.charAt(from) == ' ' || text.charAt(from) == '>' || text.charAt(from) == '\t')) {
                from++;
            }
            if (from == end || (from == end - 1 && text.charAt(from) == '\r')) {
                return;
            }
            if (!parsePlainLine(text, start, from, end)) {
                parseDecoratedLine(text, start, from, end);
            }
        }

        /**
         * Parses a line exactly as printed by the kernel, without decoration. Live listings contain only such lines.
         */
        private boolean parsePlainLine(String text, int start, int from, int end) {
            int dash = skipHexDigits(text, from, end);
            if (dash == from || dash == end || text.charAt(dash) != '-') {
                return false;
            }
            if (isDecoration(text.charAt(end - 1))) {
                return false;
            }
            int colon = skipHexDigits(text, dash + 1, end);
            if (colon == dash + 1
                    || colon - dash > 17
                    || dash - from > 16
                    || !text.startsWith(" : ", colon)
                    || isPortRange(dash - from, colon - dash - 1)) {
                return false;
            }
            for (int i = colon + 3; i < end; i++) {
                char c = text.charAt(i);
                if (c == '<'
                        || c == '['
                        || c == '('
                        || c == '{'
                        || c == '*'
                        || c == '…'
                        || c == '\r'
                        || c == '\t'
                        || (c == ' ' && (text.startsWith(" : ", i) || text.startsWith("   ", i)))) {
                    return false;
                }
                if ((c == '.' && text.startsWith("...", i))
                        || (c == 'n' && text.startsWith("nip", i))
                        || (c == '-' && text.startsWith("--", i))) {
                    return false;
                }
            }
            if (colon + 3 > end
                    || !add(
                            Long.parseUnsignedLong(text, from, dash, 16),
                            Long.parseUnsignedLong(text, dash + 1, colon, 16),
                            from - start)) {
                return false;
            }
            names[size - 1] = text.substring(colon + 3, end).strip();
            return true;
        }

        private static boolean isDecoration(char c) {
            return c == '/' || DECORATION_CHARACTERS.indexOf(c) >= 0;
        }

        private static boolean isPortRange(int firstDigits, int lastDigits) {
            return firstDigits <= MAX_PORT_DIGITS && lastDigits <= MAX_PORT_DIGITS;
        }

        private static int skipHexDigits(String text, int from, int end) {
            int position = from;
            while (position < end && Character.digit(text.charAt(position), 16) >= 0 && text.charAt(position) < 'g') {
                position++;
            }
            return position;
        }

        private void parseDecoratedLine(String text, int start, int begin, int end) {
            int from = begin;
            Matcher matcher = REGION_LINE.matcher(text).region(from, end).useTransparentBounds(true);
            int nameStart = -1;
            int depth = -1;
            boolean hasIoPorts = false;
            while (matcher.find()) {
                if (isPortRange(matcher.group(1).length(), matcher.group(2).length())) {
                    if (nameStart >= 0) {
                        setLastName(text.substring(nameStart, matcher.start()));
                        nameStart = -1;
                    }
                    from = matcher.end();
                    hasIoPorts = true;
                    continue;
                }
                if (nameStart >= 0) {
                    setLastName(text.substring(nameStart, matcher.start()));
                } else {
                    // Only omission marks count: this text may also be a quotation mark, a log timestamp or a line
                    // number.
                    omissionCount += countOmissions(text.substring(from, matcher.start()));
                }
                if (depth < 0) {
                    depth = measureIndent(text, start, matcher.start());
                }
                nameStart = matcher.end();
                if (!add(
                        Long.parseUnsignedLong(matcher.group(1), 16),
                        Long.parseUnsignedLong(matcher.group(2), 16),
                        depth)) {
                    unreadableLineCount++;
                    nameStart = -1;
                    from = matcher.end();
                }
            }
            if (nameStart >= 0) {
                setLastName(text.substring(nameStart, end));
            } else if (!hasIoPorts) {
                parseOtherText(text.substring(from, end));
            } else if (depth < 0) {
                countUnreadableLine();
            }
        }

        /**
         * Returns the indentation of a region in characters. A line number before it does not count, because its width
         * varies.
         */
        private static int measureIndent(String text, int start, int regionStart) {
            int indentStart = regionStart;
            while (indentStart > start && Character.isWhitespace(text.charAt(indentStart - 1))) {
                indentStart--;
            }
            boolean numbered = text.substring(start, indentStart).chars().anyMatch(Character::isDigit);
            return regionStart - (numbered ? indentStart : start);
        }

        private void parseOtherText(String text) {
            if (text.strip().equals("--")) {
                pendingSeparators++;
                return;
            }
            int marks = countOmissions(text);
            if (marks > 0) {
                // A mark belongs to the listing only if it is next to one of its lines.
                if (inListing) {
                    omissionCount += marks;
                } else {
                    pendingOmissions += marks;
                }
            } else if (!text.isBlank()) {
                countUnreadableLine();
            }
        }

        private void countUnreadableLine() {
            unreadableLineCount += 1 + pendingSeparators;
            pendingSeparators = 0;
            inListing = false;
            pendingOmissions = 0;
        }

        private static int countOmissions(String text) {
            return (int) OMISSION.matcher(text).results().count();
        }

        private boolean add(long first, long last, int indent) {
            if (Long.compareUnsigned(first, last) > 0) {
                return false;
            }
            if (size == firstAddresses.length) {
                firstAddresses = Arrays.copyOf(firstAddresses, size * 2);
                lastAddresses = Arrays.copyOf(lastAddresses, size * 2);
                indents = Arrays.copyOf(indents, size * 2);
                names = Arrays.copyOf(names, size * 2);
            }
            // A separator of grep between non-adjacent lines: only a following region distinguishes it from a mail
            // signature.
            omissionCount += pendingSeparators + pendingOmissions;
            pendingSeparators = 0;
            pendingOmissions = 0;
            followsOtherText.set(size, !inListing);
            inListing = true;
            firstAddresses[size] = first;
            lastAddresses[size] = last;
            indents[size] = indent;
            hasAddresses |= last != 0;
            size++;
            return true;
        }

        void add(Region region) {
            add(region.range().first(), region.range().last(), 0);
            names[size - 1] = region.name();
        }

        private void setLastName(String text) {
            omissionCount += countOmissions(text);
            Matcher mark = OMISSION.matcher(text);
            names[size - 1] = stripDecoration(mark.find() ? text.substring(0, mark.start()) : text);
        }

        /** Removes remarks and decoration after a name. */
        private static String stripDecoration(String text) {
            String stripped = text.strip();
            Matcher remark = REMARK.matcher(stripped);
            int end = remark.find() ? remark.start() : stripped.length();
            while (end > 0) {
                char c = stripped.charAt(end - 1);
                if (stripped.startsWith("*/", end - 2)) {
                    end -= 2;
                } else if (c == ' ' || DECORATION_CHARACTERS.indexOf(c) >= 0) {
                    end--;
                } else {
                    break;
                }
            }
            return stripped.substring(0, end);
        }

        MemoryMap build() {
            int[] parent = new int[size];
            int[] path = new int[MAX_DEPTH];
            int depth = 0;
            int listingStart = 0;
            int previous = -1;
            for (int i = 0; i < size; i++) {
                if (hasAddresses && lastAddresses[i] == 0) {
                    // A hidden address among known ones: its parent is unknown.
                    parent[i] = -1;
                    continue;
                }
                if (previous < 0 || startsNewListing(listingStart, previous, i)) {
                    listingStart = i;
                    depth = 0;
                    seenRegions = new HashSet<>();
                    seenEnd = i;
                }
                previous = i;
                while (depth > 0 && !isInside(i, path[depth - 1])) {
                    depth--;
                }
                parent[i] = depth == 0 ? -1 : path[depth - 1];
                if (depth < MAX_DEPTH) {
                    path[depth++] = i;
                }
            }
            return new MemoryMap(
                    buildTree(parent),
                    size > 0 && !hasAddresses,
                    omissionCount,
                    size,
                    unreadableLineCount + pendingSeparators);
        }

        /**
         * Whether a new listing starts at a region. It does if the addresses decrease, and the region was already in
         * the current listing or follows other text without being indented; it also does if the first region is
         * repeated after other text.
         *
         * @param listingStart index of the first region of the current listing
         * @param previous index of the region before
         */
        private boolean startsNewListing(int listingStart, int previous, int region) {
            if (!hasAddresses) {
                return false;
            }
            boolean unindentedAfterText = followsOtherText.get(region) && indents[region] <= indents[listingStart];
            int order = Long.compareUnsigned(firstAddresses[region], firstAddresses[previous]);
            if (order > 0
                    || (order == 0 && Long.compareUnsigned(lastAddresses[region], lastAddresses[previous]) <= 0)) {
                return unindentedAfterText && regionAt(region).equals(regionAt(listingStart));
            }
            if (unindentedAfterText) {
                return true;
            }
            for (; seenEnd < region; seenEnd++) {
                seenRegions.add(regionAt(seenEnd));
            }
            return seenRegions.contains(regionAt(region));
        }

        private ParsedRegion regionAt(int index) {
            return new ParsedRegion(firstAddresses[index], lastAddresses[index], names[index]);
        }

        private boolean isInside(int inner, int outer) {
            if (!hasAddresses) {
                return indents[inner] > indents[outer];
            }
            return Long.compareUnsigned(firstAddresses[outer], firstAddresses[inner]) <= 0
                    && Long.compareUnsigned(lastAddresses[inner], lastAddresses[outer]) <= 0;
        }

        /**
         * Creates the regions from last to first: children come after their parent, so they exist before it is created.
         */
        private List<Region> buildTree(int[] parent) {
            List<Region> roots = new ArrayList<>();
            @SuppressWarnings({"unchecked", "rawtypes"})
            List<Region>[] children = new List[size];
            for (int i = size - 1; i >= 0; i--) {
                List<Region> ownChildren = children[i] == null ? List.of() : children[i];
                children[i] = null;
                Collections.reverse(ownChildren);
                Region region =
                        new Region(new AddressRange(firstAddresses[i], lastAddresses[i]), names[i], ownChildren);
                if (parent[i] < 0) {
                    roots.add(region);
                } else {
                    if (children[parent[i]] == null) {
                        children[parent[i]] = new ArrayList<>();
                    }
                    children[parent[i]].add(region);
                }
            }
            Collections.reverse(roots);
            return roots;
        }
    }
}
