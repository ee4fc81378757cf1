#!/bin/sh
# A hook of mmdebstrap, outside of the guest's tree $1: what its packages find when they are set up.
set -eu
work=$(dirname "$0")
cp -R "$work/early/." "$1/"
