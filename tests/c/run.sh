#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Build and run every test_*.c of this directory with csrc/*.c, without Python.
#
#   tests/c/run.sh [target...]     all of them by default
#
# Targets: gcc, clang      -O3, as the extension is built, with warnings as errors
#          sanitize        ASan and UBSan
#          tsan            threads that train at once, and races that must be found
#          aarch64         cross-built, run under qemu
# A target whose tools are missing is skipped, unless REQUIRE_ALL=1.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
csrc=$here/../../csrc
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT

warnings="-Wall -Wextra -Wconversion -Wshadow -Wpedantic -Werror"
# -ffp-contract=off: fused multiply-adds are explicit, in every build.
flags="-std=c11 -ffp-contract=off -I$csrc -I$here $warnings"
sanitizers="-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g"
races="-O1 -g -fsanitize=thread -pthread"

# available target tool...: whether all tools are there; a missing one is fatal with REQUIRE_ALL=1.
available() {
    target=$1
    shift
    for tool in "$@"; do
        if ! command -v "$tool" >/dev/null 2>&1; then
            echo "$target: skipped, no $tool"
            [ "${REQUIRE_ALL:-0}" = 0 ] || exit 1
            return 1
        fi
    done
}

# objects folder test: those of csrc, but of no file that the test includes itself.
objects() {
    for object in "$1"/*.o; do
        grep -q "^#include \".*/$(basename "$object" .o)\\.c\"" "$2" || echo "$object"
    done
}

# compile_engine target compiler flag...: csrc alone.
compile_engine() {
    target=$1 compiler=$2
    shift 2
    mkdir "$build/$target"
    echo "== $target"
    for source in "$csrc"/*.c; do
        $compiler $flags "$@" -c "$source" -o "$build/$target/$(basename "$source" .c).o"
    done
}

# run_with target launcher compiler flag...: csrc is compiled once, each test linked with it.
run_with() {
    target=$1 launcher=$2 compiler=$3
    shift 3
    compile_engine "$target" "$compiler" "$@"
    for test in "$here"/test_*.c; do
        program=$build/$target/$(basename "$test" .c)
        $compiler $flags "$@" "$test" $(objects "$build/$target" "$test") -o "$program" -lm
        $launcher "$program"
    done
}

# run_threads: the one test that needs threads, under ThreadSanitizer.
run_threads() {
    compile_engine tsan gcc $races
    gcc $flags $races "$here/threads.c" "$build"/tsan/*.o -o "$build/tsan/threads" -lm
    "$build/tsan/threads"
}

run_target() {
    case $1 in
    gcc) ! available gcc gcc || run_with gcc "" gcc -O3 ;;
    clang) ! available clang clang || run_with clang "" clang -O3 ;;
    sanitize)
        # -Og: kernels, all of whose functions are inlined, take three times as long at -O0.
        ! available sanitize gcc || run_with sanitize "" gcc -Og $sanitizers
        ;;
    tsan) ! available tsan gcc || run_threads ;;
    aarch64)
        ! available aarch64 aarch64-linux-gnu-gcc qemu-aarch64 ||
            run_with aarch64 qemu-aarch64 aarch64-linux-gnu-gcc -O3 -static
        ;;
    *)
        echo "unknown target: $1" >&2
        exit 2
        ;;
    esac
}

[ $# -gt 0 ] || set -- gcc clang sanitize tsan aarch64
for target in "$@"; do
    run_target "$target"
done
