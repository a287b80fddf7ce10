# shellcheck shell=bash
# Shared by the jobs on an installed Debian: waiting for the boot, long timeouts, and state kept between boots. Sourced.
# shellcheck source=checks.sh
. /job/checks.sh

# shellcheck disable=SC2034  # used by the jobs
BOOT_UNIT=switchback-boot@$GPU.service
# Files that one boot keeps for the next.
STATE_DIR=/var/lib/guest-job
# Which boot of the test this is, from the kernel's command line.
# shellcheck disable=SC2034  # used by the jobs
BOOT_NUMBER=$(sed 's/.*test_boot=\([0-9]\).*/\1/' /proc/cmdline)
stty -F /dev/ttyS3 raw -echo
mkdir -p /out $STATE_DIR
rm -f /out/*

# wait_long COMMAND... : repeats the command until it succeeds, for four minutes at most. The processor is emulated, so
# everything is slow.
wait_long() {
    local end=$((SECONDS + 240))
    while ((SECONDS < end)); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.5
    done
    echo "not within four minutes: $*"
    return 1
}

# require TEXT COMMAND... : a check that all later ones depend on; its failure ends the job.
require() {
    local before=$failures
    check "$@"
    ((failures == before)) && return
    on_abort
    finish
    exit
}

# Hooks that a job may replace: on_abort runs when a required check fails, save_logs at the end of every boot.
on_abort() { :; }
save_logs() { :; }

# finish: saves the logs and prints the TAP plan.
finish() {
    save_logs
    journalctl -b --no-pager >/out/journal.txt
    dmesg >/out/dmesg.txt
    echo "1..$count"
}

active() { systemctl -q is-active "$1"; }
inactive() { ! active "$1"; }

wait_for_boot() {
    note "$(uname -r), $(cut -d ' ' -f 1 /proc/uptime) s after boot"
    check "systemd has started all units" wait_long \
        sh -c 'systemctl is-system-running | grep -qx -e running -e degraded'
    systemctl --failed --no-legend | sed 's/^/# failed: /'
}
