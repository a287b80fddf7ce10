package org.switchback.hardware;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The physical address space as /proc/iomem lists it, nested.
 *
 * <p>Three kinds of text are read: the root view; the view of everyone else, in which the kernel prints every address as
 * zero; and what people paste into bug reports, line breaks and indentation lost and parts left out. Nesting follows
 * from containment, since the kernel stops indenting at level 5, and for equal ranges from the order of the lines; only
 * when the addresses are hidden is the indentation used.
 *
 * @param roots         outermost regions, in the order of the listing
 * @param addressesHidden        every address was printed as zero
 * @param omissionCount     how many times the author of the text left something out ({@code <snip>})
 * @param regionCount       number of regions in the whole tree
 * @param unreadableLineCount    lines that are neither a region nor a mark of omission
 */
public record MemoryMap(List<Region> roots, boolean addressesHidden, int omissionCount, int regionCount, int unreadableLineCount) {
    /** A map of no regions: what a machine has whose listing could not be read. */
    public static final MemoryMap EMPTY = new MemoryMap(List.of(), false, 0, 0, 0);

    /** Deeper nesting is flattened into this level; real maps were seen to reach 8. */
    static final int MAX_DEPTH = 64;

    /** What grep puts before a line that it shows beside another ends with a hyphen as well. */
    private static final Pattern REGION_LINE = Pattern.compile(
            "(?<![0-9a-fA-F])(?:(?<![0-9a-fA-F]-)|(?<=(?:(?m:^)|[\\s>])[0-9]{1,6}-))([0-9a-fA-F]{1,16})-([0-9a-fA-F]{1,16}) : ");
    /** What is left of a web page. */
    private static final Pattern HTML_TAG =
            Pattern.compile("(?i)<(?<name>/?(?:a|b|blockquote|br|code|div|p|pre|span|tt))(?:[\\s/][^<>]{0,200})?>");
    /** What people write where they have left something out. */
    private static final Pattern OMISSION = Pattern.compile("(?i)"
            // Between brackets: the word, first or last, or dots.
            + "[<\\[({*]\\s*(?:\\.{2,}|…)?\\s*(?:snip|cut|omit|remov|delet|skip|truncat|redact|trimm|more\\b)[^<>\\[\\](){}*\\n]{0,40}[>\\])}*]"
            + "|[<\\[({][^<>\\[\\](){}*\\n]{0,40}\\b(?:snipped|cut|omitted|removed|deleted|skipped|truncated|redacted|trimmed|more)\\s*[>\\])}]"
            + "|[<\\[({]\\s*(?:\\.{2,}|…)[^<>\\[\\](){}*\\n]{0,40}[>\\])}]"
            // Scissors.
            + "|(?<!-)-++\\s*+(?:snip|cut)(?:\\s+here)?\\s*-+|(?:(?<!-)-++\\s*+)?(?:8<|>8)(?:\\s*+-)++"
            // Dots, around words too.
            + "|(?:\\.{2,}|…)\\s*snip\\s*(?:\\.{2,}|…)|(?<=^|\\s)(?:\\.{3,}|…)[^.…\\n]{1,40}(?:\\.{3,}|…)(?=\\s|$)"
            + "|(?<=^|\\s)(?:\\.{3,}|…|\\.(?:\\s\\.){2,}|snip)(?=\\s|$)");
    /** What an author puts before a remark behind a name: much room, or an arrow. */
    private static final Pattern REMARK = Pattern.compile("\\t| {3}|\\s<+[-=]");
    /** The other half of what people put around a line: quotation marks, Markdown, tables, lists and comments of programs. */
    private static final String DECORATION_CHARACTERS = "\"'`|\u2502$,*";
    /** With fewer digits it is a listing of ports: those of memory have eight at least. */
    private static final int MAX_PORT_DIGITS = 4;
    /** What web pages, word processors and programs make of blanks, hyphens and line breaks. */
    private static final Pattern UNICODE_SPACE = Pattern.compile("[\\u00a0\\u2007\\u202f\\u3000]");
    private static final Pattern UNICODE_DASH = Pattern.compile("(?<=[0-9a-fA-F])[\\u2010-\\u2013\\u2212](?=[0-9a-fA-F])");
    private static final Pattern ESCAPED_LINE_BREAK = Pattern.compile("(?:\\\\r)?\\\\n\"?");

    public MemoryMap {
        roots = List.copyOf(roots);
    }

    /** Reads any text; what is no region is counted, never thrown. A text without one region gives an empty map. */
    public static MemoryMap parse(String pasted) {
        String text = normalize(pasted);
        MemoryMapBuilder listing = new MemoryMapBuilder();
        int start = 0;
        while (start <= text.length()) {
            int end = text.indexOf('\n', start);
            if (end < 0) {
                end = text.length();
            }
            listing.parseLine(text, start, end);
            start = end + 1;
        }
        return listing.build();
    }

