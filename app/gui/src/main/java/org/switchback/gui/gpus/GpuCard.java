package org.switchback.gui.gpus;

import org.switchback.client.gpus.GpuDetail;

import java.util.List;
import org.switchback.plan.Target;
import org.switchback.hardware.PciAddress;

/**
 * What the card of a GPU says, all in words.
 *
 * @param address  where the graphics function sits
 * @param name     maker and model
 * @param identity address, ids and class
 * @param status   whose the GPU is
 * @param stateText how it stands
 * @param externalChange   what has happened to it without Switchback; mostly empty
 * @param barStrips   its memory BARs, by index
 * @param overlaps   what lies in the BARs, in the order of the strips
 * @param summary    group, companions, users
 * @param details  what else there is to know
 * @param actions  what can be done with it, the main choice first; none for a GPU that stays where it is
 * @param disabledReason   why the main choice is disabled, or why there is none; empty when it can be made
 */
public record GpuCard(
        PciAddress address,
        String name,
        String identity,
        StatusLabel status,
        String stateText,
        String externalChange,
        List<BarStrip> barStrips,
        List<OverlapRow> overlaps,
        List<SummaryLine> summary,
        List<GpuDetail> details,
        List<CardAction> actions,
        String disabledReason) {

    /**
     * @param text for people
     * @param style how it looks; the text alone says everything
     */
    public record StatusLabel(String text, StatusStyle style) {}

    /** How a status looks. */
    public enum StatusStyle {
        HOST,
        VM,
        DESKTOP,
        PARTIALLY_SWITCHED,
        UNBOUND
    }

    /**
     * Something that lies in a BAR.
     *
     * @param barIndex     index of the BAR
     * @param text    what covers how much of it
     * @param verdict what vfio-pci would make of it, a sentence
     * @param refused a virtual machine would not get the GPU
     */
    public record OverlapRow(int barIndex, String text, String verdict, boolean refused) {}

    /**
     * @param kind what it is about
     * @param text for people
     */
    public record SummaryLine(SummaryKind kind, String text) {
        /** What a fact is about. */
        public enum SummaryKind {
            GROUP,
            COMPANION,
            NEIGHBOUR,
            USERS
        }
    }

    /**
     * @param target where it leads
     * @param label     its result
     * @param enabled   whether it can be made
     */
    public record CardAction(Target target, String label, boolean enabled) {}

    public GpuCard {
        barStrips = List.copyOf(barStrips);
        overlaps = List.copyOf(overlaps);
        summary = List.copyOf(summary);
        details = List.copyOf(details);
        actions = List.copyOf(actions);
    }

    /** The address as part of the name of a node: {@code 0000-04-00-0}. */
    public String nodeId() {
        return nodeId(address);
    }

    static String nodeId(PciAddress address) {
        return address.toString().replace(':', '-').replace('.', '-');
    }
}
