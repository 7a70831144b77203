# SPDX-License-Identifier: Apache-2.0
"""Check name, content and size of the sdist and the wheel in a folder."""

from __future__ import annotations

import fnmatch
import sys
import tarfile
import zipfile
from pathlib import Path

WHEEL_NAME = "fastw2v-*-cp311-abi3-*.whl"
MOST_WHEEL_BYTES = 5 << 20  # without the text of the demo
TEXT = "fastw2v/data/public-domain.txt.xz"
SETS = ["google-analogies.txt.xz", "wordsim353.tsv.xz", "SOURCES.md"]
IN_WHEEL = [
    *(TEXT, "fastw2v/py.typed", "fastw2v/_core.pyi", "fastw2v/__init__.py"),
    *("fastw2v/explorer/page.html", "fastw2v/explorer/page.css", "fastw2v/explorer/page.js"),
    *(f"fastw2v/data/{name}" for name in SETS),
]
NOT_IN_WHEEL = ["*.c", "*.h", "*.pyx", "*.pxd", "*.pxi", "tests/*", "benchmarks/*", "docs/*"]
IN_SDIST = [
    *("csrc/fastw2v.h", "csrc/walk.c", "fastw2v/_core.pyx", "fastw2v/_fastw2v.pxd", TEXT),
    *("fastw2v/_core_kernels.pxi", "fastw2v/_core.pyi", "tests/c/check.h", "tests/unit"),
    *("docs/reference.md", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "setup.py"),
]
NOT_IN_SDIST = ["fastw2v/_core.c", "*.so", "*.pyc", "build/*"]


def check(name: str, names: list[str], wanted: list[str], unwanted: list[str]) -> None:
    missing = [item for item in wanted if item not in names]
    surplus = [item for item in names if any(fnmatch.fnmatch(item, rule) for rule in unwanted)]
    if missing or surplus:
        sys.exit(f"{name}: missing {missing}, must not be in it {surplus}")


def only(folder: Path, pattern: str) -> Path:
    found = list(folder.glob(pattern))
    if len(found) != 1:
        sys.exit(f"expected one {pattern}, found {[path.name for path in folder.iterdir()]}")
    return found[0]


def main(folder: Path) -> None:
    wheel = only(folder, WHEEL_NAME)
    with zipfile.ZipFile(wheel) as archive:
        check(wheel.name, archive.namelist(), IN_WHEEL, NOT_IN_WHEEL)
        n_bytes = wheel.stat().st_size - archive.getinfo(TEXT).compress_size
    if n_bytes > MOST_WHEEL_BYTES:
        sys.exit(f"{wheel.name} has {n_bytes:,} bytes without the text")
    print(f"{wheel.name}: {wheel.stat().st_size:,} bytes, {n_bytes:,} without the text")

    sdist = only(folder, "fastw2v-*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
    check(sdist.name, names, IN_SDIST, NOT_IN_SDIST)
    print(f"{sdist.name}: {sdist.stat().st_size:,} bytes")


main(Path(sys.argv[1]))
