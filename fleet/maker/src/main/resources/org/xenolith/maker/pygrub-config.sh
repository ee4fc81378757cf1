#!/bin/sh
# Writes /boot/grub/grub.cfg for pygrub, which reads it from outside of the guest: one entry for
# each kernel, the newest first. Run after a kernel was installed or removed; does nothing once
# GRUB's own update-grub is there to do it.
set -eu
[ ! -x /usr/sbin/update-grub ] || exit 0

GRUB_CMDLINE_LINUX=
GRUB_CMDLINE_LINUX_DEFAULT=
[ ! -r /etc/default/grub ] || . /etc/default/grub
root=$(awk '$2 == "/" { print $1 }' /etc/fstab)

entry() {
    arguments=$(echo root="$root" ro $GRUB_CMDLINE_LINUX $GRUB_CMDLINE_LINUX_DEFAULT)
    echo "menuentry 'Debian GNU/Linux, with Linux $1' --id 'linux-$1' {"
    echo "    search --no-floppy --fs-uuid --set=root ${root#UUID=}"
    echo "    linux /boot/vmlinuz-$1 $arguments"
    [ ! -e "/boot/initrd.img-$1" ] || echo "    initrd /boot/initrd.img-$1"
    echo "}"
}

mkdir -p /boot/grub
{
    echo "# Written by $0: changes are lost. Options are in /etc/default/grub."
    echo "if [ -s \$prefix/grubenv ]; then load_env; fi"
    echo "set default=\"\${saved_entry}\""
    echo "set timeout=0"
    for version in $(linux-version list | linux-version sort --reverse); do
        entry "$version"
    done
} >/boot/grub/grub.cfg.new
mv /boot/grub/grub.cfg.new /boot/grub/grub.cfg
