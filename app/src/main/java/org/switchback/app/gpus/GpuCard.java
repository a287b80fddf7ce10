package org.switchback.app.gpus;

import java.util.List;
import org.switchback.app.switching.Direction;
import org.switchback.hardware.PciAddress;

/**
 * What the card of a GPU says, all in words.
 *
 * @param address  where the graphics function sits
 * @param name     maker and model
 * @param identity address, ids and class
 * @param status   whose the GPU is
 * @param strips   its memory BARs, by index
 * @param captions what lies in a BAR, a line for each claim, in the order of the strips
 * @param concerns what vfio-pci would make of the claims
 * @param facts    group, companions, users
 * @param choices  what can be done with it, the main choice first; none for a GPU that stays where it is
 * @param reason   why the main choice is disabled, or why there is none; empty when it can be made
 */
public record GpuCard(
        PciAddress address,
        String name,
        String identity,
        Status status,
        List<BarStrip> strips,
        List<Caption> captions,
        List<Concern> concerns,
        List<Fact> facts,
        List<Choice> choices,
        String reason) {

    /**
     * @param text for people
     * @param tone how it looks; the text alone says everything
     */
    public record Status(String text, Tone tone) {}

    /** How a status looks. */
    public enum Tone {
        HOST,
        VM,
        DESKTOP,
        MIXED,
        UNBOUND
    }

    /**
     * @param bar  index of the BAR
     * @param text what covers how much of it
     */
    public record Caption(int bar, String text) {}

    /**
     * @param text    a sentence
     * @param serious a virtual machine would not get the GPU
     */
    public record Concern(String text, boolean serious) {}

    /**
     * @param kind what it is about
     * @param text for people
     */
    public record Fact(Kind kind, String text) {
        /** What a fact is about. */
        public enum Kind {
            GROUP,
            COMPANION,
            NEIGHBOUR,
            USERS
        }
    }

    /**
     * @param direction where it leads
     * @param label     its result
     * @param enabled   whether it can be made
     */
    public record Choice(Direction direction, String label, boolean enabled) {}

    public GpuCard {
        strips = List.copyOf(strips);
        captions = List.copyOf(captions);
        concerns = List.copyOf(concerns);
        facts = List.copyOf(facts);
        choices = List.copyOf(choices);
    }

    /** The address as part of the name of a node: {@code 0000-04-00-0}. */
    public String id() {
        return id(address);
    }

    static String id(PciAddress address) {
        return address.toString().replace(':', '-').replace('.', '-');
    }
}
