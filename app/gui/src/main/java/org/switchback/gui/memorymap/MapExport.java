package org.switchback.gui.memorymap;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import javafx.scene.SnapshotParameters;
import javafx.scene.image.PixelFormat;
import javafx.scene.image.WritableImage;
import javafx.scene.transform.Transform;
import javax.imageio.ImageIO;

/** The picture as a file. */
final class MapExport {
    /** Pixels of the file a pixel of the layout, so that it can be printed. */
    private static final int PNG_SCALE = 2;

    private MapExport() {}

    /** What is in view, as it is drawn; to be called on the drawing thread. */
    static MemoryMapViewModel.ExportContent toPng(MapCanvas picture) {
        SnapshotParameters fine = new SnapshotParameters();
        fine.setTransform(Transform.scale(PNG_SCALE, PNG_SCALE));
        WritableImage shot = picture.snapshot(fine, null);
        int width = (int) shot.getWidth();
        int height = (int) shot.getHeight();
        int[] pixels = new int[width * height];
        shot.getPixelReader().getPixels(0, 0, width, height, PixelFormat.getIntArgbInstance(), pixels, 0, width);
        return () -> {
            BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
            image.setRGB(0, 0, width, height, pixels, 0, width);
            ByteArrayOutputStream file = new ByteArrayOutputStream();
            ImageIO.write(image, "png", file);
            return file.toByteArray();
        };
    }

    /** What is in view, as shapes and texts; to be called on the drawing thread. */
    static MemoryMapViewModel.ExportContent toSvg(MapCanvas picture, MemoryMapViewModel model) {
        String drawing = new SvgExport(model.treeProperty().get(), picture.paletteProperty().get(), model.regionMessages())
                .draw(picture.boxes(), picture.getWidth(), picture.getHeight());
        return () -> drawing.getBytes(StandardCharsets.UTF_8);
    }
}
