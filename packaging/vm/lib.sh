# shellcheck shell=bash
# Functions shared by the real-kernel tests: the cache, Debian's kernels, the initramfs and the machine itself.
# Sourced, never run.

# A failure inside $(...) ends the script too.
shopt -s inherit_errexit

VM_SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
VM_CACHE=${SWITCHBACK_VM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/switchback-vm}
VM_STARTED=$(date +%s%N)

# Seconds since the script began, with one decimal: every stage says how long it took.
vm_elapsed() {
    local ms=$((($(date +%s%N) - VM_STARTED) / 1000000))
    printf '%d.%d' $((ms / 1000)) $((ms % 1000 / 100))
}

# vm_usage: ends the script with what the comment at its top says.
vm_usage() {
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"
    exit 2
}

vm_log() { printf '[%6ss] %s\n' "$(vm_elapsed)" "$*" >&2; }

vm_die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# vm_need FILE-OR-COMMAND=PACKAGE... : installs the packages whose file or command is missing, and says so.
vm_need() {
    local pair thing missing=()
    for pair in "$@"; do
        thing=${pair%%=*}
        case $thing in
            /*) [ -e "$thing" ] || missing+=("${pair#*=}") ;;
            *) command -v "$thing" >/dev/null || missing+=("${pair#*=}") ;;
        esac
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    [ "$(id -u)" = 0 ] || vm_die "missing packages: ${missing[*]} (install them, or run this as root)"
    vm_log "installing ${missing[*]}"
    apt-get update -q >"$VM_CACHE/apt-install.log" 2>&1 || true
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" \
        >>"$VM_CACHE/apt-install.log" 2>&1 ||
        vm_die "apt-get could not install ${missing[*]}; see $VM_CACHE/apt-install.log"
}

vm_need_tools() {
    mkdir -p "$VM_CACHE/initramfs"
    vm_need qemu-system-x86_64=qemu-system-x86 /usr/share/ovmf/OVMF.fd=ovmf \
        /bin/busybox=busybox-static cpio=cpio gcc=gcc /usr/include/linux/vfio.h=linux-libc-dev \
        /usr/include/stdio.h=libc6-dev xz=xz-utils depmod=kmod
    # The guest has no shared libraries, so its busybox must be the static one.
    if ! busybox_is_static; then
        vm_log "replacing busybox by busybox-static"
        DEBIAN_FRONTEND=noninteractive apt-get install -q -y busybox-static >>"$VM_CACHE/apt-install.log" 2>&1 ||
            vm_die "busybox-static is needed"
    fi
}

busybox_is_static() { ! ldd /bin/busybox >/dev/null 2>&1; }

# The mirror of the machine's own apt, so that other suites come from where this one comes from.
# $1: the archive's label, "Debian" or "Debian-Security".
vm_mirror() {
    # apt expands the variables, not the shell.
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' |
        awk -v label="$1" '$1 == label { print $2; exit }'
}

# --- Debian's kernels -------------------------------------------------------------------------------------------------

# An apt of its own for another suite: same mirror, same keys, nothing installed, nothing of the machine touched.
vm_apt() {
    local suite=$1 base=$VM_CACHE/apt/$1 tool=$2
    shift 2
    mkdir -p "$base"/{lists/partial,archives/partial,etc}
    [ -e "$base/status" ] || : >"$base/status"
    "$tool" -q \
        -o Dir::Etc::SourceList="$base/etc/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
        -o Dir::State="$base" -o Dir::State::Lists="$base/lists" -o Dir::State::Status="$base/status" \
        -o Dir::Cache="$base" -o Dir::Cache::Archives="$base/archives" \
        -o APT::Sandbox::User="$(id -un)" -o APT::Architecture=amd64 -o APT::Architectures::=amd64 \
        -o APT::Update::Post-Invoke-Success::=true -o Acquire::Languages=none "$@"
}

vm_apt_update() {
    local suite=$1 base=$VM_CACHE/apt/$1 mirror security
    mirror=$(vm_mirror Debian)
    security=$(vm_mirror Debian-Security)
    [ -n "$mirror" ] || vm_die "this machine's apt knows no Debian mirror"
    mkdir -p "$base/etc"
    local keys=/usr/share/keyrings/debian-archive-keyring.gpg
    echo "deb [signed-by=$keys] $mirror $suite main" >"$base/etc/sources.list"
    # Stable users run the security archive's kernel. Unstable has none, and an old release may have lost its own.
    if [ -n "$security" ] && [ "$suite" != sid ] && [ "$suite" != unstable ]; then
        echo "deb [signed-by=$keys] $security $suite-security main" >>"$base/etc/sources.list"
        vm_apt "$suite" apt-get update >"$base/update.log" 2>&1 && ! grep -q '^[EW]:' "$base/update.log" && return 0
        sed -i '$d' "$base/etc/sources.list"
    fi
    vm_apt "$suite" apt-get update >"$base/update.log" 2>&1 || vm_die "apt-get update for $suite; see $base/update.log"
}

# vm_kernel SUITE: makes $VM_CACHE/kernel/SUITE with `release`, `vmlinuz` and a module tree in `root`.
# A cached kernel is kept until SWITCHBACK_VM_REFRESH=1 asks for the mirror's newest.
vm_kernel() {
    local suite=$1 dir=$VM_CACHE/kernel/$1 release deb packages
    if [ -e "$dir/release" ] && [ -z "${SWITCHBACK_VM_REFRESH:-}" ]; then
        return 0
    fi
    vm_log "fetching the kernel of $suite"
    vm_apt_update "$suite"
    # The metapackage leads to the real one; newer releases split it into several, all named linux-*.
    packages=$(vm_apt "$suite" apt-get install -s --no-install-recommends linux-image-amd64 |
        awk '$1 == "Inst" && $2 ~ /^linux-(image|modules|binary|base)-[0-9]/ { print $2 }')
    [ -n "$packages" ] || vm_die "$suite has no linux-image-amd64"
    rm -rf "$dir"
    mkdir -p "$dir/deb" "$dir/root/usr/lib"
    ln -s usr/lib "$dir/root/lib"
    # shellcheck disable=SC2086  # a list of package names
    (cd "$dir/deb" && vm_apt "$suite" apt-get download $packages >/dev/null) || vm_die "download of $packages"
    for deb in "$dir"/deb/*.deb; do
        # tar through the link lib -> usr/lib: older packages still ship /lib.
        dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C "$dir/root"
    done
    release=$(basename "$(echo "$dir"/root/usr/lib/modules/*)")
    cp "$(find "$dir/root" -name "vmlinuz*" -type f | head -n 1)" "$dir/vmlinuz"
    depmod -b "$dir/root" "$release"
    rm -rf "$dir/deb"
    echo "$release" >"$dir/release"
    vm_log "$suite is $release"
}

# vm_any_kernel KERNEL: Debian's of that suite, or one of small-kernel's, in the cache.
vm_any_kernel() {
    case $1 in
        small-*) "$VM_SOURCE/small-kernel" "${1#small-}" ;;
        *) vm_kernel "$1" ;;
    esac
}

# --- The initramfs ----------------------------------------------------------------------------------------------------

# What the machine's hardware and the tests may ask for. Names that a kernel does not have are skipped: 5.10 says
# bochs-drm, later ones bochs; vfio_virqfd is gone from 6.3 on.
VM_MODULES="vfio vfio-pci vfio_iommu_type1 bochs bochs-drm virtio_gpu virtio_pci snd-hda-intel snd-hda-codec-generic
    snd-hda-codec-hdmi fuse i2c-i801 lpc_ich ahci"

# vm_copy_modules SUITE DIRECTORY [FILE]: the wanted modules and what they depend on, uncompressed, with their indexes;
# FILE is a module from elsewhere, installed as one of the distribution's users would have it.
vm_copy_modules() {
    local suite=$1 to=$2 extra=${3:-} kernel=$VM_CACHE/kernel/$1 release module file
    release=$(cat "$kernel/release")
    local tree=usr/lib/modules/$release
    mkdir -p "$to/$tree"
    for module in $VM_MODULES; do
        modprobe -d "$kernel/root" -S "$release" --show-depends "$module" 2>/dev/null || true
    done | awk '$1 == "insmod" { print $2 }' | sort -u | while read -r file; do
        file=/lib/modules/${file#*/lib/modules/}
        mkdir -p "$to/usr${file%/*}"
        # Uncompressed: unpacking xz under an emulated processor costs more than reading the bytes.
        case $file in
            *.xz) xz -dc "$kernel/root/usr$file" >"$to/usr${file%.xz}" ;;
            *) cp "$kernel/root/usr$file" "$to/usr$file" ;;
        esac
    done
    cp "$kernel/root/$tree"/modules.{builtin,builtin.modinfo,order} "$to/$tree/"
    [ -e "$to/lib" ] || ln -s usr/lib "$to/lib"
    [ -z "$extra" ] || install -D -m 644 -t "$to/$tree/extra" "$extra"
    depmod -b "$to" "$release"
}

