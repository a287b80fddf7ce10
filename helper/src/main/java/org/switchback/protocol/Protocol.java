package org.switchback.protocol;

/** Holds the place of this package until its first real class. */
public final class Protocol {
    private Protocol() {}
}
