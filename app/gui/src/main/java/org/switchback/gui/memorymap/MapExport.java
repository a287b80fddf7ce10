package org.switchback.gui.memorymap;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import javafx.scene.SnapshotParameters;
import javafx.scene.image.PixelFormat;
import javafx.scene.image.WritableImage;
import javafx.scene.transform.Transform;
import javax.imageio.ImageIO;

/** Exports the visible part of the map as an image file. FX thread only; the content is encoded off it. */
final class MapExport {
    /** Image pixels per layout pixel, so that the image can be printed. */
    private static final int PNG_SCALE = 2;

    private MapExport() {}

    /** A PNG of the canvas. */
    static MemoryMapViewModel.ExportContent toPng(MapCanvas canvas) {
        SnapshotParameters parameters = new SnapshotParameters();
        parameters.setTransform(Transform.scale(PNG_SCALE, PNG_SCALE));
        WritableImage snapshot = canvas.snapshot(parameters, null);
        int width = (int) snapshot.getWidth();
        int height = (int) snapshot.getHeight();
        int[] pixels = new int[width * height];
        snapshot.getPixelReader().getPixels(0, 0, width, height, PixelFormat.getIntArgbInstance(), pixels, 0, width);
        return () -> {
            BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
            image.setRGB(0, 0, width, height, pixels, 0, width);
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            ImageIO.write(image, "png", bytes);
            return bytes.toByteArray();
        };
    }

    /** An SVG with shapes and texts. */
    static MemoryMapViewModel.ExportContent toSvg(MapCanvas canvas, MemoryMapViewModel model) {
        SvgWriter writer = new SvgWriter(
                model.treeProperty().get(), canvas.paletteProperty().get(), model.regionMessages());
        String svg = writer.write(canvas.boxes(), canvas.getWidth(), canvas.getHeight());
        return () -> svg.getBytes(StandardCharsets.UTF_8);
    }
}
