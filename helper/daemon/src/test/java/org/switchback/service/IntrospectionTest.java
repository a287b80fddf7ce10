package org.switchback.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.freedesktop.dbus.connections.impl.DBusConnection;
import org.freedesktop.dbus.interfaces.Introspectable;
import org.junit.jupiter.api.Test;
import org.switchback.hardware.TestSnapshots;
import org.switchback.protocol.DBusNames;
import org.switchback.simulator.SimulatedKernel;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

/** Tests that the installed introspection data matches the running helper. */
class IntrospectionTest {
    private static final Path FILE = Path.of("../../packaging/dbus/org.switchback.Helper1.xml");
    private static final Pattern OUR_INTERFACE =
            Pattern.compile("[ \\t]*<interface name=\"org\\.switchback\\..*?</interface>", Pattern.DOTALL);

    @Test
    void checkedInXmlMatchesTheRunningHelper() throws Exception {
        try (PrivateBus bus = PrivateBus.open();
                DBusConnection server = bus.connect();
                DBusConnection client = bus.connect()) {
            HelperService service = HelperService.forSinglePeer(
                    server, new SimulatedKernel(TestSnapshots.load(FileKernelHelperMain.MACHINE)), Optional.empty());
            server.requestBusName(DBusNames.BUS_NAME);
            service.refreshAsync();
            JobRegistry registry = new JobRegistry(
                    server, new CallGuard(CallerResolver.SINGLE_PEER, System::nanoTime, line -> {}), System::nanoTime);
            JobObject job = registry.create(Caller.PEER, List.of());

            String gpuPath = DBusNames.GPU_PATH_PREFIX + "0000_04_00_0";
            Deadline.seconds(10).await("the GPU object", () -> !interfacesOf(client, gpuPath)
                    .isEmpty());
            String actual = interfacesOf(client, DBusNames.HELPER_PATH) + "\n" + interfacesOf(client, gpuPath) + "\n"
                    + interfacesOf(client, job.getObjectPath());

            assertThat(members(Files.readString(FILE))).isEqualTo(members("<node>" + actual + "</node>"));
            service.stop();
        }
    }

    /** Returns the interfaces of an object; empty if the object does not exist. */
    private static String interfacesOf(DBusConnection client, String path) {
        try {
            return interfaces(client.getRemoteObject(DBusNames.BUS_NAME, path, Introspectable.class)
                    .Introspect());
        } catch (org.freedesktop.dbus.exceptions.DBusException
                | org.freedesktop.dbus.exceptions.DBusExecutionException ignored) {
            return "";
        }
    }

    private static String interfaces(String xml) {
        return OUR_INTERFACE.matcher(xml).results().map(match -> match.group()).collect(Collectors.joining("\n"));
    }

    /**
     * Returns one line for each member of each interface, sorted: {@code org.switchback.Helper1 method Apply in:s
     * out:o}.
     */
    private static List<String> members(String xml) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setFeature("http://apache.org/xml/features/nonvalidating/load-external-dtd", false);
        NodeList interfaces = factory.newDocumentBuilder()
                .parse(new InputSource(new StringReader(xml)))
                .getElementsByTagName("interface");
        List<String> lines = new ArrayList<>();
        for (Element type : children(interfaces)) {
            for (Element member : children(type.getChildNodes())) {
                StringBuilder line = new StringBuilder(type.getAttribute("name"))
                        .append(' ')
                        .append(member.getTagName())
                        .append(' ')
                        .append(member.getAttribute("name"));
                if (member.getTagName().equals("property")) {
                    line.append(' ').append(member.getAttribute("type")).append(member.getAttribute("access"));
                }
                for (Element arg : children(member.getChildNodes())) {
                    String direction = member.getTagName().equals("signal") ? "out" : arg.getAttribute("direction");
                    line.append(' ').append(direction).append(':').append(arg.getAttribute("type"));
                }
                lines.add(line.toString());
            }
        }
        return lines.stream().sorted().toList();
    }

    private static List<Element> children(NodeList nodes) {
        return IntStream.range(0, nodes.getLength())
                .mapToObj(nodes::item)
                .filter(Element.class::isInstance)
                .map(Element.class::cast)
                .toList();
    }
}
