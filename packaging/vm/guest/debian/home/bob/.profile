# Bob's hands at his terminal, as ann's on her desktop.
rm -f ~/hands
mkfifo -m 666 ~/hands
while read -r order; do sh -c "$order"; done <>~/hands
