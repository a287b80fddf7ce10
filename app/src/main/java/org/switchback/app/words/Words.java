package org.switchback.app.words;

import java.text.MessageFormat;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.ResourceBundle;
import java.util.Set;
import java.util.stream.Stream;
import org.switchback.app.helper.HelperProblem;
import org.switchback.hardware.Bar;
import org.switchback.hardware.ByteSize;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Holder;
import org.switchback.hardware.Machine;
import org.switchback.hardware.Overlap;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.Region;
import org.switchback.protocol.JobEntry;
import org.switchback.protocol.PlannedRefusal;
import org.switchback.protocol.PlannedStep;

/**
 * The texts of the window and the command line, in one language. What comes over the bus as codes becomes a sentence
 * here; a code this version does not know becomes one that quotes it.
 */
public final class Words {
    private static final String HIDDEN = "00000000-00000000";

    private final Locale locale;
    private final ResourceBundle bundle;

    /**
     * @param locale decides decimal marks
     * @param bundle has every key of {@code Words.properties}
     */
    public Words(Locale locale, ResourceBundle bundle) {
        this.locale = locale;
        this.bundle = bundle;
    }

    /**
     * The catalogue that comes with the app, in the language asked for, else in English. English sentences have English
     * decimal marks.
     */
    public static Words in(Locale locale) {
        ResourceBundle bundle = ResourceBundle.getBundle("org.switchback.app.words.Words", locale);
        boolean spoken = bundle.getLocale().getLanguage().equals(locale.getLanguage());
        return new Words(spoken ? locale : Locale.ENGLISH, bundle);
    }

    public Locale locale() {
        return locale;
    }

    /** The catalogue itself, for libraries that read their texts from one. */
    public ResourceBundle bundle() {
        return bundle;
    }

    /**
     * A text of the catalogue.
     *
     * @param values for its placeholders; texts, since numbers would be grouped. What a program calls itself may be meant
     *     to steer a terminal: control characters become question marks.
     * @throws java.util.MissingResourceException when the catalogue has no such key
     */
    public String text(String key, Object... values) {
        Object[] plain = new Object[values.length];
        for (int i = 0; i < values.length; i++) {
            plain[i] = plain(values[i].toString());
        }
        return new MessageFormat(bundle.getString(key), locale).format(plain);
    }

    /** Whether the catalogue has a text of that key. */
    public boolean has(String key) {
        return bundle.containsKey(key);
    }

    private static String plain(String text) {
        return text.chars().anyMatch(Character::isISOControl)
                ? text.chars()
                        .map(c -> Character.isISOControl(c) ? '?' : c)
                        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                        .toString()
                : text;
    }

    /** A size in binary units: {@code 8.4 MiB}; 0 stands for 2^64 bytes. */
    public String size(long bytes) {
        if (bytes == 1) {
            return text("size.byte");
        }
        return bytes > 0 && bytes < 1024 ? text("size.bytes", Long.toString(bytes)) : ByteSize.text(bytes, locale);
    }

    /** How long something took: {@code 85 ms}, {@code 1.2 s}, {@code 2 min 5 s}. */
    public String duration(long micros) {
        long millis = micros / 1000;
        if (millis < 1000) {
            return text("window.time.ms", Long.toString(millis));
        }
        if (millis < 60_000) {
            return text("window.time.s", String.format(locale, "%.1f", millis / 1000.0));
        }
        return text("window.time.min", Long.toString(millis / 60_000), Long.toString(millis % 60_000 / 1000));
    }

    /** {@code BAR 1}, or the name of the expansion ROM. */
    public String bar(int index) {
        return index == Bar.ROM ? text("bar.rom") : text("bar", Integer.toString(index));
    }

    /** Things in a row: {@code a, b and c}. */
    public String list(List<String> things) {
        if (things.isEmpty()) {
            return text("none");
        }
        String row = things.getFirst();
        for (int i = 1; i < things.size(); i++) {
            row = text(i == things.size() - 1 ? "list.two" : "list.more", row, things.get(i));
        }
        return row;
    }

    /** Whose a GPU is, in a few words: {@code Host mode (nvidia)}. */
    public String mode(Gpu gpu) {
        return switch (gpu.mode()) {
            case HOST -> text("mode.host", gpu.graphics().driver().orElse(""));
            case VM ->
                gpu.holders().stream()
                        .filter(holder -> holder.node().startsWith("vfio/"))
                        .findFirst()
                        .map(holder -> holder.guest().isEmpty()
                                ? text("mode.vm.used", holder.program())
                                : text("mode.vm.guest", holder.guest()))
                        .orElseGet(() -> text("mode.vm"));
            case MIXED -> text("mode.mixed");
            case UNBOUND -> text("mode.unbound");
        };
    }

