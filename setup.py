# SPDX-License-Identifier: Apache-2.0
"""Build the one compiled module; everything else is in pyproject.toml.

Environment switches for developers: ``SANITIZE=1`` (ASan + UBSan), ``DEBUG=1``
(no optimisation, symbols), ``COVERAGE=1`` (gcov). They change flags and no file, so everything is
always compiled anew.
"""

import os
import sys
import sysconfig
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
LIMITED_API = not FREE_THREADED  # no stable ABI for free-threaded CPython before 3.15


def enabled(name: str) -> bool:
    return os.environ.get(name, "") not in ("", "0")


def compiler_flags() -> tuple[list[str], list[str]]:
    """Return (compile, link) flags. Never -march=native or -ffast-math: a wheel runs anywhere."""
    if sys.platform == "win32":
        return ["/O2", "/std:c11", "/fp:precise"], []
    compile_flags = ["-std=c11", "-O3", "-g0", "-fvisibility=hidden", "-ffp-contract=off"]
    link_flags: list[str] = []
    if enabled("DEBUG"):
        compile_flags += ["-O0", "-g"]
    if enabled("SANITIZE"):
        sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
        # -Og: kernels, whose functions are all inlined, take gcc twice as long at -O1.
        compile_flags += [*sanitizers, "-fno-omit-frame-pointer", "-g1", "-Og"]
        link_flags += sanitizers
    if enabled("COVERAGE"):
        compile_flags += ["--coverage"]
        link_flags += ["--coverage"]
    return compile_flags, link_flags


compile_flags, link_flags = compiler_flags()
core = Extension(
    "fastw2v._core",
    sources=["fastw2v/_core.pyx", *sorted(map(str, Path("csrc").glob("*.c")))],
    include_dirs=["csrc"],
    define_macros=[("Py_LIMITED_API", "0x030B0000")] if LIMITED_API else [],
    py_limited_api=LIMITED_API,
    extra_compile_args=compile_flags,
    extra_link_args=link_flags,
)
setup(
    ext_modules=cythonize(
        [core],
        compiler_directives={
            "language_level": 3,
            "boundscheck": False,
            "wraparound": False,
            "freethreading_compatible": True,
        },
    ),
    options={
        "build_ext": {"force": True},
        "bdist_wheel": {"py_limited_api": "cp311" if LIMITED_API else False},
    },
)
