#!/bin/sh
# What udhcpc has been given.
if [ "$1" = bound ]; then
    [ -z "$mtu" ] || ip link set "$interface" mtu "$mtu"
    ip addr add "$ip/$mask" dev "$interface"
    ip route add default via "${router%% *}" dev "$interface" onlink
fi
