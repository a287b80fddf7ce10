package org.switchback.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.switchback.protocol.DBusNames;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** Tests that the polkit and D-Bus configuration files match the assumptions of the code. */
class PolicyFilesTest {
    private static final Path PACKAGING = Path.of("../../packaging");

    private static Element read(String file) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        // The document types refer to network addresses.
        factory.setFeature("http://apache.org/xml/features/nonvalidating/load-external-dtd", false);
        return factory.newDocumentBuilder()
                .parse(PACKAGING.resolve(file).toFile())
                .getDocumentElement();
    }

    private static List<Element> elements(Element parent, String name) {
        NodeList nodes = parent.getElementsByTagName(name);
        List<Element> elements = new ArrayList<>();
        for (int i = 0; i < nodes.getLength(); i++) {
            elements.add((Element) nodes.item(i));
        }
        return elements;
    }

    private static String text(Element parent, String name) {
        return elements(parent, name).getFirst().getTextContent();
    }

    @Test
    void everyActionHasTheExpectedDefaults() throws Exception {
        Element policy = read("polkit/org.switchback.helper.policy");

        assertThat(elements(policy, "action"))
                .extracting(action -> String.join(
                        " ",
                        action.getAttribute("id"),
                        text(action, "allow_any"),
                        text(action, "allow_inactive"),
                        text(action, "allow_active")))
                .containsExactly(
                        "org.switchback.helper.inspect auth_admin no yes",
                        "org.switchback.helper.inspect-all auth_admin no auth_admin_keep",
                        "org.switchback.helper.switch auth_admin auth_admin auth_admin_keep",
                        "org.switchback.helper.switch-display auth_admin auth_admin auth_admin",
                        "org.switchback.helper.switch-with-others auth_admin auth_admin auth_admin",
                        "org.switchback.helper.switch-display-with-others auth_admin auth_admin auth_admin",
                        "org.switchback.helper.restore auth_admin auth_admin auth_admin_keep");
        assertThat(elements(policy, "action"))
                .extracting(action -> action.getAttribute("id"))
                .containsExactlyElementsOf(Arrays.stream(PolkitAction.values())
                        .map(PolkitAction::id)
                        .toList());
        assertThat(text(policy, "vendor")).isEqualTo("Switchback");
        assertThat(text(policy, "icon_name")).isEqualTo("org.switchback.Switchback");
    }

    @Test
    void promptMessagesNameTheGpuAndTheModes() throws Exception {
        for (Element action : elements(read("polkit/org.switchback.helper.policy"), "action")) {
            if (!action.getAttribute("id").contains("inspect")) {
                assertThat(text(action, "message")).contains("$(gpu)", "$(address)", "$(from)", "$(to)");
            }
            assertThat(text(action, "message").contains("$(others)"))
                    .isEqualTo(action.getAttribute("id").endsWith("-with-others"));
        }
    }

    @Test
    void busPolicyLetsOnlyRootOwnTheNameAndRestrictsInterfaces() throws Exception {
        Element rules = read("dbus/org.switchback.Helper1.conf");

        for (Element policy : elements(rules, "policy")) {
            for (Element rule : elements(policy, "allow")) {
                if (rule.hasAttribute("own")) {
                    assertThat(policy.getAttribute("user")).isEqualTo("root");
                    assertThat(rule.getAttribute("own")).isEqualTo(DBusNames.BUS_NAME);
                } else {
                    assertThat(rule.getAttribute("send_destination")).isEqualTo(DBusNames.BUS_NAME);
                    assertThat(rule.getAttribute("send_interface")).isNotEmpty();
                }
            }
        }
        assertThat(elements(rules, "allow")).hasSizeGreaterThan(1);
    }

    @Test
    void busActivatesTheHelperAsRoot() throws Exception {
        assertThat(Files.readAllLines(PACKAGING.resolve("dbus/org.switchback.Helper1.service")))
                .contains("Name=" + DBusNames.BUS_NAME, "User=root", "Exec=/usr/lib/switchback/bin/switchback-helper");
    }
}
