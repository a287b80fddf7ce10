package org.switchback.protocol;

import java.util.List;
import org.freedesktop.dbus.interfaces.DBusSerializable;

/**
 * A {@link PlanReply} as the six values that go over the bus: {@code s s as a(sssssssss) a(sas) as}. dbus-java can neither
 * export a struct with lists in it as a return value nor introspect a tuple rightly; this it can do both with.
 */
public final class PlanReplyTuple implements DBusSerializable {
    private PlanReply reply;

    /** For dbus-java, which calls {@link #deserialize} next. */
    public PlanReplyTuple() {
        this(new PlanReply("", "", List.of(), List.of(), List.of(), List.of()));
    }

    public PlanReplyTuple(PlanReply reply) {
        this.reply = reply;
    }

    public PlanReply reply() {
        return reply;
    }

    @Override
    public Object[] serialize() {
        return new Object[] {reply.id, reply.action, reply.functions, reply.steps, reply.refusals, reply.undoCommands};
    }

    /** Called by dbus-java by its name; its parameters are the signature. */
    public void deserialize(
            String id,
            String action,
            List<String> functions,
            List<PlannedStep> steps,
            List<PlannedRefusal> refusals,
            List<String> inverse) {
        reply = new PlanReply(id, action, functions, steps, refusals, inverse);
    }
}
