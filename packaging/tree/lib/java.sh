# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154  # variables that the launchers read or set
# Sourced by the launchers: finds a Java 25 or later without starting it.
# Reads home (the tree) and tool (the name in messages). Sets java (the program), java_arch (its architecture, such as
# x86_64), linked (yes if the program is part of that runtime image) and native (the directory of JNA's library).

# is_java FOLDER: whether it contains a Java 25 or later. Sets found_version, found_build, found_arch and found_linked.
is_java() {
    [ -x "$1/bin/java" ] && [ -r "$1/release" ] || return 1
    found_version=0 found_build='' found_arch='' found_linked=''
    while IFS= read -r line; do
        value=${line#*\"}
        case $line in
            JAVA_VERSION=*) found_version=${value%%[!0-9]*} ;;
            JAVA_RUNTIME_VERSION=*) found_build=${value%\"*} ;;
            OS_ARCH=*) found_arch=${value%\"*} ;;
            MODULES=*org.switchback.gui*) found_linked=yes ;;
        esac
    done <"$1/release"
    [ "${found_version:-0}" -ge 25 ]
}

# choose_java FOLDER: the one that is_java was last called with.
choose_java() {
    java=$1/bin/java java_build=$found_build java_arch=$found_arch
}

missing_java() {
    printf '%s: %s\n' "$tool" "$1" >&2
    exit 1
}

find_java() {
    java='' java_build='' java_arch='' linked=''
    # If the program is linked into a runtime image, only that image is used.
    if is_java "$home/runtime" && [ -n "$found_linked" ]; then
        choose_java "$home/runtime"
        linked=yes
        return
    fi
    if [ -n "${SWITCHBACK_JAVA:-}" ]; then
        folder=${SWITCHBACK_JAVA%/bin/java}
        is_java "$folder" || missing_java \
            "SWITCHBACK_JAVA names $SWITCHBACK_JAVA, which is not a Java 25 or later."
        choose_java "$folder"
        return
    fi
    # A runtime image inside the tree, then the user's JAVA_HOME.
    for folder in "$home/runtime" "${JAVA_HOME:-}"; do
        if [ -n "$folder" ] && is_java "$folder"; then
            choose_java "$folder"
            return
        fi
    done
    # Preferably the build with which the AOT caches were created, because it starts fastest; otherwise the newest.
    newest=0
    for folder in /usr/lib/jvm/*; do
        is_java "$folder" || continue
        if [ "$found_build" = "$cache_build" ]; then
            choose_java "$folder"
            return
        fi
        if [ "$found_version" -gt "$newest" ]; then
            newest=$found_version
            choose_java "$folder"
        fi
    done
    if [ -z "$java" ]; then
        on_path=$(command -v java || true)
        if [ -n "$on_path" ]; then
            on_path=$(readlink -f "$on_path")
            folder=${on_path%/bin/java}
            is_java "$folder" && choose_java "$folder"
        fi
    fi
    [ -n "$java" ] || missing_java \
        "Java 25 or later is required. Install it (Debian: openjdk-25-jre, or Temurin 25 in /usr/lib/jvm)."
}

# find_cache NAME [in-place]: sets cache to the JVM option for that AOT cache if it matches, otherwise to nothing,
# because trying a cache that does not match costs time. in-place: the cache works only in the directory in which it was
# created.
find_cache() {
    cache=''
    [ "$java_build" = "$cache_build" ] && [ -r "$home/lib/$1.aot" ] || return 0
    [ -z "${2:-}" ] || [ -n "$linked" ] || [ "$home" = "$cache_home" ] || return 0
    cache=-XX:AOTCache=$home/lib/$1.aot
}

cache_build='' cache_home=''
if [ -r "$home/lib/aot-made" ]; then
    { IFS= read -r cache_build && IFS= read -r cache_home; } <"$home/lib/aot-made" || true
fi
find_java
native=$home/lib/native
[ -z "$linked" ] || native=$home/runtime/lib
