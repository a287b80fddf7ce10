package org.switchback.gui.readiness;

import org.switchback.client.readiness.CheckResult;
import org.switchback.client.readiness.ReadinessCheckKind;

/**
 * A row of the readiness page.
 *
 * @param text the finding, one line each if there are several
 * @param advice what to do; empty if nothing has to be done
 */
public record CheckRow(
        ReadinessCheckKind check, CheckResult.CheckStatus status, String title, String text, String advice) {}
