package org.switchback.hardware;

/** Holds the place of this package until its first real class. */
public final class Hardware {
    private Hardware() {}
}
