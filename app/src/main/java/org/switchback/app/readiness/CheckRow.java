package org.switchback.app.readiness;

/**
 * A check as a row.
 *
 * @param check  which one
 * @param result in short
 * @param title  what it is about
 * @param text   what was found; several lines for several things
 * @param advice what to do about it; empty when there is nothing to do
 */
public record CheckRow(Check check, Finding.Result result, String title, String text, String advice) {}
