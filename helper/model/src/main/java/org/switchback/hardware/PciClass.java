package org.switchback.hardware;

/**
 * Class of a PCI function: base class, subclass and programming interface (PCI Code and ID Assignment Specification;
 * include/linux/pci_ids.h).
 *
 * @param code 24 bits, as in the sysfs file {@code class}
 */
public record PciClass(int code) {
    /** Base class, 0 to 255. */
    public int baseClass() {
        return code >> 16 & 0xff;
    }

    /** Base class and subclass, 16 bits, as {@code lspci -nn} prints it in brackets: 0x0300. */
    public int baseAndSubclass() {
        return code >> 8 & 0xffff;
    }

    public boolean isDisplay() {
        return baseClass() == 0x03;
    }

    /** Whether this is the only display class for which vfio-pci evicts boot framebuffers ({@code vfio_pci_is_vga}). */
    public boolean isVga() {
        return baseAndSubclass() == 0x0300;
    }

    public boolean isBridge() {
        return baseClass() == 0x06;
    }

    /** Whether this is a multimedia function, usually sound. */
    public boolean isMultimedia() {
        return baseClass() == 0x04;
    }

    /** Whether this is a USB controller, USB4 included. */
    public boolean isUsbController() {
        return baseAndSubclass() == 0x0c03;
    }

    /**
     * Whether graphics cards have functions of this class: display, sound, USB, and the controller of a USB-C port
     * (0c80).
     */
    public boolean isOnGraphicsCards() {
        return isDisplay() || isMultimedia() || isUsbController() || baseAndSubclass() == 0x0c80;
    }

    /**
     * Whether a function of this class may be moved together with a GPU if an administrator says so: those that
     * graphics cards have, and encryption (10) and signal processing (11), which APUs have in the same group.
     */
    public boolean isMovable() {
        return isOnGraphicsCards() || baseClass() == 0x10 || baseClass() == 0x11;
    }

    public boolean isStorage() {
        return baseClass() == 0x01;
    }

    public boolean isNetwork() {
        return baseClass() == 0x02;
    }

    /** Base class and subclass as four hexadecimal digits: {@code 0300}. */
    @Override
    public String toString() {
        return String.format("%04x", baseAndSubclass());
    }
}
