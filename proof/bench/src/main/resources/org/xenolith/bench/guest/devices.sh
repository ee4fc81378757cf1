#!/bin/sh
# devices.sh disk|network: makes the device usable and marks the end as bench.c does, with the disk's
# name or the address at which the host is.
fail() {
    echo "@failed $1"
    exit 1
}

# Waits until a driver has found its device, 10 s at most, and puts its name into `found`.
await() {
    tries=100
    until found=$(ls -d $1 2>/dev/null); do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || fail "there is no $1"
        sleep 0.1
    done
}

# Red Hat's number for vendors: virtio's devices.
if grep -q 0x1af4 /sys/bus/pci/devices/*/vendor 2>/dev/null; then
    while read -r module; do
        insmod "/bench/$module.ko" || fail "module $module"
    done < /bench/virtio
fi

case $1 in
disk)
    await '/dev/*vda'
    echo "@end $found"
    ;;
network)
    await /sys/class/net/eth0
    ip link set lo up
    ip link set eth0 up
    udhcpc -q -n -i eth0 -s /bench/lease.sh >/dev/null 2>&1 || fail "no answer to DHCP"
    gateway=$(ip route | sed -n 's/^default via \([0-9.]*\).*/\1/p')
    [ -n "$gateway" ] || fail "no gateway"
    echo "@end $gateway"
    ;;
esac
