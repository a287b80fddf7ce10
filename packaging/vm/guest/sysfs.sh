# shellcheck shell=sh
# The raw sysfs writes of a switch, for tests that must not depend on Switchback. Sourced.
PCI=/sys/bus/pci/devices

driver_of() { if [ -L "$PCI/$1/driver" ]; then basename "$(readlink "$PCI/$1/driver")"; else echo none; fi; }

# bind_to_vfio ADDRESS... : sets the driver override of every function first, then unbinds and probes each.
bind_to_vfio() {
    modprobe -q -a vfio-pci vfio_iommu_type1
    for function in "$@"; do echo vfio-pci >$PCI/"$function"/driver_override; done
    for function in "$@"; do
        [ -L $PCI/"$function"/driver ] && echo "$function" >$PCI/"$function"/driver/unbind
        echo "$function" >/sys/bus/pci/drivers_probe
    done
}

# bind_to_host ADDRESS... : clears each override, unbinds, and lets the kernel probe for a host driver.
bind_to_host() {
    for function in "$@"; do
        echo >$PCI/"$function"/driver_override
        [ -L $PCI/"$function"/driver ] && echo "$function" >$PCI/"$function"/driver/unbind
        echo "$function" >/sys/bus/pci/drivers_probe
    done
}

# Names of the regions inside the first GPU's BARs, on one line.
regions_in_bars() {
    awk -v gpu="${GPU:-0000:01:00.0}" '$NF == gpu { match($0, /^ */); depth = RLENGTH; inside = 1; next }
         inside { match($0, /^ */); if (RLENGTH <= depth) inside = 0; else { sub(/.* : /, ""); print } }' /proc/iomem |
        tr '\n' ' ' | sed 's/ $//'
}
