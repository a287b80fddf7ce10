# shellcheck shell=bash
# Shared by the jobs that test the product: TAP checks, the command line run as a user, and the state that a switch may
# change. Sourced.
# shellcheck source=sysfs.sh
. /job/sysfs.sh

# The addresses on most machines; /job/parameters may set others.
[ -v GPU ] || GPU=0000:01:00.0
AUDIO=0000:01:00.1
[ -v FUNCTIONS ] || FUNCTIONS=("$GPU" "$AUDIO")
WORK=$(mktemp -d)
count=0 failures=0

# --- Checks -----------------------------------------------------------------------------------------------------------

# check TEXT COMMAND... : runs the command and prints one TAP line. The command's output is shown only if it fails.
check() {
    local text=$1
    shift
    count=$((count + 1))
    if "$@" >"$WORK/check" 2>&1; then
        echo "ok $count - $text"
    else
        failures=$((failures + 1))
        echo "not ok $count - $text"
        head -n 30 "$WORK/check" | sed 's/^/#   /'
    fi
}

note() { echo "# $*"; }

# switchback_as USER ARGUMENT... : runs the command line as that user. Sets $exit_code and $elapsed_ms (wall time); the
# output is in $WORK/out.
switchback_as() {
    local user=$1 start=${EPOCHREALTIME/./} home
    shift
    home=$(getent passwd "$user" | cut -d: -f6)
    timeout 300 runuser -u "$user" -- env -i HOME="$home" USER="$user" LANG=C.UTF-8 PATH=/usr/bin:/bin \
        switchback "$@" >"$WORK/out" 2>&1 </dev/null
    exit_code=$?
    elapsed_ms=$(((${EPOCHREALTIME/./} - start) / 1000))
    {
        echo "== $user: switchback $*   -> $exit_code, $elapsed_ms ms"
        cat "$WORK/out"
    } >>/out/commands.log
    # SIGQUIT makes a helper that hangs write its thread dump into the bus log.
    if grep -qE 'has not answered|did not answer' "$WORK/out"; then
        echo "== $user: switchback $*" >>/run/bus.log
        pkill -QUIT -f org.switchback.service.HelperMain
        sleep 1
    fi
}

exited_with() {
    [ "$exit_code" = "$1" ] && return 0
    echo "exit code $exit_code instead of $1"
    cat "$WORK/out"
    return 1
}

output_has() {
    local text
    for text in "$@"; do
        grep -qF -- "$text" "$WORK/out" && continue
        echo "\"$text\" is missing in:"
        cat "$WORK/out"
        return 1
    done
}

# refused_naming TEXT... : exit code 3, and the texts in the output.
refused_naming() { exited_with 3 && output_has "$@"; }

# wait_for COMMAND... : repeats the command until it succeeds, for ten seconds at most.
wait_for() {
    local tries
    for ((tries = 0; tries < 100; tries++)); do
        "$@" && return
        sleep 0.1
    done
    return 1
}

# start_bus_service NAME : has the bus start a service. The long timeout allows for an overloaded build machine.
start_bus_service() {
    dbus-send --system --print-reply --reply-timeout=120000 --dest=org.freedesktop.DBus /org/freedesktop/DBus \
        org.freedesktop.DBus.StartServiceByName "string:$1" uint32:0
}

start_polkit_and_helper() {
    start_bus_service org.freedesktop.PolicyKit1 && start_bus_service org.switchback.Helper1
}

# --- The state that a switch may change, as text to compare -----------------------------------------------------------

driver_state() {
    local function
    for function in "${FUNCTIONS[@]}"; do
        echo "$function driver $(driver_of "$function")"
        echo "$function override $(cat "$PCI/$function/driver_override")"
        echo "$function power $(cat "$PCI/$function/power/control") d3cold $(cat "$PCI/$function/d3cold_allowed")"
    done
}

