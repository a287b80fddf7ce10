# shellcheck shell=sh
# The raw sysfs writes of a switch, for the tests that must not depend on Switchback. Sourced.
PCI=/sys/bus/pci/devices

driver_of() { if [ -L "$PCI/$1/driver" ]; then basename "$(readlink "$PCI/$1/driver")"; else echo none; fi; }

# to_vfio ADDRESS... : override every function first, then unbind and probe each.
to_vfio() {
    modprobe -q -a vfio-pci vfio_iommu_type1
    for function in "$@"; do echo vfio-pci >$PCI/"$function"/driver_override; done
    for function in "$@"; do
        [ -L $PCI/"$function"/driver ] && echo "$function" >$PCI/"$function"/driver/unbind
        echo "$function" >/sys/bus/pci/drivers_probe
    done
}

# to_host ADDRESS... : the way back; each function probes whatever the kernel has for it.
to_host() {
    for function in "$@"; do
        echo >$PCI/"$function"/driver_override
        [ -L $PCI/"$function"/driver ] && echo "$function" >$PCI/"$function"/driver/unbind
        echo "$function" >/sys/bus/pci/drivers_probe
    done
}

# What lies inside the first GPU's BARs, as names on one line.
inside_bars() {
    awk -v gpu="${GPU:-0000:01:00.0}" '$NF == gpu { match($0, /^ */); depth = RLENGTH; inside = 1; next }
         inside { match($0, /^ */); if (RLENGTH <= depth) inside = 0; else { sub(/.* : /, ""); print } }' /proc/iomem |
        tr '\n' ' ' | sed 's/ $//'
}
