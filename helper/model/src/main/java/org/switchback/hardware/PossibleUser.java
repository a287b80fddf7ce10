package org.switchback.hardware;

/**
 * A process that has a node open that several GPUs share, and which therefore may use a certain one of them.
 *
 * @param user the process and the shared node
 * @param usesAnotherGpu whether the process has the own node of another of these GPUs open, which explains the shared
 *     node
 */
public record PossibleUser(DeviceUser user, boolean usesAnotherGpu) {}
