# shellcheck shell=bash
# Checks the authorization of every polkit action and every D-Bus method for five callers: root, a user at the seat, a
# user at an inactive terminal, a user logged in over SSH, and a process without a session (user nobody); as the real
# polkit and systemd-logind see them. Sourced by debian-desktop.

# run_in_session_of USER LINE: has the user's session run a shell line, and prints its output.
run_in_session_of() {
    echo "{ $2; } >~/output 2>&1; touch ~/done" >"/home/$1/commands"
    wait_long test -e "/home/$1/done" || return
    cat "/home/$1/output"
    rm -f "/home/$1/done" "/home/$1/output"
}

# run_as_caller CALLER LINE: has that caller's shell run a line, and prints its output.
run_as_caller() {
    local caller=$1 line=$2
    case $caller in
        root) sh -c "$line" ;;
        active) run_in_session_of ann "$line" ;;
        inactive) run_in_session_of bob "$line" ;;
        ssh) ssh -i /root/key -o StrictHostKeyChecking=no -o LogLevel=ERROR ann@127.0.0.1 "$line" ;;
        nobody) runuser -u nobody -- sh -c "$line" ;;
    esac 2>&1
}

# polkit_results CALLER: polkit's result for each action, without a prompt: 0 yes, 1 no, 2 after a password.
polkit_results() {
    # shellcheck disable=SC2016  # the caller's shell expands it
    local line='for action in inspect inspect-all switch switch-display switch-with-others switch-display-with-others
            restore; do
        pkcheck --action-id org.switchback.helper.$action --process $$ >/dev/null 2>&1; printf "%s " $?; done'
    run_as_caller "$1" "$(tr '\n' ' ' <<<"$line")"
}

# call_method CALLER METHOD [SIGNATURE ARGUMENT...]: the beginning of the reply, or the error. No prompt is shown.
call_method() {
    local caller=$1
    shift
    run_as_caller "$caller" \
        "busctl --system call org.switchback.Helper1 /org/switchback/Helper1 org.switchback.Helper1 $*" |
        head -c 200 | tr '\n' ' '
}

# prints TEXT COMMAND... : whether the command's output contains the text.
prints() {
    local expected=$1 output
    shift
    output=$("$@")
    echo "$output"
    [[ $output == *"$expected"* ]]
}

# A session's properties, on one line. Run by sh.
# shellcheck disable=SC2016  # the inner shells expand it
BOB_SESSION='loginctl show-session -p Active -p Remote \
    "$(loginctl list-sessions --no-legend | awk "\$3 == \"bob\" { print \$1; exit }")" | tr "\n" " "'

check_authorization() {
    local caller
    ssh-keygen -q -t ed25519 -N '' -f /root/key
    install -D -o ann -g ann -m 600 /root/key.pub /home/ann/.ssh/authorized_keys
    chown ann:ann /home/ann/.ssh
    systemctl start ssh getty@tty5
    check "bob's session is local and inactive" wait_long sh -c "$BOB_SESSION | grep -q 'Remote=no Active=no'"
    machine_state >"$WORK/before"

    check "root: everything" prints "0 0 0 0 0 0 0" polkit_results root
    check "active session: inspect; the rest with a password" prints "0 2 2 2 2 2 2" polkit_results active
    check "inactive session: no inspecting; the rest with a password" prints "1 1 2 2 2 2 2" polkit_results inactive
    check "SSH: everything with a password" prints "2 2 2 2 2 2 2" polkit_results ssh
    check "no session: everything with a password" prints "2 2 2 2 2 2 2" polkit_results nobody

    for caller in root active inactive ssh nobody; do
        check "$caller: Version" prints "i 3" call_method "$caller" Version
    done
    for caller in root active; do
        check "$caller: Inspect" prints "switchback-capture" call_method "$caller" Inspect
        check "$caller: Plan" prints "$GPU" call_method "$caller" Plan ssasb "$GPU" vm 0 false
    done
    check "root: InspectAll" prints "switchback-capture" call_method root InspectAll
    for caller in inactive ssh nobody; do
        check "$caller: Inspect" prints "Not authorized" call_method "$caller" Inspect
        check "$caller: InspectAll" prints "Not authorized" call_method "$caller" InspectAll
        check "$caller: Plan" prints "Not authorized" call_method "$caller" Plan ssasb "$GPU" vm 0 false
        check "$caller: Apply with an unknown plan" prints "No such plan" \
            call_method "$caller" Apply s 00000000000000000000000000000000
        # The reply of Restore is only the job's path. The job of an unauthorized caller ends without a change.
        check "$caller: Restore" prints "/org/switchback/Helper1/job" call_method "$caller" Restore s "$GPU"
    done
    sleep 5
    check "none of these calls changed anything" state_equals "$WORK/before"
    systemctl stop ssh getty@tty5
}
