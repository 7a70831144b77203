# SPDX-License-Identifier: Apache-2.0
"""Feed every loader with files that no writer made.

    python tests/fuzz_loaders.py --seconds 60
    python tests/fuzz_loaders.py --input crash-0123abcd

atheris (`pip install '.[fuzz]'`) changes files, guided by the branches that they take in the
package; where it is not installed they are changed at random. Each must be loaded or refused with
a ValueError that names it, within a fixed amount of memory. An input that fails is left in the
folder that the first line names.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MEMORY = 512  # MiB, with what is imported and the seeds; half of it at once
ADDRESSES = 4 << 30  # bytes, with what threads reserve
MOST_BYTES = 4096  # of an input; the seeds have up to 3,000
SLOWEST = 100  # seconds for an input that needs milliseconds, on a machine that may be busy
TOKENS = [
    *(b"0", b"1", b"-1", b"4294967295", b"4294967296", b"9999999999", b"18446744073709551615"),
    *(
        b" ",
        b"\n",
        b"\r\n",
        b"\t",
        b"\0",
        b"nan",
        b"inf",
        b"1e38",
        b"1e-46",
        b".",
        b"e",
        b"{",
        b"}",
    ),
    *(b"\xff", b"\xc3", b"\xff\xff\xff\xff", b"\xff" * 8, b"\x7f" + b"\xff" * 7, b"\0" * 8),
    *(b"\x01\0\0\0\0\0\0\0", b"\0\0\0\x80", b"float16", b"F16", b"I8", b'"shape"', b"[", b"]"),
    *(b"\x1f\x8b", b"\x93NUMPY", b"FiFu", b"PK\x03\x04", b"\x80\x05", b'"__metadata__"', b"null"),
    *(b"</s>", b"True", b"'fortran_order'", b"'<f2'", b"'>f8'", b'"format_version"', b"-0.0"),
]


def mutated(rng: random.Random, content: bytes, others: list[bytes]) -> bytes:
    """Return a content with a few changes."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        at = rng.randrange(len(data) + 1)
        end = min(len(data), at + rng.choice((1, 1, 2, 4, 8, 30)))
        change = rng.randrange(7)
        if change == 0 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif change == 1:
            data[at:end] = rng.choice(TOKENS)
        elif change == 2:
            data[at:at] = rng.choice(TOKENS)
        elif change == 3:
            del data[at:end]
        elif change == 4:
            data[at:at] = data[at:end] * rng.choice((1, 2, 100))
        elif change == 5:
            del data[at:]
        else:
            other = rng.choice(others)
            data[at:] = other[rng.randrange(len(other) + 1) :]
    return bytes(data)


def fuzz(folder: Path, seed: int, seconds: float, most: int | None = None) -> tuple[int, int]:
    """Try new files for so many seconds, or so many of them; return how many, how many good.

    The same seed gives the same files, as far as the time allows.
    """
    import fuzz_targets

    rng = random.Random(seed)
    seeds = [*fuzz_targets.all_seeds().values()]
    end, n, n_good = time.monotonic() + seconds, 0, 0
    while time.monotonic() < end and (most is None or n < most):
        begin = rng.choice(seeds)
        data = begin[:1] + rng.randbytes(1) + mutated(rng, begin[2:], seeds)
        try:
            n_good += fuzz_targets.check(folder, data)
        except BaseException:
            (folder / "crash").write_bytes(data)
            raise
        n += 1
    return n, n_good


def fuzz_guided(folder: Path, options: list[str]) -> None:
    """Have libFuzzer try new files; it ends the process."""
    import atheris

    silence = contextlib.redirect_stderr(io.StringIO())  # it names each module
    with silence, atheris.instrument_imports(include=["fastw2v"]):
        import fuzz_targets

    corpus = folder / "corpus"
    corpus.mkdir()
    for number, data in enumerate(fuzz_targets.all_seeds().values()):
        (corpus / str(number)).write_bytes(data)
    words = ("".join(f"\\x{byte:02x}" for byte in token) for token in TOKENS)
    (folder / "words").write_text("".join(f'"{word}"\n' for word in words))

    atheris.Setup(
        [sys.argv[0], *options, f"-dict={folder}/words", f"-artifact_prefix={folder}/",
         f"-max_len={MOST_BYTES}", f"-rss_limit_mb={MEMORY}", f"-malloc_limit_mb={MEMORY // 2}",
         f"-timeout={SLOWEST}", "-print_final_stats=1", "-verbosity=0", str(corpus)],
        lambda data: fuzz_targets.check(folder, data),
    )  # fmt: skip
    atheris.Fuzz()


def main() -> int:
    """Fuzz for a while; the status tells whether all went well."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**9)
    parser.add_argument("--input", type=Path, help="an input that failed, to try it again")
    parser.add_argument("--folder", type=Path, help="where to work (default: a new one, in memory)")
    chosen = parser.parse_args()
    if chosen.folder is None:
        return in_new_folder(sys.argv[1:])
    if chosen.input:
        import fuzz_targets

        fuzz_targets.all_seeds()
        is_loaded = fuzz_targets.check(chosen.folder, chosen.input.read_bytes())
        print("loaded" if is_loaded else "refused")
        return 0
    print(f"seed {chosen.seed}, files in {chosen.folder}", flush=True)
    os.fsync = lambda _descriptor: None  # of files that live for a millisecond
    if sys.platform == "linux":
        limit_memory()
    if importlib.util.find_spec("atheris"):
        options = [f"-seed={chosen.seed}", f"-max_total_time={chosen.seconds}"]
        fuzz_guided(chosen.folder, options)
    print("atheris is not installed: files are changed at random", flush=True)
    n, n_good = fuzz(chosen.folder, chosen.seed, chosen.seconds)
    print(f"{n} files, {n_good} of them loaded, the others refused")
    return 0 if n_good else 1


def in_new_folder(arguments: list[str]) -> int:
    """Do it all in a process with a new folder, which is deleted if nothing was found."""
    in_memory = Path("/dev/shm")
    folder = tempfile.mkdtemp(dir=in_memory if in_memory.is_dir() else None)
    command = [sys.executable, __file__, *arguments, "--folder", folder]
    status = subprocess.run(command, check=False).returncode
    if status == 0:
        shutil.rmtree(folder)
    return status


def limit_memory() -> None:
    """Make a MemoryError of what would take too much; a sanitizer's shadow makes this moot."""
    import resource

    if "LD_PRELOAD" not in os.environ:
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))


if __name__ == "__main__":
    sys.exit(main())