    /** Which parts of a half switched GPU are in which mode: {@code graphics in VM mode and sound in host mode}. */
    public String halves(Gpu gpu) {
        return list(gpu.functions().stream()
                .map(function -> text(
                        function.onVfio()
                                ? "half.vm"
                                : function.driver().isPresent() ? "half.host" : "half.nobody",
                        part(function)))
                .toList());
    }

    private String part(PciDevice function) {
        return text(
                switch (function.kind().base()) {
                    case 0x03 -> "part.graphics";
                    case 0x04 -> "part.sound";
                    case 0x0c -> "part.usb";
                    default -> "part.other";
                },
                function.address().brief());
    }

    /** @param target {@code vm} or {@code host} */
    public String target(String target) {
        return text("target." + target);
    }

    /** What lies where, without a full stop: {@code BOOTFB c0000000-c086ffff covers 8.4 MiB of BAR 1}. */
    public String overlap(Overlap overlap) {
        String bar = bar(overlap.bar().index());
        String chain = chain(overlap);
        if (!overlap.addressed()) {
            return text("overlap.covers.hidden", chain, "", "", bar);
        }
        long covered = overlap.region()
                .range()
                .intersection(overlap.bar().range())
                .orElse(overlap.region().range())
                .length();
        return text("overlap.covers", chain, overlap.region().range().toString(), size(covered), bar);
    }

    /** The names of a claim and of what is claimed inside it. */
    private String chain(Overlap overlap) {
        List<Region> regions = overlap.regions();
        String chain = regions.getFirst().name();
        for (Region inner : regions.subList(1, regions.size())) {
            chain = text("overlap.chain", chain, inner.name());
        }
        return chain;
    }

    /** What vfio-pci will make of it, a sentence. */
    public String verdict(Overlap overlap) {
        return text(
                switch (overlap.verdict()) {
                    case REFUSED -> "verdict.refused";
                    case EVICTED -> "verdict.evicted";
                    case LEAVES_WITH_DRIVER -> "verdict.leaves-with-driver";
                },
                overlap.region().name(),
                bar(overlap.bar().index()));
    }

    /** Who uses a device through which node: {@code Xorg (PID 812, user root) through /dev/dri/card0}. */
    public String holder(Holder holder) {
        return text(
                holder.owner().isEmpty() ? "holder.no-owner" : "holder",
                holder.program(),
                Integer.toString(holder.pid()),
                holder.owner(),
                "/dev/" + holder.node());
    }

    /** What a step does, without a full stop: {@code Take 04:00.0 from nvidia}. */
    public String step(PlannedStep step, Machine machine) {
        String subject = brief(step.subject);
        return switch (step.kind) {
            case "check-unused", "check-proven", "check-back" -> text("step." + step.kind, subject);
            case "module" -> text(step.after.isEmpty() ? "step.module.unload" : "step.module", subject);
            case "offer", "summon", "withdraw" -> text("step." + step.kind, subject);
            case "region" -> text("step.framebuffer.release", claim(step, machine));
            case "power" -> text(step.after.equals("auto") ? "step.power.auto" : "step.power.on", subject);
            case "framebuffer" -> framebufferStep(step, machine);
            case "override" ->
                text(step.after.isEmpty() ? "step.override.clear" : "step.override.set", subject, step.after);
            case "driver" ->
                step.after.isEmpty()
                        ? text("step.driver.unbind", subject, step.before)
                        : text("step.driver.bind", subject, step.after);
            case "eviction" -> {
                String[] parts = step.before.split(" ", 3);
                yield parts.length == 3
                        ? text("step.eviction", parts[1], parts[2], barNamed(parts[0]), subject)
                        : step.before;
            }
            default -> step.shell.isEmpty() ? step.kind : step.shell;
        };
    }

    private String framebufferStep(PlannedStep step, Machine machine) {
        if (!step.after.isEmpty()) {
            return text("step.framebuffer.restore", "", step.subject, step.after);
        }
        String claim = claim(step, machine);
        return claim.isEmpty()
                ? text("step.framebuffer.release.unknown", "", step.subject)
                : text("step.framebuffer.release", claim);
    }

