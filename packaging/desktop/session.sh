# shellcheck shell=bash
# Sourced by the scripts beside it: a desktop session of their own on a virtual screen, with a home that goes when they do.

home=''

# usage: ends the script with what the comment at its top says.
usage() {
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"
    exit 2
}

# new_home: the next session's, empty.
new_home() {
    home=$(mktemp -d)
    trap 'rm -rf "$home"' EXIT
    unset DISPLAY WAYLAND_DISPLAY DBUS_SESSION_BUS_ADDRESS
    export HOME=$home XDG_CONFIG_HOME=$home/config XDG_STATE_HOME=$home/state XDG_RUNTIME_DIR=$home NO_AT_BRIDGE=1
    export GSETTINGS_BACKEND=memory
}

# in_session COMMAND...: has its exit code; what it wrote to standard error is shown where that isn't 0.
in_session() {
    local code=0
    # -noreset: a server that is left by its last client for a moment would throw out whoever is just coming.
    xvfb-run -a -s "-screen 0 ${screen:-1280x900x24} -noreset" dbus-run-session -- "$@" 2>"$home/errors" || code=$?
    ((code == 0)) || tail -20 "$home/errors" >&2
    return "$code"
}
