#!/bin/sh
# Fills the file system of an image with a tree. Arguments: the tree as a tar file, the image, its
# size in KiB, the file system's UUID and its label. Runs as root or where a user is like root.
set -eu
work=$(dirname "$0")
tree=$work/tree
trap 'rm -rf "$tree"' EXIT
mkdir "$tree"
tar --extract --file "$1" --directory "$tree" --numeric-owner --xattrs --xattrs-include='*' \
    --exclude='./dev/*'
rm -f "$1"
rm -f "$tree/etc/resolv.conf"
cp -R --remove-destination "$work/last/." "$tree/"
mke2fs -q -t ext4 -U "$4" -L "$5" -E lazy_itable_init=0,nodiscard -d "$tree" "$2" "$3k"
