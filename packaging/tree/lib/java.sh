# Read by the launchers: finds a Java 25 or later without starting one.
# Takes home (the tree) and tool (a name for messages); sets java, java_arch to what it was built for (x86_64), linked to yes
# when the program is part of that Java, and native to the folder of JNA's library.

# Takes a folder; sets found_version, found_build, found_arch and found_linked when it holds a Java 25 or later.
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

# Takes the folder that is_java has just been asked about.
choose_java() {
    java=$1/bin/java java_build=$found_build java_arch=$found_arch
}

missing_java() {
    printf '%s: %s\n' "$tool" "$1" >&2
    exit 1
}

find_java() {
    java='' java_build='' java_arch='' linked=''
    # An image that the program is linked into has no other.
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
    # A run-time image inside the tree, then the person's choice.
    for folder in "$home/runtime" "${JAVA_HOME:-}"; do
        if [ -n "$folder" ] && is_java "$folder"; then
            choose_java "$folder"
            return
        fi
    done
    # The build that the AOT caches were made with starts fastest; else the newest.
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
        "Java 25 or later is needed: install one (Debian: openjdk-25-jre, or Temurin 25 under /usr/lib/jvm)."
}

# Takes the name of an AOT cache, and in-place for one that serves only where it was made; sets cache to an option when
# the cache fits, else to nothing: one that does not fit costs time.
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
