# shellcheck shell=bash
# What the jobs of the full guest share: checks as TAP, the command line as a user, and what a switch may change. Sourced.
# shellcheck source=hand-over.sh
. /job/hand-over.sh

# Those of most machines; /job/parameters may name others.
[ -v GPU ] || GPU=0000:01:00.0
AUDIO=0000:01:00.1
[ -v FUNCTIONS ] || FUNCTIONS=("$GPU" "$AUDIO")
WORK=$(mktemp -d)
count=0 failures=0

# --- Checks -----------------------------------------------------------------------------------------------------------

# check TEXT COMMAND... : one line of the result. What the command prints is shown only when it fails.
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

# switchback WORD... as a user: leaves the exit code in $code, the output in $WORK/out, the wall time in $took.
as() {
    local user=$1 start=${EPOCHREALTIME/./}
    shift
    timeout 300 runuser -u "$user" -- env -i HOME="$(getent passwd "$user" | cut -d: -f6)" USER="$user" LANG=C.UTF-8 PATH=/usr/bin:/bin \
        switchback "$@" >"$WORK/out" 2>&1 </dev/null
    code=$?
    took=$(((${EPOCHREALTIME/./} - start) / 1000))
    {
        echo "== $user: switchback $*   -> $code, $took ms"
        cat "$WORK/out"
    } >>/out/commands.log
    # A helper that hangs tells the bus's log what its threads do.
    if grep -q 'has not answered' "$WORK/out"; then
        echo "== $user: switchback $*" >>/run/bus.log
        pkill -QUIT -f org.switchback.service.HelperMain
        sleep 1
    fi
}

exited() {
    [ "$code" = "$1" ] && return 0
    echo "exit code $code instead of $1"
    cat "$WORK/out"
    return 1
}

says() {
    local text
    for text in "$@"; do
        grep -qF -- "$text" "$WORK/out" && continue
        echo "\"$text\" is missing in:"
        cat "$WORK/out"
        return 1
    done
}

# wait_for COMMAND... : ten seconds at most.
wait_for() {
    local tries
    for ((tries = 0; tries < 100; tries++)); do
        "$@" && return
        sleep 0.1
    done
    return 1
}

# started NAME : has the bus start a service, however long an overloaded build machine takes over it.
started() {
    dbus-send --system --print-reply --reply-timeout=120000 --dest=org.freedesktop.DBus /org/freedesktop/DBus \
        org.freedesktop.DBus.StartServiceByName "string:$1" uint32:0
}

# refused NAME... : exit code 3, and the names in the output.
refused() { exited 3 && says "$@"; }

# --- What a switch may change, as text to compare ---------------------------------------------------------------------

drivers() {
    local function
    for function in "${FUNCTIONS[@]}"; do
        echo "$function driver $(driver_of "$function")"
        echo "$function override $(cat "$PCI/$function/driver_override")"
        echo "$function power $(cat "$PCI/$function/power/control") d3cold $(cat "$PCI/$function/d3cold_allowed")"
    done
}

screen() {
    local console framebuffer
    echo "inside the BARs: $(inside_bars)"
    for framebuffer in /sys/bus/platform/devices/*-framebuffer.*; do
        # One without driver and region is nobody's loss; vfio-pci's eviction takes its device away from 6.12 on.
        [ ! -e "$framebuffer/driver" ] || echo "${framebuffer##*/} driver $(basename "$(readlink "$framebuffer/driver")")"
    done
    for console in /sys/class/vtconsole/*; do echo "$(cat "$console/name"): $(cat "$console/bind")"; done
    cat /sys/class/graphics/fb*/name 2>/dev/null
}

everything() {
    drivers
    screen
    # 12288: out of tree, unsigned. That is Switchback's module; whether it was needed is the plan's concern.
    echo "taint $(($(cat /proc/sys/kernel/tainted) & ~12288))"
}

# same BEFORE: nothing differs from what was saved. The sound card and the console come back a moment later.
same() {
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        everything >"$WORK/now"
        diff "$1" "$WORK/now" >"$WORK/difference" && return 0
        sleep 0.3
    done
    cat "$WORK/difference"
    return 1
}

# native_driver: loads the first GPU's and waits until it has the GPU. It is called bochs-drm up to 5.10 and bochs later.
native_driver() {
    modprobe -q bochs || modprobe -q bochs-drm
    wait_for is_native
}
is_native() { [ "$(driver_of "$GPU")" = bochs-drm ]; }

on_vfio() { drivers >"$WORK/now"; [ "$(grep -c 'driver vfio-pci$' "$WORK/now")" = ${#FUNCTIONS[@]} ] || { cat "$WORK/now"; return 1; }; }

every_bar() { /job/vfio-client --time "${FUNCTIONS[@]}"; }

# "00.0: 0 2 6; 00.1: 0", and REFUSED behind a BAR that was.
client_row() {
    awk '/^device/ { printf "%s%s:", between, substr($2, 9); between = "; "; next }
         /^BAR/ { printf " %s%s", $2, $3 == "refused" ? " REFUSED" : ""; next }
         /^took / { next }
         { printf "%s%s", between, $0; between = "; " }' "$1"
}

# --- The state that a machine starts in -------------------------------------------------------------------------------

# FRAMEBUFFER, from /job/parameters, is what has the firmware's framebuffer when the machine starts:
#   efifb, simplefb, simpledrm   that driver
#   none                         no driver: the region lies in the BAR alone
#   absent                       there is no framebuffer
# Both drivers are modules, but for simplefb on 5.10.
# shellcheck disable=SC2153  # from /job/parameters
prepare_framebuffer() { case $FRAMEBUFFER in simplefb | simpledrm) modprobe -q "$FRAMEBUFFER" ;; esac; }

# lies_there PATTERN: what lies in the boot GPU's BARs, names from the outside in.
lies_there() { [[ "$(inside_bars)" =~ ^($1)$ ]] || { echo "there lies: $(inside_bars)"; return 1; }; }

# A result counts only when the machine really is in the state that it goes by.
starts_as_named() {
    case $FRAMEBUFFER in
        efifb) lies_there efifb ;;
        simplefb | simpledrm)
            # Before 5.19 simplefb claims no region of its own.
            lies_there "$([ "$KERNEL" = 5.10 ] && echo BOOTFB || echo 'BOOTFB .+')" &&
                test -e /sys/bus/platform/devices/simple-framebuffer.0/driver
            ;;
        none) lies_there BOOTFB ;;
        absent) lies_there '' ;;
    esac
}
