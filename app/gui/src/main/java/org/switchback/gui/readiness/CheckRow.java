package org.switchback.gui.readiness;

import org.switchback.client.readiness.CheckResult;
import org.switchback.client.readiness.ReadinessCheck;

/**
 * A check as a row.
 *
 * @param check  which one
 * @param status in short
 * @param title  what it is about
 * @param text   what was found; several lines for several things
 * @param advice what to do about it; empty when there is nothing to do
 */
public record CheckRow(ReadinessCheck check, CheckResult.CheckStatus status, String title, String text, String advice) {}
