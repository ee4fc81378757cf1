# shellcheck shell=bash
# Sourced by ./xl and ./dev: finds JDK 25 and Maven, installs them where that is allowed, and
# builds when sources are newer than the last build.

JDK_FEATURE=25

say() { echo "${PROGRAM:-xl}: $*" >&2; }

die() {
    say "$*"
    exit 1
}

# Runs a command as root, without asking for a password; fails where that is not possible.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        sudo -n "$@"
    else
        return 1
    fi
}

# Installs Debian packages; fails quietly where there is no apt or no right to.
apt_install() {
    command -v apt-get >/dev/null || return 1
    as_root true || return 1
    export DEBIAN_FRONTEND=noninteractive
    as_root apt-get -qq -o DPkg::Lock::Timeout=120 install -y --no-install-recommends "$@" \
        >/dev/null 2>&1 && return
    as_root apt-get -qq -o DPkg::Lock::Timeout=120 update >/dev/null 2>&1
    as_root apt-get -qq -o DPkg::Lock::Timeout=120 install -y --no-install-recommends "$@" \
        >/dev/null 2>&1
}

# Whether a directory is a JDK (not only a runtime) of at least version 25.
is_jdk() {
    [ -x "$1/bin/java" ] && [ -x "$1/bin/javac" ] && [ -r "$1/release" ] || return 1
    local line
    while read -r line; do
        [[ $line =~ ^JAVA_VERSION=\"([0-9]+) ]] || continue
        [ "${BASH_REMATCH[1]}" -ge "$JDK_FEATURE" ]
        return
    done <"$1/release"
    return 1
}

# Sets JAVA_HOME to a fitting JDK: of the environment, of the path, or under /usr/lib/jvm.
look_for_jdk() {
    local candidate
    if [ -n "${JAVA_HOME:-}" ] && is_jdk "$JAVA_HOME"; then
        return
    fi
    candidate=$(readlink -f "$(command -v javac 2>/dev/null)" 2>/dev/null)
    for candidate in "${candidate%/bin/javac}" /usr/lib/jvm/* "${HOME:-/}"/.sdkman/candidates/java/*; do
        if is_jdk "$candidate"; then
            JAVA_HOME=$candidate
            return
        fi
    done
    return 1
}

find_jdk() {
    if ! look_for_jdk; then
        say "installing JDK $JDK_FEATURE ..."
        apt_install "openjdk-$JDK_FEATURE-jdk-headless" && look_for_jdk ||
            die "JDK $JDK_FEATURE is needed; install it (Debian 13:" \
                "apt-get install openjdk-$JDK_FEATURE-jdk-headless) or point JAVA_HOME at one"
    fi
    export JAVA_HOME
}

find_maven() {
    command -v mvn >/dev/null && return
    say "installing Maven ..."
    apt_install maven && command -v mvn >/dev/null ||
        die "Maven is needed to build; install it: apt-get install maven"
}

# Where the last build is: a directory of jar files. A running domain keeps using its own.
dist() { CDPATH="" cd -P -- "$ROOT/.dist/current" 2>/dev/null && pwd; }

is_fresh() {
    local stamp=$ROOT/.dist/stamp
    [ -e "$stamp" ] && [ -d "$ROOT/.dist/current" ] || return 1
    [ -z "$(find "$ROOT/pom.xml" "$ROOT"/{ground,processor,machine,moving,fleet} \
        \( -name target -o -path '*/src/test' \) -prune -o -newer "$stamp" \
        \( -name '*.java' -o -name pom.xml -o -type d -path '*/src/main/*' \) \
        -print -quit 2>/dev/null)" ]
}

# The JVM of `xl` itself, as it is started with a build: class path and main class follow.
XL_JVM=(-Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData
    --enable-native-access=ALL-UNNAMED -Xlog:disable)

# Has the JVM keep what it learns of xl's classes, for all later runs (JEP 483), in a cache of this
# name: of a run of "xl create" with this kernel, which fails. A build is good without.
keep_startup() {
    local build=$1 cache=$2 kernel=$3 place
    place=$(mktemp -d) || return 0
    printf 'name = "training"\nkernel = "%s"\n' "$kernel" >"$place/training.cfg"
    XDG_RUNTIME_DIR=$place XDG_CACHE_HOME=/dev/null "$JAVA_HOME/bin/java" "${XL_JVM[@]}" \
        -XX:AOTCacheOutput="$build/$cache.aot" -Dxenolith.startup.making=true -cp "$build/*" \
        org.xenolith.xl.Main create "$place/training.cfg" </dev/null >/dev/null 2>&1
    rm -rf "$place" "$build/$cache.aot.config"
}

# Builds what `xl` needs, if need be; one at a time.
build() {
    is_fresh && return
    mkdir -p "$ROOT/.dist" || die "cannot write to $ROOT"
    exec 9>"$ROOT/.dist/lock"
    command -v flock >/dev/null && flock 9
    if ! is_fresh; then
        find_maven
        say "building ..."
        local started name log=$ROOT/.dist/build.log
        started=$ROOT/.dist/started
        touch "$started"
        (cd "$ROOT" && mvn -B -q -DskipTests -pl fleet/xl -am package) \
            </dev/null >"$log" 2>&1 || {
            grep -m 5 ERROR "$log" >&2
            die "build failed; see $log"
        }
        name=$(date +%Y%m%d-%H%M%S)-$$
        mkdir "$ROOT/.dist/$name"
        cp "$ROOT"/fleet/xl/target/lib/*.jar "$ROOT"/fleet/xl/target/xenolith-xl-*.jar \
            "$ROOT/.dist/$name/" || die "build is incomplete; see $log"
        # Refused by xl: most commands; and by a domain's process: those that start one.
        keep_startup "$ROOT/.dist/$name" xl /nonexistent
        keep_startup "$ROOT/.dist/$name" launch /dev/null
        ln -sfn "$name" "$ROOT/.dist/next"
        mv -T "$ROOT/.dist/next" "$ROOT/.dist/current"
        mv "$started" "$ROOT/.dist/stamp"
        # The last few stay: domains may run from them.
        find "$ROOT/.dist" -mindepth 1 -maxdepth 1 -type d -name '2*' | sort | head -n -4 |
            xargs -r rm -rf
    fi
    exec 9>&-
}
