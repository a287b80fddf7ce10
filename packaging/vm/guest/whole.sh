# shellcheck shell=bash
# What the jobs on a whole Debian share: its start, patience, and what a start leaves for the next. Sourced.
# shellcheck source=checks.sh
. /job/checks.sh

BOOT=switchback-boot@$GPU.service
# What one start leaves for the next.
KEPT=/var/lib/trial
# Which start this is.
TRIAL=$(sed 's/.*trial=\([0-9]\).*/\1/' /proc/cmdline)
stty -F /dev/ttyS3 raw -echo
mkdir -p /out $KEPT
rm -f /out/*

# patiently COMMAND... : four minutes at most. Everything here is a processor that is emulated.
patiently() {
    local end=$((SECONDS + 240))
    while ((SECONDS < end)); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.5
    done
    echo "not within four minutes: $*"
    return 1
}

# need TEXT COMMAND... : a check without which what follows has no sense.
need() {
    local before=$failures
    check "$@"
    ((failures == before)) && return
    stopped
    finish
    exit
}

# What a job has to do when it stops, and to leave when it ends, unless it knows something.
stopped() { :; }
left() { :; }

# finish: leaves what the start has to tell.
finish() {
    left
    journalctl -b --no-pager >/out/journal.txt
    dmesg >/out/dmesg.txt
    echo "1..$count"
}

active() { systemctl -q is-active "$1"; }
inactive() { ! active "$1"; }

whole_debian() {
    note "$(uname -r), $(cut -d ' ' -f 1 /proc/uptime) s after the start"
    check "systemd has started everything" patiently sh -c 'systemctl is-system-running | grep -qx -e running -e degraded'
    systemctl --failed --no-legend | sed 's/^/# failed: /'
}