    /** A text as it was before web pages, word processors and programs had it. */
    private static String normalize(String pasted) {
        for (int i = 0; i < pasted.length(); i++) {
            char c = pasted.charAt(i);
            if (c >= 0x80 || c == '<' || c == '&' || c == '\\') {
                String text = UNICODE_SPACE.matcher(stripHtml(pasted)).replaceAll(" ");
                return ESCAPED_LINE_BREAK.matcher(UNICODE_DASH.matcher(text).replaceAll("-")).replaceAll("\n");
            }
        }
        // A listing of the kernel has nothing of that.
        return pasted;
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
     * A map with further regions in it, nested by their addresses.
     *
     * @param added regions that this map has not; only they themselves are taken, not what lies in them
     */
    public static MemoryMap union(MemoryMap map, List<Region> added) {
        List<Region> all = new ArrayList<>(map.find(region -> true));
        all.addAll(added);
        all.sort(Region.BY_ADDRESS);
        MemoryMapBuilder listing = new MemoryMapBuilder();
        all.forEach(listing::add);
        return listing.build();
    }

    public boolean isEmpty() {
        return roots.isEmpty();
    }

    /** The innermost region that claims the address, or empty when none does. */
    public Optional<Region> innermostRegionAt(long address) {
        List<Region> path = pathTo(region -> region.range().contains(address), roots);
        return path.isEmpty() ? Optional.empty() : Optional.of(path.getLast());
    }

    /** Every region for which the test holds, in the order of the listing. */
    public List<Region> find(Predicate<Region> test) {
        List<Region> found = new ArrayList<>();
        find(roots, test, found);
        return found;
    }

    private static void find(List<Region> among, Predicate<Region> test, List<Region> found) {
        for (Region region : among) {
            if (test.test(region)) {
                found.add(region);
            }
            find(region.children(), test, found);
        }
    }

    private static List<Region> pathTo(Predicate<Region> inside, List<Region> among) {
        List<Region> path = new ArrayList<>();
        List<Region> level = among;
        while (true) {
            Optional<Region> next = level.stream().filter(inside).findFirst();
            if (next.isEmpty()) {
                return path;
            }
            path.add(next.get());
            level = next.get().children();
        }
    }

    /** The listing again as the kernel prints it, two blanks a level; levels past 5 too, unlike the kernel. */
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

    /** The regions in the order of the text, flat, until {@link #build} makes the tree of them. */
    private static final class MemoryMapBuilder {
        private long[] firstAddresses = new long[256];
        private long[] lastAddresses = new long[256];
        private int[] indents = new int[256];
        private String[] names = new String[256];
        private int size;
        private int omissionCount;
        private int unreadableLineCount;
        private int pendingSeparators;
        /** Marks since the last line that was neither one nor a region. */
        private int pendingOmissions;
        /** No other text since the last region. */
        private boolean inListing;
        /** The regions that follow other text. */
        private final BitSet followsOtherText = new BitSet();
        private boolean hasAddresses;
        /** The regions of the listing that is being nested, up to that one; only when it goes back in the addresses. */
        private Set<ParsedRegion> seenRegions = new HashSet<>();

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

        /** A line as the kernel prints it, and nothing else on it: all that a live listing consists of. */
        private boolean parsePlainLine(String text, int start, int from, int end) {
            int dash = skipHexDigits(text, from, end);
            if (dash == from || dash == end || text.charAt(dash) != '-') {
                return false;
            }
            if (end > dash && isDecoration(text.charAt(end - 1))) {
                return false;
            }
            int colon = skipHexDigits(text, dash + 1, end);
            if (colon == dash + 1 || colon - dash > 17 || dash - from > 16 || !text.startsWith(" : ", colon)
                    || isPortRange(dash - from, colon - dash - 1)) {
                return false;
            }
            for (int i = colon + 3; i < end; i++) {
                char c = text.charAt(i);
                if (c == '<' || c == '[' || c == '(' || c == '{' || c == '*' || c == '…' || c == '\r' || c == '\t'
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
            int at = from;
            while (at < end && Character.digit(text.charAt(at), 16) >= 0 && text.charAt(at) < 'g') {
                at++;
            }
            return at;
        }

        private void parseDecoratedLine(String text, int start, int begin, int end) {
            int from = begin;
            Matcher matcher = REGION_LINE.matcher(text).region(from, end).useTransparentBounds(true);
            int nameStart = -1;
            int depth = -1;
            boolean ports = false;
            while (matcher.find()) {
                if (isPortRange(matcher.group(1).length(), matcher.group(2).length())) {
                    if (nameStart >= 0) {
                        setLastName(text.substring(nameStart, matcher.start()));
                        nameStart = -1;
                    }
                    from = matcher.end();
                    ports = true;
                    continue;
                }
                if (nameStart >= 0) {
                    setLastName(text.substring(nameStart, matcher.start()));
                } else {
                    // A quotation mark, the time of the kernel's log, a line's number: nothing that is missing.
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
            } else if (!ports) {
                parseOtherText(text.substring(from, end));
            } else if (depth < 0) {
                countUnreadableLine();
            }
        }

        /** How far a region is indented, in characters. The number of a line before it may be wider than that of another. */
        private static int measureIndent(String text, int start, int entry) {
            int blank = entry;
            while (blank > start && Character.isWhitespace(text.charAt(blank - 1))) {
                blank--;
            }
            boolean numbered = text.substring(start, blank).chars().anyMatch(Character::isDigit);
            return entry - (numbered ? blank : start);
        }

        private void parseOtherText(String text) {
            if (text.strip().equals("--")) {
                pendingSeparators++;
                return;
            }
            int marks = countOmissions(text);
            if (marks > 0) {
                // Of the listing if it is beside one of its lines.
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

        private boolean add(long lower, long upper, int depth) {
            if (Long.compareUnsigned(lower, upper) > 0) {
                return false;
            }
            if (size == firstAddresses.length) {
                firstAddresses = Arrays.copyOf(firstAddresses, size * 2);
                lastAddresses = Arrays.copyOf(lastAddresses, size * 2);
                indents = Arrays.copyOf(indents, size * 2);
                names = Arrays.copyOf(names, size * 2);
            }
            // grep's mark between lines that are not neighbours: only a region that follows tells it from that of a signature.
            omissionCount += pendingSeparators + pendingOmissions;
            pendingSeparators = 0;
            pendingOmissions = 0;
            followsOtherText.set(size, !inListing);
            inListing = true;
            firstAddresses[size] = lower;
            lastAddresses[size] = upper;
            indents[size] = depth;
            hasAddresses |= upper != 0;
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

        /** A name without remarks, and without what is around it. */
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
            int begin = 0;
            int before = -1;
            for (int i = 0; i < size; i++) {
                if (hasAddresses && lastAddresses[i] == 0) {
                    // Hidden among others that are not: nobody knows what it is inside of.
                    parent[i] = -1;
                    continue;
                }
                if (before < 0 || startsNewListing(begin, before, i)) {
                    begin = i;
                    depth = 0;
                    seenRegions = new HashSet<>();
                    seenEnd = i;
                }
                before = i;
                while (depth > 0 && !isInside(i, path[depth - 1])) {
                    depth--;
                }
                parent[i] = depth == 0 ? -1 : path[depth - 1];
                if (depth < MAX_DEPTH) {
                    path[depth++] = i;
                }
            }
            return new MemoryMap(buildTree(parent), size > 0 && !hasAddresses, omissionCount, size, unreadableLineCount + pendingSeparators);
        }

        /**
         * Whether another listing begins with a region: it goes back in the addresses, and has been there before or comes
         * after other text without being indented; or the first region comes again after other text.
         *
         * @param begin  where the listing begins that came before
         * @param before the region before it
         */
        private boolean startsNewListing(int begin, int before, int region) {
            if (!hasAddresses) {
                return false;
            }
            boolean fresh = followsOtherText.get(region) && indents[region] <= indents[begin];
            int back = Long.compareUnsigned(firstAddresses[region], firstAddresses[before]);
            if (back > 0 || (back == 0 && Long.compareUnsigned(lastAddresses[region], lastAddresses[before]) <= 0)) {
                return fresh && parseLine(region).equals(parseLine(begin));
            }
            if (fresh) {
                return true;
            }
            for (; seenEnd < region; seenEnd++) {
                seenRegions.add(parseLine(seenEnd));
            }
            return seenRegions.contains(parseLine(region));
        }

        private ParsedRegion parseLine(int region) {
            return new ParsedRegion(firstAddresses[region], lastAddresses[region], names[region]);
        }

        private boolean isInside(int inner, int outer) {
            if (!hasAddresses) {
                return indents[inner] > indents[outer];
            }
            return Long.compareUnsigned(firstAddresses[outer], firstAddresses[inner]) <= 0
                    && Long.compareUnsigned(lastAddresses[inner], lastAddresses[outer]) <= 0;
        }

        /** Children come after their parent, so from the last line back every region finds its children made. */
        private List<Region> buildTree(int[] parent) {
            List<Region> roots = new ArrayList<>();
            @SuppressWarnings({"unchecked", "rawtypes"})
            List<Region>[] children = new List[size];
            for (int i = size - 1; i >= 0; i--) {
                List<Region> own = children[i] == null ? List.of() : children[i];
                children[i] = null;
                Collections.reverse(own);
                Region region = new Region(new AddressRange(firstAddresses[i], lastAddresses[i]), names[i], own);
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
