# shellcheck shell=bash
# Shared by the tests on real kernels: the cache, Debian's kernels, the initramfs and the virtual machine. Sourced.

# A failure inside $(...) also ends the script.
shopt -s inherit_errexit

VM_SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
VM_CACHE=${SWITCHBACK_VM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/switchback-vm}
VM_STARTED=$(date +%s%N)

# Seconds since the start of the script, with one decimal, for the log lines.
vm_elapsed() {
    local ms=$((($(date +%s%N) - VM_STARTED) / 1000000))
    printf '%d.%d' $((ms / 1000)) $((ms % 1000 / 100))
}

# vm_usage: prints the comment at the top of the script and exits with 2.
vm_usage() {
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"
    exit 2
}

vm_log() { printf '[%6ss] %s\n' "$(vm_elapsed)" "$*" >&2; }

vm_die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# vm_require FILE-OR-COMMAND=PACKAGE... : installs the packages whose file or command is missing.
vm_require() {
    local pair probe missing=()
    for pair in "$@"; do
        probe=${pair%%=*}
        case $probe in
            /*) [ -e "$probe" ] || missing+=("${pair#*=}") ;;
            *) command -v "$probe" >/dev/null || missing+=("${pair#*=}") ;;
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

vm_require_tools() {
    mkdir -p "$VM_CACHE/initramfs"
    vm_require qemu-system-x86_64=qemu-system-x86 /usr/share/ovmf/OVMF.fd=ovmf \
        /bin/busybox=busybox-static cpio=cpio gcc=gcc /usr/include/linux/vfio.h=linux-libc-dev \
        /usr/include/stdio.h=libc6-dev xz=xz-utils depmod=kmod
    # The guest has no shared libraries, so its busybox must be statically linked.
    if ! busybox_is_static; then
        vm_log "replacing busybox by busybox-static"
        DEBIAN_FRONTEND=noninteractive apt-get install -q -y busybox-static >>"$VM_CACHE/apt-install.log" 2>&1 ||
            vm_die "busybox-static is needed"
    fi
}

busybox_is_static() { ! ldd /bin/busybox >/dev/null 2>&1; }

# vm_mirror LABEL: the URL of the mirror that this machine's apt uses, for other suites too. LABEL is the archive's
# label, "Debian" or "Debian-Security".
vm_mirror() {
    # apt expands the variables, not the shell.
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' |
        awk -v label="$1" '$1 == label { print $2; exit }'
}

# --- Debian's kernels -------------------------------------------------------------------------------------------------

# vm_apt SUITE TOOL ARGUMENT... : runs an apt tool for another suite with separate state: same mirror and keys, nothing
# is installed and this machine's apt state is not changed.
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
    [ -n "$mirror" ] || vm_die "this machine's apt has no Debian mirror"
    mkdir -p "$base/etc"
    local keys=/usr/share/keyrings/debian-archive-keyring.gpg
    echo "deb [signed-by=$keys] $mirror $suite main" >"$base/etc/sources.list"
    # Users of stable run the kernel of the security archive. Unstable has no such archive, and that of an old release
    # may be gone.
    if [ -n "$security" ] && [ "$suite" != sid ] && [ "$suite" != unstable ]; then
        echo "deb [signed-by=$keys] $security $suite-security main" >>"$base/etc/sources.list"
        vm_apt "$suite" apt-get update >"$base/update.log" 2>&1 && ! grep -q '^[EW]:' "$base/update.log" && return 0
        sed -i '$d' "$base/etc/sources.list"
    fi
    vm_apt "$suite" apt-get update >"$base/update.log" 2>&1 || vm_die "apt-get update for $suite; see $base/update.log"
}

# vm_fetch_debian_kernel SUITE: fetches the suite's kernel into $VM_CACHE/kernel/SUITE: `release`, `vmlinuz` and a
# module tree in `root`. A cached kernel is kept unless SWITCHBACK_VM_REFRESH=1 requests the mirror's newest one.
vm_fetch_debian_kernel() {
    local suite=$1 dir=$VM_CACHE/kernel/$1 release deb packages
    if [ -e "$dir/release" ] && [ -z "${SWITCHBACK_VM_REFRESH:-}" ]; then
        return 0
    fi
    vm_log "fetching the kernel of $suite"
    vm_apt_update "$suite"
    # The metapackage depends on the real one; newer releases split it into several, all named linux-*.
    packages=$(vm_apt "$suite" apt-get install -s --no-install-recommends linux-image-amd64 |
        awk '$1 == "Inst" && $2 ~ /^linux-(image|modules|binary|base)-[0-9]/ { print $2 }')
    [ -n "$packages" ] || vm_die "$suite has no linux-image-amd64"
    rm -rf "$dir"
    mkdir -p "$dir/deb" "$dir/root/usr/lib"
    ln -s usr/lib "$dir/root/lib"
    # shellcheck disable=SC2086  # a list of package names
    (cd "$dir/deb" && vm_apt "$suite" apt-get download $packages >/dev/null) || vm_die "download of $packages"
    for deb in "$dir"/deb/*.deb; do
        # tar follows the link lib -> usr/lib, because older packages still contain /lib.
        dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C "$dir/root"
    done
    release=$(basename "$(echo "$dir"/root/usr/lib/modules/*)")
    cp "$(find "$dir/root" -name "vmlinuz*" -type f | head -n 1)" "$dir/vmlinuz"
    depmod -b "$dir/root" "$release"
    rm -rf "$dir/deb"
    echo "$release" >"$dir/release"
    vm_log "$suite is $release"
}

# vm_fetch_kernel KERNEL: puts a kernel into the cache: Debian's kernel of that suite, or one of build-small-kernel.
vm_fetch_kernel() {
    case $1 in
        small-*) "$VM_SOURCE/build-small-kernel" "${1#small-}" ;;
        *) vm_fetch_debian_kernel "$1" ;;
    esac
}

# --- The initramfs ----------------------------------------------------------------------------------------------------

# Modules for the machine's hardware and for the tests. Names that a kernel does not have are skipped: 5.10 has
# bochs-drm, later kernels have bochs; vfio_virqfd is gone from 6.3 on.
VM_MODULES="vfio vfio-pci vfio_iommu_type1 bochs bochs-drm virtio_gpu virtio_pci snd-hda-intel snd-hda-codec-generic
    snd-hda-codec-hdmi fuse i2c-i801 lpc_ich ahci"

# vm_copy_modules SUITE DIRECTORY [FILE]: copies $VM_MODULES and their dependencies, uncompressed, with their indexes.
# FILE is an additional out-of-tree module, installed into "extra".
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
        # Uncompressed: under an emulated processor decompressing xz takes longer than reading the larger file.
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

# vm_busybox_archive SUITE: builds a busybox initramfs with the modules; cached under a hash of its content. Prints its
# path.
vm_busybox_archive() {
    local suite=$1 key out tree
    key=$({
        cat "$VM_CACHE/kernel/$suite/release" "$VM_SOURCE/guest/init-busybox"
        cat "$VM_CACHE/kernel/$suite/key" 2>/dev/null || true # of a kernel built by build-small-kernel
        stat -c '%s %Y' /bin/busybox
        echo "$VM_MODULES"
    } | sha256sum | cut -c 1-12)
    out=$VM_CACHE/initramfs/busybox-$suite-$key.cpio
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
        install -m 755 "$VM_SOURCE/guest/init-busybox" "$tree/init"
        vm_copy_modules "$suite" "$tree"
        rm -f "$VM_CACHE/initramfs/busybox-$suite-"*.cpio
        vm_cpio "$tree" >"$out.part"
        mv "$out.part" "$out"
        rm -rf "$tree"
    fi
    echo "$out"
}

# --- Debian's userland ------------------------------------------------------------------------------------------------

# vm_hash TEXT... : a short hash of a cached file's inputs, for its name.
vm_hash() { printf '%s\n' "$@" | sha256sum | cut -c 1-12; }

# vm_userland_archive PACKAGES: builds an initramfs archive of Debian 12 with everything that Switchback uses: the bus
# with activation, polkit, kmod. It has no udev and no systemd as PID 1, so that nothing else reacts when a driver is
# bound. PACKAGES is a comma-separated list of more packages and may be empty. Prints the archive's path.
vm_userland_archive() {
    local more=$1 prefix out tree mirror
    prefix=$VM_CACHE/initramfs/userland-${more:+with-}
    out=$prefix$(vm_hash "$(declare -f vm_userland_archive)" "$more").cpio
    if [ ! -e "$out" ]; then
        vm_require mmdebstrap=mmdebstrap
        vm_log "building the userland${more:+ with $more}"
        mirror=$(vm_mirror Debian)
        tree=$(mktemp -d)
        # Fixed dates, and no documentation or translations.
        SOURCE_DATE_EPOCH=1700000000 mmdebstrap --quiet --variant=minbase \
            --include="dbus,polkitd,pkexec,kmod,procps,busybox-static${more:+,$more}" \
            --keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
            --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
            --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
            bookworm "$tree/root" "$mirror" >"$VM_CACHE/mmdebstrap.log" 2>&1 ||
            vm_die "mmdebstrap failed; see $VM_CACHE/mmdebstrap.log"
        (
            cd "$tree/root" || exit
            # Kept small: the emulated processor copies every byte before PID 1 runs.
            rm -rf usr/share/perl* usr/lib/x86_64-linux-gnu/{perl*,libperl*,gconv} \
                usr/share/{zoneinfo,i18n,bash-completion} usr/lib/{apt,udev} usr/bin/{apt*,perl*} \
                usr/lib/x86_64-linux-gnu/libapt* var/lib/{apt,dpkg} var/cache/* \
                var/log/* dev/* proc/* sys/* run/* tmp/* usr/lib/systemd/systemd-* etc/machine-id
            printf '%s:x:%s:%s:%s:/home/%s:/bin/bash\n' ann 1000 1000 Ann ann bob 1001 1001 Bob bob >>etc/passwd
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

# vm_find_jdk: prints the path of a JDK 25 or later on this machine: $JAVA_HOME, or the newest under /usr/lib/jvm.
vm_find_jdk() {
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

# vm_java_archive: packs that JDK for the guest's /usr/lib/jvm, without its development files. It is a copy and no image
# by jlink, because the product's AOT caches work only with the JDK build that made them. Prints the archive's path.
vm_java_archive() {
    local jdk out tree
    jdk=$(vm_find_jdk)
    out=$VM_CACHE/initramfs/java-$(vm_hash "$(cat "$jdk/release")" "$(declare -f vm_java_archive)").cpio
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

# vm_module_archive SUITE [FILE]: packs the kernel's modules alone, for the guest with Debian's userland. Prints the
# archive's path.
vm_module_archive() {
    local suite=$1 extra=${2:-} prefix out tree
    prefix=$VM_CACHE/initramfs/modules-$suite-${extra:+with-}
    out=$prefix$(vm_hash "$(cat "$VM_CACHE/kernel/$suite/release")" "$VM_MODULES" \
        "$(cat "$VM_CACHE/kernel/$suite/key" 2>/dev/null)" "${extra:+$(sha256sum <"$extra")}").cpio
    if [ ! -e "$out" ]; then
        tree=$(mktemp -d)
        vm_copy_modules "$suite" "$tree" "$extra"
        rm "$tree/lib" # the userland has its own
        rm -f "$prefix"????????????.cpio
        vm_cpio "$tree" >"$out.part"
        mv "$out.part" "$out"
        rm -rf "$tree"
    fi
    echo "$out"
}

# vm_install_product DIRECTORY: installs the packaged tree and its system files into a guest's root.
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

# vm_make_work_dir: creates a temporary directory for one guest and prints its path.
vm_make_work_dir() { mktemp -d --tmpdir switchback-vm.XXXXXX; }

# vm_prepare_guest JOB: creates a work directory whose "tree" holds the files of a guest with Debian's userland that
# runs guest/JOB. Prints the directory's path.
vm_prepare_guest() {
    local work client
    client=$(vm_compile vfio-client)
    work=$(vm_make_work_dir)
    mkdir -p "$work/tree/job"
    install -m 755 "$VM_SOURCE/guest/init-userland" "$work/tree/init"
    install -m 755 "$VM_SOURCE/guest/$1" "$work/tree/job/main"
    cp "$VM_SOURCE"/guest/{sysfs.sh,checks.sh} "$client" "$work/tree/job/"
    echo "$work"
}

# vm_pack_initrd WORK USERLAND KERNEL [FILE]: packs the userland archive, the kernel's modules (FILE is an additional
# one), Java and WORK/tree into WORK/initrd. Removes WORK/tree.
vm_pack_initrd() {
    local work=$1 userland=$2
    shift 2
    # Files of later archives replace those of earlier ones.
    cat "$userland" "$(vm_module_archive "$@")" "$(vm_java_archive)" >"$work/initrd"
    vm_cpio "$work/tree" >>"$work/initrd"
    rm -rf "$work/tree"
}

# vm_compile NAME: compiles NAME.c statically into the cache and prints the program's path.
vm_compile() {
    local source=$VM_SOURCE/$1.c out=$VM_CACHE/bin/$1
    mkdir -p "$VM_CACHE/bin"
    if [ ! -e "$out" ] || [ "$source" -nt "$out" ]; then
        gcc -std=c11 -O1 -Wall -Wextra -Werror -static -o "$out.part" "$source"
        mv "$out.part" "$out"
    fi
    echo "$out"
}

# --- The kernel module ------------------------------------------------------------------------------------------------

# vm_headers_chroot SUITE: creates a chroot with the headers of that suite's cached kernel, the suite's compiler and
# sparse, as on users' machines. Needs root. Prints its path.
vm_headers_chroot() {
    local suite=$1 release root valid
    vm_fetch_debian_kernel "$suite"
    release=$(cat "$VM_CACHE/kernel/$suite/release")
    root=$VM_CACHE/headers/$suite-$(vm_hash "$release" "$(declare -f vm_headers_chroot)")
    if [ ! -e "$root" ]; then
        vm_require mmdebstrap=mmdebstrap
        vm_log "fetching headers and compiler of $suite"
        [ -e "$VM_CACHE/apt/$suite/etc/sources.list" ] || vm_apt_update "$suite"
        # mmdebstrap mounts /proc, /sys and parts of /dev in the chroot. In a separate mount namespace the mounts end
        # with it, even if it fails; rm never crosses a mount.
        rm -rf --one-file-system "$VM_CACHE/headers/$suite-"*
        mkdir -p "$VM_CACHE/headers"
        # As on this machine: its mirror may be a snapshot that is no longer updated.
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

# vm_build_module SUITE [MAKE-ARGUMENT...]: builds the module from scratch for Debian's kernel of that suite, or for a
# kernel of build-small-kernel. Prints the module's path; make's output is in the file "log" beside it.
vm_build_module() {
    local suite=$1 dir root result=0
    shift
    case $suite in
        small-*) dir=$VM_CACHE/module/$suite root='' ;;
        *)
            root=$(vm_headers_chroot "$suite") || exit
            dir=$root/kmod
            ;;
    esac
    rm -rf "$dir"
    mkdir -p "$dir"
    cp -r "$VM_SOURCE"/../../kmod/{Kbuild,Makefile,switchback_bootfb.c,tests} "$dir/"
    if [ -n "$root" ]; then
        # From 7 on objtool reads its stack size from /proc; the mount ends with the namespace.
        # shellcheck disable=SC2016  # the inner shell expands it
        unshare --mount sh -c 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"' "$root" \
            make -C /kmod KDIR="/usr/src/linux-headers-$(cat "$VM_CACHE/kernel/$suite/release")" "$@"
    else
        make -C "$dir" KDIR="$VM_CACHE/kernel/$suite/headers" "$@"
    fi >"$dir/log" 2>&1 || result=$?
    echo "$dir/switchback_bootfb.ko"
    return "$result"
}

# --- The virtual machine ----------------------------------------------------------------------------------------------

# vm_boot CLASS KERNEL INITRD DIRECTORY TIMEOUT [KERNEL-ARGUMENT...]
# Boots a machine with two GPUs and the firmware's framebuffer in a BAR of the first one, and waits until it powers off.
# The array VM_EXTRA_DEVICES holds more QEMU arguments; VM_FIRST_GPU holds the arguments of another first GPU and
# overrides CLASS. SWITCHBACK_VM_LOCK names a lock file, with which machines run one after another. DIRECTORY gets
# console.log (ttyS0), out (ttyS2, raw) and status.log (ttyS3).
vm_boot() {
    local class=$1 kernel=$2 initrd=$3 dir=$4 timeout=$5 gpu
    shift 5
    local first=(${VM_FIRST_GPU[@]+"${VM_FIRST_GPU[@]}"})
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
    # remapped timer fails the kernel's check. OVMF writes to COM1 and COM2, so the tests use COM3 and COM4.
    ${SWITCHBACK_VM_LOCK:+flock "$SWITCHBACK_VM_LOCK"} \
        timeout --foreground --kill-after=5 "$timeout" \
        qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot \
        -machine q35,kernel-irqchip=split -accel tcg,thread=multi -cpu max -smp 2 -m "${VM_MEMORY:-1024}" \
        -bios /usr/share/ovmf/OVMF.fd -kernel "$kernel" -initrd "$initrd" \
        -device intel-iommu,intremap=on,caching-mode=on \
        -audiodev none,id=none "${first[@]}" \
        -device pcie-root-port,id=rp2,chassis=2,slot=2,bus=pcie.0,addr=2 -device virtio-gpu-pci,id=gpu2,bus=rp2 \
        ${VM_EXTRA_DEVICES[@]+"${VM_EXTRA_DEVICES[@]}"} \
        -serial file:"$dir/console.log" -serial null -serial file:"$dir/out" -serial file:"$dir/status.log" \
        -append "console=ttyS0,115200 panic=-1 no_timer_check intel_iommu=on iommu.passthrough=0 rdinit=/init $*" \
        </dev/null >"$dir/qemu.log" 2>&1
}

# Pattern of the kernel's error messages.
VM_KERNEL_ERRORS='BUG:|BUG [a-z]|WARNING:|Oops|general protection fault|Kernel panic|blocked for more than'
VM_KERNEL_ERRORS+='|UBSAN|KASAN|refcount_t'

# vm_emulator_crashed EXIT-CODE: whether QEMU was ended by SIGILL, SIGABRT, SIGBUS, SIGFPE or SIGSEGV. A guest can cause
# that only through a defect in QEMU.
vm_emulator_crashed() {
    case $1 in
        132 | 134 | 135 | 136 | 139) return 0 ;;
        *) return 1 ;;
    esac
}

# vm_run_guest LABEL WORK CLASS KERNEL TIMEOUT [KERNEL-ARGUMENT...]
# Boots WORK/initrd with its logs in WORK/run, prints the guest's checks as they are made and unpacks the guest's files
# into WORK/out. Adds to $passed and $failed. Calls $collect WORK, then removes WORK if nothing failed, unless $keep is
# set. If QEMU itself crashes, the machine is booted once more from its start, and the checks before the crash do not
# count.
vm_run_guest() {
    local label=$1 work=$2 class=$3 kernel=$4 timeout=$5 status started tail_pid exit_code failures attempt
    shift 5
    status=$work/run/status.log
    started=$(date +%s)
    for attempt in first second; do
        exit_code=0
        mkdir "$work/run"
        : >"$status"
        tail -n +1 -f "$status" &
        tail_pid=$!
        vm_boot "$class" "$kernel" "$work/initrd" "$work/run" "$timeout" "$@" || exit_code=$?
        sleep 1
        kill "$tail_pid"
        wait "$tail_pid" 2>/dev/null || true
        if [ $attempt = second ] || ! vm_emulator_crashed $exit_code; then break; fi
        if grep -q '^not ok ' "$status" || grep -qE "$VM_KERNEL_ERRORS" "$work/run/console.log"; then break; fi
        echo "# $label: QEMU crashed ($exit_code) before any check failed; booting once more from the start"
        mv "$work/run" "$work/crashed"
    done
    rm -f "$work/initrd"
    mkdir -p "$work/out"
    tar -x -C "$work/out" -f "$work/run/out" 2>/dev/null || true

    passed=$((passed + $(grep -c '^ok ' "$status" || true)))
    failures=$(grep -c '^not ok ' "$status" || true)
    add_failure() {
        echo "not ok - $label: $1"
        failures=$((failures + 1))
    }
    if [ $exit_code = 124 ] || [ $exit_code = 137 ]; then
        add_failure "timed out after $timeout s"
    elif [ $exit_code != 0 ]; then
        add_failure "QEMU exited with $exit_code"
    fi
    if ! grep -qx "1\.\.$(grep -c -E '^(not )?ok ' "$status" || true)" "$status"; then
        add_failure "the job ended before its last check"
    fi
    if grep -E "$VM_KERNEL_ERRORS" "$work/run/console.log" >"$work/kernel-errors"; then
        add_failure "the kernel logged errors"
        head -n 5 "$work/kernel-errors" | sed 's/^/#   /'
    fi
    failed=$((failed + failures))
    [ -z "${collect:-}" ] || "$collect" "$work"
    if [ "$failures" -gt 0 ] || [ -n "$keep" ]; then
        echo "# logs of $label: $work"
    else
        rm -rf "$work"
    fi
    # Without KVM all times depend on the load of the build machine.
    echo "# $label took $(($(date +%s) - started)) s; load $(cut -d ' ' -f 1-3 /proc/loadavg), $(nproc) processors"
}
