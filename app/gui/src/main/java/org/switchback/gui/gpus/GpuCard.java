package org.switchback.gui.gpus;

import java.util.List;
import org.switchback.client.gpus.GpuDetail;
import org.switchback.hardware.PciAddress;
import org.switchback.plan.Target;

/**
 * The content of the card of a GPU, as localized text.
 *
 * @param address of the graphics function
 * @param name vendor and model
 * @param identity address, IDs and class
 * @param status the mode, for the pill
 * @param stateText the state, one sentence
 * @param externalChange how the GPU was changed without Switchback; usually empty
 * @param barStrips its memory BARs, by index
 * @param overlaps what overlaps the BARs, in the order of the strips
 * @param summary IOMMU group, companions, users
 * @param details shown on request
 * @param actions the primary action first; none for the desktop GPU
 * @param disabledReason why the primary action is disabled or missing; empty if it is enabled
 */
public record GpuCard(
        PciAddress address,
        String name,
        String identity,
        StatusLabel status,
        String stateText,
        String externalChange,
        List<BarSegments> barStrips,
        List<OverlapRow> overlaps,
        List<SummaryLine> summary,
        List<GpuDetail> details,
        List<CardAction> actions,
        String disabledReason) {

    /** @param style adds no information to the text */
    public record StatusLabel(String text, StatusStyle style) {}

    /** Selects colours and icon of a status; a style class in kebab case. */
    public enum StatusStyle {
        HOST,
        VM,
        DESKTOP,
        PARTIALLY_SWITCHED,
        UNBOUND
    }

    /**
     * A firmware region that overlaps a BAR.
     *
     * @param text which region covers how much of the BAR
     * @param verdict whether vfio-pci can reserve the BAR, a sentence
     * @param refused whether the overlap prevents VM mode
     */
    public record OverlapRow(int barIndex, String text, String verdict, boolean refused) {}

    /** A sentence that every card shows, unlike the labelled {@link GpuDetail}. */
    public record SummaryLine(SummaryKind kind, String text) {
        /** Selects the icon. */
        public enum SummaryKind {
            GROUP,
            COMPANION,
            NEIGHBOUR,
            USERS
        }
    }

    /** A button that opens a switch. */
    public record CardAction(Target target, String label, boolean enabled) {}

    public GpuCard {
        barStrips = List.copyOf(barStrips);
        overlaps = List.copyOf(overlaps);
        summary = List.copyOf(summary);
        details = List.copyOf(details);
        actions = List.copyOf(actions);
    }

    /** The address for node IDs: {@code 0000-04-00-0}. */
    public String nodeId() {
        return nodeId(address);
    }

    static String nodeId(PciAddress address) {
        return address.toString().replace(':', '-').replace('.', '-');
    }
}
