#!/bin/sh
# compile.sh LAPS: compiles some of the sources in /src with gcc, again and again, and marks laps as bench.c
# does; answers the sum of the objects.
fail() {
    echo "@failed $1"
    exit 1
}

cd /src || fail "no sources"
lap() {
    rm -f /tmp/*.o
    for source in kernels/hash.c kernels/interp.c kernels/nbody.c kernels/sha256.c; do
        gcc -O2 -c -o "/tmp/$(basename "$source" .c).o" "$source" || fail "$source"
    done
}

echo @begin
i=0
while [ $i -lt "$1" ]; do
    i=$((i + 1))
    lap
    echo @lap
done
echo "@end $(cat /tmp/*.o | md5sum | cut -c1-16)"
