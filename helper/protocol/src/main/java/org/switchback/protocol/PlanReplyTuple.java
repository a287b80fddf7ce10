package org.switchback.protocol;

import java.util.List;
import org.freedesktop.dbus.interfaces.DBusSerializable;
import org.switchback.hardware.KebabCase;
import org.switchback.hardware.PciAddress;
import org.switchback.job.PlanReply;
import org.switchback.plan.SwitchPlan.RequiredPermission;

/**
 * A {@link PlanReply} on the bus: six values with the signature {@code s s as a(sssssssss) a(sas) as}. dbus-java cannot
 * return a struct that contains lists, and it introspects a tuple incorrectly; a {@link DBusSerializable} avoids both
 * problems.
 */
public final class PlanReplyTuple implements DBusSerializable {
    private PlanReply reply;

    /** For dbus-java, which calls {@link #deserialize} next. */
    public PlanReplyTuple() {
        this(new PlanReply("", RequiredPermission.SWITCH, List.of(), List.of(), List.of(), List.of()));
    }

    public PlanReplyTuple(PlanReply reply) {
        this.reply = reply;
    }

    public PlanReply reply() {
        return reply;
    }

    @Override
    public Object[] serialize() {
        return new Object[] {
            reply.id(),
            KebabCase.of(reply.permission()),
            reply.functions().stream().map(PciAddress::toString).toList(),
            reply.steps().stream().map(PlannedStepStruct::encode).toList(),
            reply.refusals().stream().map(RefusalStruct::encode).toList(),
            reply.undoCommands()
        };
    }

    /**
     * Sets the reply. dbus-java finds this method by its name and derives the signature from its parameters.
     *
     * @throws IllegalArgumentException if a value is unknown in this protocol version
     */
    public void deserialize(
            String id,
            String permission,
            List<String> functions,
            List<PlannedStepStruct> steps,
            List<RefusalStruct> refusals,
            List<String> undoCommands) {
        reply = new PlanReply(
                id,
                KebabCase.parse(RequiredPermission.class, permission)
                        .orElseThrow(() -> new IllegalArgumentException(permission)),
                functions.stream()
                        .map(address -> PciAddress.parse(address).orElseThrow(IllegalArgumentException::new))
                        .toList(),
                steps.stream().map(PlannedStepStruct::decode).toList(),
                refusals.stream().map(RefusalStruct::decode).toList(),
                undoCommands);
    }
}