framebuffer_state() {
    local console device
    echo "inside the BARs: $(regions_in_bars)"
    for device in /sys/bus/platform/devices/*-framebuffer.*; do
        # A device without driver and region does not count: from 6.12 on vfio-pci's eviction removes it.
        [ ! -e "$device/driver" ] || echo "${device##*/} driver $(basename "$(readlink "$device/driver")")"
    done
    for console in /sys/class/vtconsole/*; do echo "$(cat "$console/name"): $(cat "$console/bind")"; done
    cat /sys/class/graphics/fb*/name 2>/dev/null
}

machine_state() {
    driver_state
    framebuffer_state
    # 12288: out of tree, unsigned. Switchback's module sets these flags; whether it was needed is checked with the
    # plan.
    echo "taint $(($(cat /proc/sys/kernel/tainted) & ~12288))"
}

# state_equals FILE: compares the machine's state with a saved one. The sound card and the console return with a delay,
# so the comparison is repeated for three seconds. The difference is in $WORK/difference.
state_equals() {
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        machine_state >"$WORK/now"
        diff "$1" "$WORK/now" >"$WORK/difference" && return 0
        sleep 0.3
    done
    cat "$WORK/difference"
    return 1
}

# load_native_driver: loads the first GPU's driver and waits until it is bound. Its module is called bochs-drm up to
# 5.10 and bochs later.
load_native_driver() {
    modprobe -q bochs || modprobe -q bochs-drm
    wait_for on_native_driver
}
on_native_driver() { [ "$(driver_of "$GPU")" = bochs-drm ]; }

all_on_vfio() {
    driver_state >"$WORK/now"
    [ "$(grep -c 'driver vfio-pci$' "$WORK/now")" = ${#FUNCTIONS[@]} ] || {
        cat "$WORK/now"
        return 1
    }
}

client_reads_every_bar() { /job/vfio-client --time "${FUNCTIONS[@]}"; }

# summarize_client FILE: the output of vfio-client on one line, such as "00.0: 0 2 6; 00.1: 0", with REFUSED behind each
# refused BAR.
summarize_client() {
    awk '/^device/ { printf "%s%s:", between, substr($2, 9); between = "; "; next }
         /^BAR/ { printf " %s%s", $2, $3 == "refused" ? " REFUSED" : ""; next }
         /^took / { next }
         { printf "%s%s", between, $0; between = "; " }' "$1"
}

# kernel_errors_since LINE: the kernel's error messages after that line of its log.
kernel_errors_since() { dmesg | tail -n +$(($1 + 1)) | grep -E "$KERNEL_ERRORS|can't reserve"; }
kernel_log_is_clean() { ! kernel_errors_since "${1:-0}"; }

# --- The framebuffer's initial state ----------------------------------------------------------------------------------

# FRAMEBUFFER, from /job/parameters, is the initial user of the firmware's framebuffer:
#   efifb, simplefb, simpledrm   that driver
#   none                         no driver: only the region is in the BAR
#   absent                       there is no framebuffer
# simplefb and simpledrm are modules, except simplefb on 5.10.
# shellcheck disable=SC2153  # from /job/parameters
load_framebuffer_driver() { case $FRAMEBUFFER in simplefb | simpledrm) modprobe -q "$FRAMEBUFFER" ;; esac }

# bars_hold PATTERN: whether the names of the regions in the boot GPU's BARs, from the outside in, match the pattern.
bars_hold() {
    [[ "$(regions_in_bars)" =~ ^($1)$ ]] || {
        echo "in the BARs: $(regions_in_bars)"
        return 1
    }
}

# Whether the machine really is in the state that FRAMEBUFFER names; without that a result means nothing.
framebuffer_is_as_configured() {
    case $FRAMEBUFFER in
        efifb) bars_hold efifb ;;
        simplefb | simpledrm)
            # Before 5.19 simplefb reserves no region of its own.
            bars_hold "$([ "$KERNEL" = 5.10 ] && echo BOOTFB || echo 'BOOTFB .+')" &&
                test -e /sys/bus/platform/devices/simple-framebuffer.0/driver
            ;;
        none) bars_hold BOOTFB ;;
        absent) bars_hold '' ;;
    esac
}
