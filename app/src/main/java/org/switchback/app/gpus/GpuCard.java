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
 * @param sentence how it stands
 * @param change   what has happened to it without Switchback; mostly empty
 * @param strips   its memory BARs, by index
 * @param claims   what lies in the BARs, in the order of the strips
 * @param facts    group, companions, users
 * @param details  what else there is to know
 * @param choices  what can be done with it, the main choice first; none for a GPU that stays where it is
 * @param reason   why the main choice is disabled, or why there is none; empty when it can be made
 */
public record GpuCard(
        PciAddress address,
        String name,
        String identity,
        Status status,
        String sentence,
        String change,
        List<BarStrip> strips,
        List<Claim> claims,
        List<Fact> facts,
        List<GpuDetail> details,
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
     * Something that lies in a BAR.
     *
     * @param bar     index of the BAR
     * @param text    what covers how much of it
     * @param verdict what vfio-pci would make of it, a sentence
     * @param refused a virtual machine would not get the GPU
     */
    public record Claim(int bar, String text, String verdict, boolean refused) {}

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
        claims = List.copyOf(claims);
        facts = List.copyOf(facts);
        details = List.copyOf(details);
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
