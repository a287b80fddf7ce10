package org.switchback.service;

/** Starts the helper. */
public final class HelperMain {
    private HelperMain() {}

    public static void main(String[] args) {
        System.out.println("switchback-helper 0.1.0");
    }
}