    /** Name and range of what a step has go; the empty text when it can't be told. */
    private static String claim(PlannedStep step, Machine machine) {
        if (step.kind.equals("region")) {
            String range = step.subject.substring(step.subject.indexOf(' ') + 1);
            return range.equals(HIDDEN) ? step.before : step.before + " " + range;
        }
        return machine.gpus().stream()
                .flatMap(gpu -> gpu.overlaps().stream())
                .filter(overlap -> overlap.addressed()
                        && (overlap.gpu().toString().equals(step.subject)
                                || overlap.framebuffer()
                                        .filter(fb -> fb.device().equals(step.subject))
                                        .isPresent()))
                .findFirst()
                .map(overlap -> overlap.region().name() + " " + overlap.region().range())
                .orElse("");
    }

    /**
     * How what the firmware has left in a BAR is made to go, a sentence a rung: why it is this one, what it costs, and that
     * a further one is taken only if need be.
     */
    public List<String> rungs(List<PlannedStep> steps, Machine machine) {
        List<String> sentences = new ArrayList<>();
        Set<String> claims = new HashSet<>();
        for (PlannedStep step : steps) {
            String claim = step.why.isEmpty() ? "" : claim(step, machine);
            optional("rung." + step.rung + "." + step.why, claim.isEmpty() ? text("rung.framebuffer") : claim)
                    .map(sentence -> claims.add(claim) ? sentence : text("rung.otherwise", sentence))
                    .ifPresent(sentences::add);
        }
        return sentences;
    }

    /** Whether a step can be undone, in a word or two. */
    public String undo(PlannedStep step) {
        boolean unloaded = step.undo.equals("stays") && step.kind.equals("module") && step.after.isEmpty();
        return optional("undo." + step.undo + (unloaded ? ".unloaded" : "")).orElse(step.undo);
    }

    /** What undoes a step, without a full stop: {@code give it back to nvidia}. */
    public String inverse(PlannedStep step) {
        return switch (step.kind) {
            case "offer", "eviction", "summon" -> text("inverse." + step.kind);
            case "region" -> text("inverse.eviction");
            case "module" ->
                text(
                        step.after.isEmpty()
                                ? "inverse.none"
                                : step.undo.equals("reversible") ? "inverse.module.loaded" : "inverse.module");
            case "power" -> text(step.before.equals("auto") ? "inverse.power.on" : "inverse.power.auto");
            case "framebuffer" ->
                step.after.isEmpty()
                        ? text("inverse.framebuffer.release", step.before)
                        : text("inverse.framebuffer.restore");
            case "override" ->
                step.before.isEmpty() ? text("inverse.override.set") : text("inverse.override.replace", step.before);
            case "driver" ->
                step.after.isEmpty()
                        ? text("inverse.driver.unbind", step.before)
                        : text("inverse.driver.bind", step.after);
            default -> text("inverse.none");
        };
    }

    /** Why a plan is refused and what a person can do, one or two sentences. */
    public String refusal(PlannedRefusal refusal) {
        Object[] details = refusal.details.toArray();
        String variant = refusal.code;
        switch (refusal.code) {
            case "in-use" -> {
                if (virtualMachine(refusal)) {
                    variant += ".vm";
                } else if (refusal.details.size() > 3 && refusal.details.get(3).isEmpty()) {
                    variant += ".no-owner";
                }
            }
            case "iommu-off" -> {
                if (refusal.details.size() > 2 && !refusal.details.get(2).isEmpty()) {
                    variant += ".remove";
                } else if (refusal.details.size() > 1 && !refusal.details.get(1).isEmpty()) {
                    variant += ".add";
                }
            }
            case "framebuffer-stays", "framebuffer-spent", "unknown-claim", "module-missing", "module-unsigned" -> {
                if (refusal.details.size() > 3) {
                    details[1] = barNamed(refusal.details.get(1));
                    boolean hidden = refusal.details.get(3).equals(HIDDEN);
                    details[2] = hidden ? refusal.details.get(2) : refusal.details.get(2) + " " + refusal.details.get(3);
                }
                if (refusal.code.startsWith("module-") && refusal.details.size() > 5) {
                    variant += refusal.code.equals("module-unsigned") ? "." + refusal.details.get(4) : "";
                    details[5] = refusal.details.get(5).isEmpty() ? "" : " " + text("refusal.native-driver");
                }
                if (refusal.details.size() > 6) {
                    details[6] = signing(refusal.details.get(6));
                }
            }
            default -> {
                // The sentence takes the details as they are.
            }
        }
        return optional("refusal." + variant, details)
                .orElseGet(() -> text("refusal.unknown", refusal.code, String.join(" ", refusal.details)));
    }

