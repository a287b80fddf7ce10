#!/bin/sh
# Prints a capture of this machine: the text format from which Switchback's tests read machines. Sorted, one entry for
# each path:
#
#   PATH = text        a file with one line (an empty file: "PATH =")
#   PATH :             a file with several lines, which follow as "| line"
#   PATH -> target     a symbolic link
#   PATH # hex         bytes
#   PATH /             a directory whose existence matters
#   PATH ! reason      exists, but is not readable
#
# Only reads. Plain sh, so it runs under busybox and on any Linux. Root sees addresses in /proc/iomem; other users see
# zeros.
LC_ALL=C
export LC_ALL
tab=$(printf '\t')
release=$(cat /proc/sys/kernel/osrelease)
error=$(mktemp) || exit 1
trap 'rm -f "$error"' EXIT

# add_paths KIND PATH...: lists the paths that exist. A pattern without a match stays a pattern, which does not exist.
add_paths() {
    kind=$1
    shift
    for path in "$@"; do
        if [ -e "$path" ] || [ -L "$path" ]; then printf '%s\t%s\n' "$path" "$kind"; fi
    done
}

list_paths() {
    add_paths text /proc/sys/kernel/osrelease /proc/version /proc/cmdline /proc/iomem /proc/sys/kernel/tainted \
        /sys/kernel/security/lockdown /sys/hypervisor/type
    add_paths directory /sys/bus/vmbus /sys/firmware/devicetree
    add_paths cpu /proc/cpuinfo
    # The module's path differs between releases; only its existence matters.
    if grep -q '/vfio-pci\.ko' "/lib/modules/$release/modules.dep" "/lib/modules/$release/modules.builtin" \
        2>/dev/null; then
        printf '%s\tdirectory\n' "/lib/modules/$release/vfio-pci"
    fi

    for device in /sys/bus/pci/devices/*; do
        add_paths link "$device" "$device"/driver "$device"/iommu_group
        add_paths bytes "$device"/config
        for name in vendor device subsystem_vendor subsystem_device revision class resource driver_override boot_vga \
            reset_method modalias power_state d3cold_allowed power/control power/runtime_status \
            current_link_speed current_link_width max_link_speed max_link_width; do
            add_paths text "$device/$name"
        done
        add_paths text "$device"/resource[0-5]_resize
        add_paths directory "$device"/drm/card* "$device"/drm/renderD* "$device"/sound/card*
    done
    add_paths directory /sys/bus/pci/drivers/*

    for node in /sys/class/drm/card* /sys/class/drm/renderD*; do
        case $node in
            *-*) add_paths text "$node"/status "$node"/enabled ;;
            *) add_paths link "$node" ;;
        esac
    done
    add_paths directory /sys/class/iommu/*
    add_paths link /sys/kernel/iommu_groups/*/devices/*
    add_paths text /sys/kernel/iommu_groups/*/type /sys/kernel/iommu_groups/*/reserved_regions

    for name in efi-framebuffer simple-framebuffer vesa-framebuffer efidrm vesadrm; do
        for device in /sys/bus/platform/devices/"$name".*; do add_paths link "$device" "$device"/driver; done
        add_paths directory /sys/bus/platform/drivers/"$name"
    done
    for framebuffer in /sys/class/graphics/fb[0-9]*; do
        add_paths link "$framebuffer"
        add_paths text "$framebuffer"/name
    done
    for console in /sys/class/vtconsole/*; do add_paths text "$console"/name "$console"/bind; done
    add_paths directory /sys/module/vfio /sys/module/vfio_pci
    for module in nvidia nvidia_drm nvidia_modeset nvidia_uvm; do
        add_paths directory /sys/module/$module /sys/module/$module/holders/*
        add_paths text /sys/module/$module/refcnt
    done
    add_paths text /sys/module/nvidia_drm/parameters/modeset /sys/module/nvidia_drm/parameters/fbdev
}

# The C library's message for the last failure: "cat: can't open '/x': Permission denied" -> "Permission denied".
reason() { sed -n '$s/.*: //p' "$error"; }

text() {
    # Command substitution would drop newlines at the end of the content; the x prevents that.
    if ! content=$(cat "$1" 2>"$error" && echo x); then
        printf '%s ! %s\n' "$1" "$(reason)"
        return
    fi
    content=${content%x}
    content=${content%"
"}
    case $content in
        '') printf '%s =\n' "$1" ;;
        *"
"*) printf '%s :\n%s\n' "$1" "$content" | sed '2,$s/^/| /' ;;
        *) printf '%s = %s\n' "$1" "$content" ;;
    esac
}

bytes() {
    if [ ! -r "$1" ] || ! hex=$(dd if="$1" bs=64 count=1 2>"$error" | od -An -v -tx1 | tr -d ' \n'); then
        printf '%s ! Permission denied\n' "$1"
    else
        printf '%s # %s\n' "$1" "$hex"
    fi
}

echo 'switchback-capture 1'
list_paths | sort -u | while IFS=$tab read -r path kind; do
    case $kind in
        text) text "$path" ;;
        link) printf '%s -> %s\n' "$path" "$(readlink "$path")" ;;
        bytes) bytes "$path" ;;
        directory) printf '%s /\n' "$path" ;;
        cpu) printf '%s = %s\n' "$path" "$(sed -n '/^vendor_id/{s/[[:space:]]*:/ :/p;q;}' "$path")" ;;
    esac
done
