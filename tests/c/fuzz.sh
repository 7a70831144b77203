#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Build fuzz_texts.c with clang's libFuzzer, ASan and UBSan, and run it on fuzz_seeds and what it makes
# of them.
#
#   tests/c/fuzz.sh [options of libFuzzer]      it runs for a minute without -max_total_time
#
# An input that fails is printed and stays in the current folder.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
csrc=$here/../../csrc
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT

# Only what reads text, and what it writes, is watched: clang takes minutes for kernels with sanitizers.
clang="clang -std=c11 -O1 -g -ffp-contract=off -Wall -Wextra -Werror -I$csrc"
watched="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all"
for source in "$csrc"/*.c; do
    name=$(basename "$source" .c)
    case $name in
    decimal_* | encode | lexicon | scan | vector_lines) flags=$watched ;;
    *) flags= ;;
    esac
    $clang $flags -c "$source" -o "$build/$name.o"
done
$clang $watched -fsanitize=fuzzer "$here/fuzz_texts.c" "$build"/*.o -o "$build/fuzz_texts" -lm
mkdir "$build/found"
"$build/fuzz_texts" -max_total_time=60 -max_len=512 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -verbosity=0 "$@" "$build/found" "$here/fuzz_seeds"