vm_cpio() { (cd "$1" && find . -print0 | LC_ALL=C sort -z | cpio --quiet -0 -o -H newc -R 0:0 --reproducible); }

# vm_fast_base SUITE: a busybox initramfs with the modules, cached by what goes into it. Prints its path.
vm_fast_base() {
    local suite=$1 key out tree
    key=$({
        cat "$VM_CACHE/kernel/$suite/release" "$VM_SOURCE/guest/init"
        cat "$VM_CACHE/kernel/$suite/key" 2>/dev/null || true # of a kernel that is built here
        stat -c '%s %Y' /bin/busybox
        echo "$VM_MODULES"
    } | sha256sum | cut -c 1-12)
    out=$VM_CACHE/initramfs/fast-$suite-$key.cpio
    if [ ! -e "$out" ]; then
        tree=$(mktemp -d)
        mkdir -p "$tree"/{bin,dev,proc,sys,run,tmp,etc,root,out,usr/bin,usr/sbin}
        ln -s bin "$tree/sbin"
        cp /bin/busybox "$tree/bin/busybox"
        local applet
        for applet in $(busybox --list); do
            [ "$applet" = busybox ] || ln -sf busybox "$tree/bin/$applet"
        done
        printf 'root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000:Ann:/tmp:/bin/sh\n' >"$tree/etc/passwd"
        printf 'root:x:0:\nann:x:1000:\n' >"$tree/etc/group"
        install -m 755 "$VM_SOURCE/guest/init" "$tree/init"
        vm_copy_modules "$suite" "$tree"
        rm -f "$VM_CACHE/initramfs/fast-$suite-"*.cpio
        vm_cpio "$tree" >"$out.part"
        mv "$out.part" "$out"
        rm -rf "$tree"
    fi
    echo "$out"
}

