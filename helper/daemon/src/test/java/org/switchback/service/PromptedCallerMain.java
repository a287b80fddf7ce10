package org.switchback.service;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.freedesktop.PolicyKit1.Error.Cancelled;
import org.freedesktop.dbus.connections.impl.DBusConnection;
import org.freedesktop.dbus.connections.impl.DBusConnectionBuilder;
import org.freedesktop.dbus.types.UInt32;
import org.freedesktop.dbus.types.UInt64;
import org.freedesktop.dbus.types.Variant;
import org.switchback.protocol.DBusNames;
import org.switchback.protocol.HelperInterface;
import org.switchback.protocol.JobEventStruct;
import org.switchback.protocol.JobInterface;

/**
 * A client of an unprivileged user that requests a switch and is its own authentication agent. Arguments: the address
 * of the bus, and the reaction to the prompt: {@code close} it, or {@code stay} without answering. Prints the prompt's
 * message and icon, and the outcome of the job.
 */
final class PromptedCallerMain {
    private static final String AGENT_PATH = "/agent";

    private PromptedCallerMain() {}

    public static void main(String[] args) throws Exception {
        DBusConnection bus =
                DBusConnectionBuilder.forAddress(args[0]).withShared(false).build();
        boolean close = args[1].equals("close");
        bus.exportObject(AGENT_PATH, new PolkitAgentInterfaces.AuthenticationAgent() {
            @Override
            public void BeginAuthentication(
                    String action,
                    String message,
                    String icon,
                    Map<String, String> details,
                    String cookie,
                    List<PolkitAgentInterfaces.Identity> identities) {
                printLine(message);
                printLine(icon);
                if (close) {
                    throw new Cancelled();
                }
                try {
                    new CountDownLatch(1).await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }

            @Override
            public void CancelAuthentication(String cookie) {
                printLine("prompt cancelled");
            }

            @Override
            public String getObjectPath() {
                return AGENT_PATH;
            }
        });
        bus.getRemoteObject(
                        "org.freedesktop.PolicyKit1",
                        "/org/freedesktop/PolicyKit1/Authority",
                        PolkitAgentInterfaces.AgentRegistry.class)
                .RegisterAuthenticationAgent(
                        new PolkitInterface.Subject("unix-process", processSubject()), "C", AGENT_PATH);
        HelperInterface helper = bus.getRemoteObject(DBusNames.BUS_NAME, DBusNames.HELPER_PATH, HelperInterface.class);
        String job = helper.Apply(helper.Plan("0000:04:00.0", "vm", List.of(), false)
                        .reply()
                        .id())
                .getPath();
        List<JobEventStruct> log =
                JobLogReader.readUntilFinished(bus.getRemoteObject(DBusNames.BUS_NAME, job, JobInterface.class));
        printLine(log.getLast().detail);
        System.exit(0);
    }

    private static Map<String, Variant<?>> processSubject() throws Exception {
        // Field 22, starttime. Split after the program name, which may contain spaces (proc(5)).
        String stat = Files.readString(Path.of("/proc/self/stat"));
        String[] afterName = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        Map<String, Variant<?>> subject = new LinkedHashMap<>();
        subject.put("pid", new Variant<>(new UInt32(ProcessHandle.current().pid())));
        subject.put("start-time", new Variant<>(new UInt64(Long.parseLong(afterName[19]))));
        return subject;
    }

    private static void printLine(String line) {
        System.out.println(line);
        System.out.flush();
    }
}
