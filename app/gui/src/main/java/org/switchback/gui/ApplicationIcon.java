package org.switchback.gui;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Objects;
import javafx.scene.image.Image;
import org.switchback.gui.session.DesktopSession;
import org.switchback.gui.session.TrayContent;

/** Loads the icons of the application, which are packaged in the layout of an icon theme. */
final class ApplicationIcon {
    private ApplicationIcon() {}

    /** @param size pixels in each direction: 16, 22, 24, 32, 48, 64, 128 or 256 */
    static Image colored(int size) {
        return loadImage(size, "apps", "");
    }

    /** @param size pixels in each direction: 22 or 44 */
    static Image symbolic(int size, TrayContent.TrayIcon icon) {
        return loadImage(size, "status", icon.nameSuffix());
    }

    private static Image loadImage(int size, String folder, String suffix) {
        String path = "icons/" + size + "x" + size + "/" + folder + "/" + DesktopSession.BUS_NAME + suffix + ".png";
        try (InputStream in = Objects.requireNonNull(ApplicationIcon.class.getResourceAsStream(path))) {
            return new Image(in);
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot read the packaged icon " + path, e);
        }
    }
}
