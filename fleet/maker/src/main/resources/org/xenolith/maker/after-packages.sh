#!/bin/sh
# A hook of mmdebstrap, outside of the guest's tree $1: files, the user, and the list of kernels.
set -eu
work=$(dirname "$0")
root=$1
user=$(cat "$work/user")
cp -R --remove-destination "$work/files/." "$root/"
chmod 755 "$root/usr/local/sbin/pygrub-config"
chmod 440 "$root/etc/sudoers.d/90-guest-user"

inside() { chroot "$root" "$@"; }
if [ -n "$user" ]; then
    inside useradd --create-home --shell /bin/bash --groups adm,sudo "$user"
    if [ -s "$work/password" ]; then
        chroot "$root" chpasswd <"$work/password"
    fi
    inside install -d -m 700 -o "$user" -g "$user" "/home/$user/.ssh"
    cp "$work/authorized_keys" "$root/home/$user/.ssh/authorized_keys"
    inside chown "$user:$user" "/home/$user/.ssh/authorized_keys"
    inside chmod 600 "/home/$user/.ssh/authorized_keys"
fi
# A processor of software on a busy host is slow: a login may take more than the usual minute.
sed -i "s/^LOGIN_TIMEOUT.*/LOGIN_TIMEOUT 600/" "$root/etc/login.defs"
inside systemctl enable --quiet systemd-networkd
# A guest may have no network, and has no LVM, of which alone the others look after ext4.
inside systemctl disable --quiet systemd-networkd-wait-online.service \
    e2scrub_reap.service e2scrub_all.timer
inside /usr/local/sbin/pygrub-config
