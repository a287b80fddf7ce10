package org.switchback.bus;

/**
 * Limits of the calls that reach the helper's objects.
 *
 * @param perSecond calls per second that a user may make continuously
 * @param burst calls that a user may make at once
 * @param concurrentPerUser calls of a user that are handled at the same time; the others wait
 * @param concurrentOfOthers calls of all users but the privileged one that are handled at the same time
 * @param privilegedUid user whose calls come first and are not limited; -1 if there is none
 */
public record CallLimits(
        double perSecond, double burst, int concurrentPerUser, int concurrentOfOthers, long privilegedUid) {
    /** No limits. */
    public static final CallLimits NONE =
            new CallLimits(0, Double.POSITIVE_INFINITY, Integer.MAX_VALUE, Integer.MAX_VALUE, -1);
}
