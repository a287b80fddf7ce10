package org.switchback.hardware;

/** How far the kernel restricts root (/sys/kernel/security/lockdown; security/lockdown/lockdown.c). */
public enum Lockdown {
    NONE,
    INTEGRITY,
    CONFIDENTIALITY,
    /** securityfs is not mounted or not readable. */
    UNKNOWN;

    /**
     * Parses the content of the lockdown file.
     *
     * @param text available modes with the active one in brackets: {@code none [integrity] confidentiality}
     */
    static Lockdown parse(String text) {
        int open = text.indexOf('[');
        int close = text.indexOf(']', open + 1);
        if (open < 0 || close < 0) {
            return UNKNOWN;
        }
        return KebabCase.parse(Lockdown.class, text.substring(open + 1, close)).orElse(UNKNOWN);
    }
}