# --- The full user land -----------------------------------------------------------------------------------------------

# vm_key TEXT... : a short name for what a cached file is made from.
vm_key() { printf '%s\n' "$@" | sha256sum | cut -c 1-12; }

# Debian 12 with what Switchback talks to: the bus and its activation, polkit, kmod. No udev and no systemd as PID 1, so
# that nothing else reacts to a bind. Prints the path of the archive.
# vm_user_land PACKAGES: with these as well, a list with commas; it may be empty.
vm_user_land() {
    local more=$1 prefix out tree mirror
    prefix=$VM_CACHE/initramfs/userland-${more:+with-}
    out=$prefix$(vm_key "$(declare -f vm_user_land)" "$more").cpio
    if [ ! -e "$out" ]; then
        vm_need mmdebstrap=mmdebstrap
        vm_log "building the user land${more:+ with $more}"
        mirror=$(vm_mirror Debian)
        tree=$(mktemp -d)
        # The same dates every time, and nothing that only a person reads.
        SOURCE_DATE_EPOCH=1700000000 mmdebstrap --quiet --variant=minbase \
            --include="dbus,polkitd,pkexec,kmod,procps,busybox-static${more:+,$more}" \
            --keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
            --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
            --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
            bookworm "$tree/root" "$mirror" >"$VM_CACHE/mmdebstrap.log" 2>&1 ||
            vm_die "mmdebstrap failed; see $VM_CACHE/mmdebstrap.log"
        (
            cd "$tree/root" || exit
            # Every byte is copied by an emulated processor before PID 1 runs.
            rm -rf usr/share/perl* usr/lib/x86_64-linux-gnu/{perl*,libperl*,gconv} usr/share/{zoneinfo,i18n,bash-completion} \
                usr/lib/{apt,udev} usr/bin/{apt*,perl*} usr/lib/x86_64-linux-gnu/libapt* var/lib/{apt,dpkg} var/cache/* \
                var/log/* dev/* proc/* sys/* run/* tmp/* usr/lib/systemd/systemd-* etc/machine-id
            printf 'ann:x:1000:1000:Ann:/home/ann:/bin/bash\nbob:x:1001:1001:Bob:/home/bob:/bin/bash\n' >>etc/passwd
            printf 'ann:x:1000:\nbob:x:1001:\n' >>etc/group
            install -d -o 1000 -g 1000 home/ann
            install -d -o 1001 -g 1001 home/bob
            find . -print0 | LC_ALL=C sort -z | cpio --quiet -0 -o -H newc --reproducible
        ) >"$out.part"
        rm -f "$prefix"????????????.cpio
        mv "$out.part" "$out"
        rm -rf "$tree"
    fi
    echo "$out"
}

# The build machine's JDK of at least 25: $JAVA_HOME, or the newest under /usr/lib/jvm.
vm_jdk() {
    local home version
    for home in "${JAVA_HOME:-}" $(printf '%s\n' /usr/lib/jvm/* | sort -rV); do
        if [ ! -x "$home/bin/java" ] || [ ! -r "$home/release" ]; then continue; fi
        version=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$home/release")
        if [ "${version:-0}" -ge 25 ]; then
            echo "$home"
            return
        fi
    done
    vm_die "no JDK 25 or later found; set JAVA_HOME"
}

# That JDK without what only developers need, in the guest under /usr/lib/jvm. A copy and no linked image: the product's
# AOT caches belong to the very build that made them. Prints the archive's path.
vm_java() {
    local jdk out tree
    jdk=$(vm_jdk)
    out=$VM_CACHE/initramfs/java-$(vm_key "$(cat "$jdk/release")" "$(declare -f vm_java)").cpio
    if [ ! -e "$out" ]; then
        tree=$(mktemp -d)
        mkdir -p "$tree/usr/lib/jvm/java/bin" "$tree/usr/bin"
        cp -a "$jdk"/{conf,lib,release} "$tree/usr/lib/jvm/java/"
        cp -a "$jdk/bin/java" "$tree/usr/lib/jvm/java/bin/"
        rm -f "$tree"/usr/lib/jvm/java/lib/{src.zip,ct.sym,server/classes_*.jsa}
        ln -s ../lib/jvm/java/bin/java "$tree/usr/bin/java"
        rm -f "$VM_CACHE/initramfs/java-"*.cpio
        vm_cpio "$tree" >"$out.part"
        mv "$out.part" "$out"
        rm -rf "$tree"
    fi
    echo "$out"
}

# vm_modules SUITE [FILE]: the kernel's modules alone, for the full user land. Prints the archive's path.
vm_modules() {
    local suite=$1 extra=${2:-} prefix out tree
    prefix=$VM_CACHE/initramfs/modules-$suite-${extra:+with-}
    out=$prefix$(vm_key "$(cat "$VM_CACHE/kernel/$suite/release")" "$VM_MODULES" \
        "$(cat "$VM_CACHE/kernel/$suite/key" 2>/dev/null)" "${extra:+$(sha256sum <"$extra")}").cpio
    if [ ! -e "$out" ]; then
        tree=$(mktemp -d)
        vm_copy_modules "$suite" "$tree" "$extra"
        rm "$tree/lib" # the user land's own
        rm -f "$prefix"????????????.cpio
        vm_cpio "$tree" >"$out.part"
        mv "$out.part" "$out"
        rm -rf "$tree"
    fi
    echo "$out"
}

# vm_install_product DIRECTORY: the packaged tree, and what a package would put beside it, into a guest's root.
vm_install_product() {
    local tree=$1 project=$VM_SOURCE/../.. product
    product=$project/app/target/switchback
    [ -x "$product/bin/switchback" ] || vm_die "no $product/bin/switchback: run mvn package first"
    mkdir -p "$tree"/usr/{lib,bin} "$tree"/usr/share/dbus-1/{system-services,system.d} \
        "$tree"/usr/share/polkit-1/{actions,rules.d}
    cp "$VM_SOURCE/guest/polkit.rules" "$tree/usr/share/polkit-1/rules.d/10-test.rules"
    cp -a "$product" "$tree/usr/lib/switchback"
    ln -s ../lib/switchback/bin/switchback "$tree/usr/bin/switchback"
    cp "$project/packaging/dbus/org.switchback.Helper1.service" "$tree/usr/share/dbus-1/system-services/"
    cp "$project/packaging/dbus/org.switchback.Helper1.conf" "$tree/usr/share/dbus-1/system.d/"
    cp "$project/packaging/polkit/org.switchback.helper.policy" "$tree/usr/share/polkit-1/actions/"
}

# vm_work: makes a new folder for one guest, and prints its path.
vm_work() { mktemp -d --tmpdir switchback-vm.XXXXXX; }

# vm_full_guest JOB: a new folder whose "tree" has what every full guest needs, with guest/JOB to be run. Prints its path.
vm_full_guest() {
    local work client
    client=$(vm_program vfio-client)
    work=$(vm_work)
    mkdir -p "$work/tree/job"
    install -m 755 "$VM_SOURCE/guest/init-full" "$work/tree/init"
    install -m 755 "$VM_SOURCE/guest/$1" "$work/tree/job/main"
    cp "$VM_SOURCE"/guest/{hand-over.sh,checks.sh} "$client" "$work/tree/job/"
    echo "$work"
}

# vm_full_initrd WORK USER-LAND KERNEL [FILE]: makes WORK/initrd of the user land, the kernel's modules (FILE is one more),
# Java and WORK/tree, which goes.
vm_full_initrd() {
    local work=$1 user_land=$2
    shift 2
    # Later archives lie over earlier ones.
    cat "$user_land" "$(vm_modules "$@")" "$(vm_java)" >"$work/initrd"
    vm_cpio "$work/tree" >>"$work/initrd"
    rm -rf "$work/tree"
}

# vm_program NAME: compiles NAME.c statically into the cache and prints the program's path.
vm_program() {
    local source=$VM_SOURCE/$1.c out=$VM_CACHE/bin/$1
    mkdir -p "$VM_CACHE/bin"
    if [ ! -e "$out" ] || [ "$source" -nt "$out" ]; then
        gcc -std=c11 -O1 -Wall -Wextra -Werror -static -o "$out.part" "$source"
        mv "$out.part" "$out"
    fi
    echo "$out"
}

# --- The module -------------------------------------------------------------------------------------------------------

# vm_headers SUITE: a chroot with the headers of that suite's cached kernel, their compiler and sparse: what a module is
# built with on users' machines. Needs root. Prints its path.
vm_headers() {
    local suite=$1 release root valid
    vm_kernel "$suite"
    release=$(cat "$VM_CACHE/kernel/$suite/release")
    root=$VM_CACHE/headers/$suite-$(vm_key "$release" "$(declare -f vm_headers)")
    if [ ! -e "$root" ]; then
        vm_need mmdebstrap=mmdebstrap
        vm_log "fetching headers and compiler of $suite"
        [ -e "$VM_CACHE/apt/$suite/etc/sources.list" ] || vm_apt_update "$suite"
        # mmdebstrap mounts /proc, /sys and parts of /dev in there. In a name space of its own they go with it, however
        # it ends; and what it left behind is never removed across a mount.
        rm -rf --one-file-system "$VM_CACHE/headers/$suite-"*
        mkdir -p "$VM_CACHE/headers"
        # As on this machine, whose mirror may be a snapshot that is no longer renewed.
        valid=$(apt-config dump --format '%v' Acquire::Check-Valid-Until)
        unshare --mount mmdebstrap --quiet --variant=minbase --include="linux-headers-$release,make,sparse" \
            --aptopt="Acquire::Check-Valid-Until \"${valid:-true}\"" \
            --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
            --dpkgopt='path-exclude=/usr/share/locale/*' \
            "$suite" "$root.part" "$VM_CACHE/apt/$suite/etc/sources.list" >"$VM_CACHE/mmdebstrap-$suite.log" 2>&1 ||
            vm_die "no headers for $release (SWITCHBACK_VM_REFRESH=1?); see $VM_CACHE/mmdebstrap-$suite.log"
        mv "$root.part" "$root"
    fi
    echo "$root"
}

# vm_module SUITE [MAKE-ARGUMENT...]: builds the module from scratch for Debian's kernel of that suite, or for one of
# small-kernel's. Prints where it lies; make's words are in the file "log" beside it.
vm_module() {
    local suite=$1 dir root result=0
    shift
    case $suite in
        small-*) dir=$VM_CACHE/module/$suite root='' ;;
        *)
            root=$(vm_headers "$suite") || exit
            dir=$root/kmod
            ;;
    esac
    rm -rf "$dir"
    mkdir -p "$dir"
    cp -r "$VM_SOURCE"/../../kmod/{Kbuild,Makefile,switchback_bootfb.c,tests} "$dir/"
    if [ -n "$root" ]; then
        # From 7 on objtool asks /proc for the size of its stack; the mount goes with the name space.
        # shellcheck disable=SC2016  # the inner shell's
        unshare --mount sh -c 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"' "$root" \
            make -C /kmod KDIR="/usr/src/linux-headers-$(cat "$VM_CACHE/kernel/$suite/release")" "$@"
    else
        make -C "$dir" KDIR="$VM_CACHE/kernel/$suite/headers" "$@"
    fi >"$dir/log" 2>&1 || result=$?
    echo "$dir/switchback_bootfb.ko"
    return "$result"
}

# --- The machine ------------------------------------------------------------------------------------------------------

# vm_boot CLASS KERNEL INITRD DIRECTORY TIMEOUT [KERNEL-ARGUMENT...]
# Boots the machine that has the problem (two GPUs, the firmware's framebuffer in the first one's BAR) and waits for its
# end; the array VM_DEVICES has more of QEMU's arguments, and VM_FIRST those for another first GPU, whatever CLASS says.
# Machines wait for each other when SWITCHBACK_VM_LOCK names a file. DIRECTORY gets console.log (ttyS0), out (ttyS2, raw)
# and status.log (ttyS3).
vm_boot() {
    local class=$1 kernel=$2 initrd=$3 dir=$4 timeout=$5 gpu
    shift 5
    local first=(${VM_FIRST[@]+"${VM_FIRST[@]}"})
    if [ ${#first[@]} = 0 ]; then
        case $class in
            0300) gpu=VGA ;;
            0380) gpu=bochs-display ;;
            *) vm_die "no such GPU class: $class" ;;
        esac
        # shellcheck disable=SC2054  # QEMU's commas
        first=(-device pcie-root-port,id=rp1,chassis=1,slot=1,bus=pcie.0,addr=1
            -device "$gpu,id=gpu,bus=rp1,addr=0.0,multifunction=on"
            -device intel-hda,id=hda,bus=rp1,addr=0.1 -device hda-output,bus=hda.0,audiodev=none)
    fi
    mkdir -p "$dir"
    # split irqchip and intremap: without interrupt remapping vfio refuses the group. no_timer_check: under TCG the
    # remapped timer fails the kernel's check. OVMF talks on COM1 and COM2, so the tests use COM3 and COM4.
    ${SWITCHBACK_VM_LOCK:+flock "$SWITCHBACK_VM_LOCK"} \
        timeout --foreground --kill-after=5 "$timeout" qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot \
        -machine q35,kernel-irqchip=split -accel tcg,thread=multi -cpu max -smp 2 -m "${VM_MEMORY:-1024}" \
        -bios /usr/share/ovmf/OVMF.fd -kernel "$kernel" -initrd "$initrd" \
        -device intel-iommu,intremap=on,caching-mode=on \
        -audiodev none,id=none "${first[@]}" \
        -device pcie-root-port,id=rp2,chassis=2,slot=2,bus=pcie.0,addr=2 -device virtio-gpu-pci,id=gpu2,bus=rp2 \
        ${VM_DEVICES[@]+"${VM_DEVICES[@]}"} \
        -serial file:"$dir/console.log" -serial null -serial file:"$dir/out" -serial file:"$dir/status.log" \
        -append "console=ttyS0,115200 panic=-1 no_timer_check intel_iommu=on iommu.passthrough=0 rdinit=/init $*" \
        </dev/null >"$dir/qemu.log" 2>&1
}

# What the kernel says when something went wrong in it.
VM_COMPLAINTS='BUG:|BUG [a-z]|WARNING:|Oops|general protection fault|Kernel panic|blocked for more than|UBSAN|KASAN|refcount_t'

# vm_emulator_crashed RESULT: whether it is QEMU that ended so, by SIGILL, SIGABRT, SIGBUS, SIGFPE or SIGSEGV. No guest can
# have it do that but by a fault of its own.
vm_emulator_crashed() {
    case $1 in
        132 | 134 | 135 | 136 | 139) return 0 ;;
        *) return 1 ;;
    esac
}

# vm_checked_boot LABEL WORK CLASS KERNEL TIMEOUT [KERNEL-ARGUMENT...]
# Boots WORK/initrd into WORK/run, shows the guest's checks as they come and unpacks what it leaves into WORK/out. Adds to
# $passed and $failed; WORK goes if nothing failed, unless $keep is set, and $collect WORK is called before.
# Where QEMU itself crashes the machine is booted once more, from its start; what it had checked before does not count.
vm_checked_boot() {
    local label=$1 work=$2 class=$3 kernel=$4 timeout=$5 status started tail_pid result wrong try
    shift 5
    status=$work/run/status.log
    started=$(date +%s)
    for try in first second; do
        result=0
        mkdir "$work/run"
        : >"$status"
        tail -n +1 -f "$status" &
        tail_pid=$!
        vm_boot "$class" "$kernel" "$work/initrd" "$work/run" "$timeout" "$@" || result=$?
        sleep 1
        kill "$tail_pid"
        wait "$tail_pid" 2>/dev/null || true
        if [ $try = second ] || ! vm_emulator_crashed $result; then break; fi
        if grep -q '^not ok ' "$status" || grep -qE "$VM_COMPLAINTS" "$work/run/console.log"; then break; fi
        echo "# $label: QEMU crashed ($result) before anything had failed; this machine once more, from its start"
        mv "$work/run" "$work/crashed"
    done
    rm -f "$work/initrd"
    mkdir -p "$work/out"
    tar -x -C "$work/out" -f "$work/run/out" 2>/dev/null || true

    passed=$((passed + $(grep -c '^ok ' "$status" || true)))
    wrong=$(grep -c '^not ok ' "$status" || true)
    problem() {
        echo "not ok - $label: $1"
        wrong=$((wrong + 1))
    }
    if [ $result = 124 ] || [ $result = 137 ]; then
        problem "no end within $timeout s"
    elif [ $result != 0 ]; then
        problem "QEMU ended with $result"
    fi
    if ! grep -qx "1\.\.$(grep -c -E '^(not )?ok ' "$status" || true)" "$status"; then
        problem "the checks did not come to their end"
    fi
    if grep -E "$VM_COMPLAINTS" "$work/run/console.log" >"$work/complaints"; then
        problem "the kernel complained"
        head -n 5 "$work/complaints" | sed 's/^/#   /'
    fi
    failed=$((failed + wrong))
    [ -z "${collect:-}" ] || "$collect" "$work"
    if [ "$wrong" -gt 0 ] || [ -n "$keep" ]; then
        echo "# logs of $label: $work"
    else
        rm -rf "$work"
    fi
    # Without KVM everything waits for the build machine: a load above its processors stretches every time.
    echo "# $label took $(($(date +%s) - started)) s; load $(cut -d ' ' -f 1-3 /proc/loadavg), $(nproc) processors"
}
