#!/bin/sh
# One shell on the console, with job control; its end is the guest's end.
echo
echo "Xenolith guest kit: Linux $(uname -r) on $(nproc) CPU(s). 'poweroff' ends it."
echo

setsid cttyhack sh -l

sync
exec busybox poweroff -f
