#!/bin/busybox sh
# Prepares the guest kit's file system and becomes busybox' init, which runs /etc/inittab.
bb=/bin/busybox

$bb mount -t proc proc /proc
$bb mount -t sysfs sysfs /sys
$bb mount -t devtmpfs devtmpfs /dev 2>/dev/null
$bb mkdir -p /dev/pts
$bb mount -t devpts devpts /dev/pts 2>/dev/null
$bb mount -t tmpfs -o mode=1777 tmpfs /tmp
$bb --install -s

hostname guest
ip link set lo up 2>/dev/null

while read -r module; do
    modprobe "$module" 2>/dev/null
done < /etc/modules

exec $bb init
