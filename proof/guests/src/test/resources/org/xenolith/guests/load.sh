#!/bin/sh
# Stands in for init: tells what an earlier kill has left of the database, then loads it and the file
# system until the next. A line begins with a word that says what it tells.
export PATH="$(echo /usr/lib/postgresql/*/bin):/usr/sbin:/usr/bin"
work=/var/lib/load

fail() {
    echo "failed: $1"
    cat /dev/shm/server.log
    exec sleep infinity
}

as_postgres() {
    setpriv --reuid=postgres --regid=postgres --init-groups "$@"
}

ask() {
    as_postgres psql -X -At -F ' ' -P pager=off -d bench "$@"
}

# What systemd does that the database needs.
set_up() {
    dmesg -n 1
    cd / && mount -o remount,rw / && ip link set lo up && mkdir -p /dev/shm &&
        mount -t tmpfs none /dev/shm && install -d -o postgres /run/postgresql
}

start_database() {
    as_postgres pg_ctl --wait --timeout=900 --log=/dev/shm/server.log \
        --pgdata="$(echo /var/lib/postgresql/*/main)" \
        --options="-c config_file=$(echo /etc/postgresql/*/main/postgresql.conf)" start > /dev/null
}

# Names that come and go.
churn() {
    rm -rf $work/churn
    while true; do
        cp -r /etc $work/churn
        sync
        rm -r $work/churn
        sleep 1 # leaves time to the others
    done
}

write_rows() {
    first=$(ask -c 'select coalesce(max(number), 0) + 1 from acknowledged')
    seq "$first" 1000000000 |
        sed "s/.*/insert into acknowledged values (&) returning 'row ' || number;/" |
        ask -q
}

# Its usual load, each transaction said when it is committed. Where it vacuums before, it truncates the
# history too.
run_pgbench() {
    script=/dev/shm/script.sql
    pgbench --show-script=tpcb-like 2>&1 | grep -v '^--' > $script
    echo '\shell echo transaction' >> $script
    as_postgres pgbench --client=4 --no-vacuum --time=36000 --file=$script bench \
        2>> /dev/shm/server.log
}

set_up || fail "it cannot be set up"
start_database || fail "the database does not start"
echo "errors $(dmesg | grep -c -e 'EXT4-fs error' -e 'I/O error')"
echo "sums $(ask -c 'select * from sums')" # a count, and whether it all fits
echo "rows $(ask -c 'select count(*), coalesce(max(number), 0) from acknowledged')"
as_postgres pg_amcheck --heapallindexed --database=bench || fail "amcheck"
echo "sound"
churn &
perl $work/files.pl $work/files &
write_rows &
run_pgbench
fail "pgbench has ended"
