# shellcheck shell=bash
# Sourced by the scripts beside it: starts a private desktop session on a virtual screen, with a temporary home
# directory.

home=''

# usage: prints the comment at the top of the script and exits with 2.
usage() {
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"
    exit 2
}

# new_home: creates an empty home directory for the next session and removes it at the end of the script.
new_home() {
    home=$(mktemp -d)
    trap 'rm -rf "$home"' EXIT
    unset DISPLAY WAYLAND_DISPLAY DBUS_SESSION_BUS_ADDRESS
    export HOME=$home XDG_CONFIG_HOME=$home/config XDG_STATE_HOME=$home/state XDG_RUNTIME_DIR=$home NO_AT_BRIDGE=1
    export GSETTINGS_BACKEND=memory
}

# in_session COMMAND...: runs the command in a session and returns its exit code. If that is not 0, the end of its
# standard error is printed.
in_session() {
    local code=0
    # -noreset: without it the X server resets when its last client disconnects, and would drop a client that is just
    # connecting.
    xvfb-run -a -s "-screen 0 ${screen:-1280x900x24} -noreset" dbus-run-session -- "$@" 2>"$home/errors" || code=$?
    ((code == 0)) || tail -20 "$home/errors" >&2
    return "$code"
}
