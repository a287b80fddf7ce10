#!/bin/sh
# Prints this machine as a capture: the text format Switchback's tests read machines from. One line a path, sorted:
#
#   PATH = text        a file of one line (an empty file: "PATH =")
#   PATH :             a file of several lines, which follow as "| line"
#   PATH -> target     a symbolic link
#   PATH # hex         bytes
#   PATH /             a directory worth noting because it exists
#   PATH ! reason      there, but not readable
#
# Reads only; plain sh, so it runs under busybox and on any Linux. Root sees addresses in /proc/iomem, others zeros.
LC_ALL=C
export LC_ALL
tab=$(printf '\t')
release=$(cat /proc/sys/kernel/osrelease)
error=$(mktemp) || exit 1
trap 'rm -f "$error"' EXIT

# add KIND PATH...: notes the paths that exist. Patterns that matched nothing stay patterns and do not exist.
add() {
    kind=$1
    shift
    for path in "$@"; do
        if [ -e "$path" ] || [ -L "$path" ]; then printf '%s\t%s\n' "$path" "$kind"; fi
    done
}

list() {
    add text /proc/sys/kernel/osrelease /proc/version /proc/cmdline /proc/iomem /proc/sys/kernel/tainted \
        /sys/kernel/security/lockdown
    add cpu /proc/cpuinfo
    # Where the module lies differs between releases; that there is one is what counts.
    if grep -q '/vfio-pci\.ko' "/lib/modules/$release/modules.dep" "/lib/modules/$release/modules.builtin" 2>/dev/null
    then
        printf '%s\tdirectory\n' "/lib/modules/$release/vfio-pci"
    fi

    for device in /sys/bus/pci/devices/*; do
        add link "$device" "$device"/driver "$device"/iommu_group
        add bytes "$device"/config
        for name in vendor device subsystem_vendor subsystem_device revision class resource driver_override boot_vga \
            reset_method modalias power_state d3cold_allowed power/control power/runtime_status \
            current_link_speed current_link_width max_link_speed max_link_width; do
            add text "$device/$name"
        done
        add text "$device"/resource[0-5]_resize
        add directory "$device"/drm/card* "$device"/drm/renderD* "$device"/sound/card*
    done
    add directory /sys/bus/pci/drivers/*

    for node in /sys/class/drm/card* /sys/class/drm/renderD*; do
        case $node in
            *-*) add text "$node"/status "$node"/enabled ;;
            *) add link "$node" ;;
        esac
    done
    add directory /sys/class/iommu/*
    add link /sys/kernel/iommu_groups/*/devices/*
    add text /sys/kernel/iommu_groups/*/type

    for name in efi-framebuffer simple-framebuffer vesa-framebuffer efidrm vesadrm; do
        for device in /sys/bus/platform/devices/"$name".*; do add link "$device" "$device"/driver; done
        add directory /sys/bus/platform/drivers/"$name"
    done
    for framebuffer in /sys/class/graphics/fb[0-9]*; do
        add link "$framebuffer"
        add text "$framebuffer"/name
    done
    for console in /sys/class/vtconsole/*; do add text "$console"/name "$console"/bind; done
    add directory /sys/module/vfio /sys/module/vfio_pci /sys/module/nvidia /sys/module/nvidia_drm
}

# The C library's words for the last failure: "cat: can't open '/x': Permission denied" -> "Permission denied".
reason() { sed -n '$s/.*: //p' "$error"; }

text() {
    # The x keeps the command substitution from eating the newlines that are the content's own.
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
list | sort -u | while IFS=$tab read -r path kind; do
    case $kind in
        text) text "$path" ;;
        link) printf '%s -> %s\n' "$path" "$(readlink "$path")" ;;
        bytes) bytes "$path" ;;
        directory) printf '%s /\n' "$path" ;;
        cpu) printf '%s = %s\n' "$path" "$(sed -n '/^vendor_id/{s/[[:space:]]*:/ :/p;q;}' "$path")" ;;
    esac
done