    /** How a module is signed with the tools of the first distribution that is known here. */
    private String signing(String distributions) {
        return Stream.concat(Stream.of(distributions.split(" ")), Stream.of("other"))
                .flatMap(id -> optional("signing." + id).stream())
                .findFirst()
                .orElse("");
    }

    private static boolean virtualMachine(PlannedRefusal inUse) {
        return inUse.details.size() > 4 && inUse.details.get(4).startsWith("/dev/vfio/");
    }

    /**
     * As {@link #refusal}, a program that uses a function through several nodes named once, and a virtual machine that
     * uses several functions likewise.
     */
    public List<String> refusals(List<PlannedRefusal> refusals) {
        List<String> sentences = new ArrayList<>();
        Set<List<String>> users = new HashSet<>();
        for (PlannedRefusal refusal : refusals) {
            boolean again = refusal.code.equals("in-use")
                    && refusal.details.size() > 4
                    && !users.add(refusal.details.subList(virtualMachine(refusal) ? 1 : 0, 3));
            if (!again) {
                sentences.add(refusal(refusal));
            }
        }
        return sentences;
    }

    /** What the user will be asked for, a sentence. */
    public Optional<String> permission(String action) {
        return optional("permission." + action);
    }

    /** What is the matter with the helper, a sentence. */
    public String problem(HelperProblem.Kind kind) {
        return text("problem." + kind.name());
    }

    /** Why a step failed: the detail and the values of a {@code failed} or {@code undo-failed} entry, a sentence. */
    public String failure(JobEntry entry) {
        List<String> values = entry.values;
        if (entry.step < 0) {
            // What speaks against the whole of it is said as it would be of a plan.
            return refusal(new PlannedRefusal(entry.detail, values));
        }
        return switch (entry.detail) {
            case "in-use" ->
                text(
                        values.size() > 2 && values.get(2).isEmpty() ? "failure.in-use.no-owner" : "failure.in-use",
                        values.toArray());
            case "changed", "not-true" -> text("failure." + entry.detail, orNone(values, 0));
            case "not-back" -> text("failure.not-back", values.isEmpty() ? "" : values.getFirst(), orNone(values, 1));
            default ->
                optional("failure." + entry.detail, values.toArray())
                        .orElseGet(() -> text("failure.errno", entry.detail.substring(entry.detail.indexOf('-') + 1)));
        };
    }

    private String orNone(List<String> values, int index) {
        return values.size() > index && !values.get(index).isEmpty() ? values.get(index) : text("driver.none");
    }

    /**
     * One entry of a switch under way, without a full stop but for failures and the end.
     *
     * @param steps  of the plan
     * @param target {@code vm} or {@code host}
     * @param gpu    name of the GPU
     */
    public String progress(JobEntry entry, List<PlannedStep> steps, Machine machine, String target, String gpu) {
        String step = entry.step >= 0 && entry.step < steps.size() ? step(steps.get(entry.step), machine) : "";
        return switch (entry.what) {
            case "started" ->
                text("job.started", Integer.toString(entry.step + 1), Integer.toString(steps.size()), step);
            case "waiting" -> text("job.waiting", step, entry.values.isEmpty() ? "" : entry.values.getFirst());
            case "failed", "undo-failed" ->
                entry.step < 0 ? failure(entry) : text("job." + entry.what, step, failure(entry));
            case "finished" -> finished(entry, target, gpu);
            default -> optional("job." + entry.what, step).orElse(entry.what);
        };
    }

    /** How a switch ended, one or two sentences. */
    public String finished(JobEntry entry, String target, String gpu) {
        return optional(entry.detail.equals("done") ? "finished.done." + target : "finished." + entry.detail, gpu)
                .orElseGet(() -> text("finished.unknown", entry.detail));
    }

    private Optional<String> optional(String key, Object... values) {
        return has(key) ? Optional.of(text(key, values)) : Optional.empty();
    }

    private String barNamed(String index) {
        return index.length() == 1 && Character.isDigit(index.charAt(0)) ? bar(index.charAt(0) - '0') : text("bar", index);
    }

    /** Addresses without their domain when it is 0; anything else as it is. */
    private String brief(String subject) {
        List<String> parts = new ArrayList<>();
        for (String part : subject.split(",", -1)) {
            parts.add(PciAddress.parse(part).map(PciAddress::brief).orElse(part));
        }
        return list(parts);
    }

    /** The driver a function is bound to, or that there is none. */
    public String driver(PciDevice device) {
        return device.driver().orElseGet(() -> text("driver.none"));
    }
}
