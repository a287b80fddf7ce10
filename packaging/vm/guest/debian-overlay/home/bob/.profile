# shellcheck shell=sh
# Runs the commands that the test writes into a FIFO, in bob's terminal session.
rm -f ~/commands
mkfifo -m 666 ~/commands
while read -r command; do sh -c "$command"; done <>~/commands
