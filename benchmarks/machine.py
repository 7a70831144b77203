# SPDX-License-Identifier: Apache-2.0
"""Where a measurement was made: machine, commit and versions; and how it is kept undisturbed."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("fastw2v", "numpy", "gensim", "scipy", "fasttext-numpy2-wheel")


def describe() -> dict[str, Any]:
    """Return what a reader must know to compare these figures with others."""
    return {
        "cpu": cpu_model(),
        "cpus": os.cpu_count(),
        "usable_cpus": len(usable_cpus()),
        "memory_gb": memory_gb(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": versions(),
        "commit": commit(),
        "installed_from_here": installed_from_here(),
    }


def cpu_model() -> str:
    """Return the CPU's own name for itself."""
    if sys.platform == "linux":
        facts = {
            key.strip(): value.strip()
            for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines()
            for key, _, value in [line.partition(":")]
        }
        if "model name" in facts:
            family = f"family {facts.get('cpu family')}, model {facts.get('model')}"
            return f"{facts['model name']} ({family})"
    if sys.platform == "darwin":
        return _output("sysctl", "-n", "machdep.cpu.brand_string") or platform.processor()
    return platform.processor() or platform.machine()


def memory_gb() -> float | None:
    """Return how much memory the machine has, in GB."""
    if not hasattr(os, "sysconf"):
        return None
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)


def versions() -> dict[str, str]:
    """Return the versions of the packages that are installed, without importing them."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def commit() -> str | None:
    """Return the commit of this checkout, marked ``-dirty`` if a tracked file was changed."""
    return _output("git", "-C", str(ROOT), "describe", "--always", "--tags", "--dirty")


def installed_from_here() -> bool:
    """Whether the fastw2v that is measured is that of this checkout, so of this commit."""
    spec = importlib.util.find_spec("fastw2v")
    return bool(spec and spec.origin and Path(spec.origin).resolve().is_relative_to(ROOT))


def _output(*command: str) -> str | None:
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return result.stdout.strip()


def summary(facts: dict[str, Any], isas: list[str]) -> str:
    """Return `describe`'s facts as the lines under a table."""
    source = facts["commit"] or "no git checkout"
    if not facts["installed_from_here"]:
        source += " (of the benchmarks only: fastw2v is installed from elsewhere)"
    installed = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    lines = {
        "machine": f"{facts['cpu']}, {facts['usable_cpus']} of {facts['cpus']} CPUs usable",
        "system": f"{facts['system']}, Python {facts['python']}",
        "fastw2v's ISA": ", ".join(isas) or "-",
        "versions": installed,
        "commit": source,
    }
    return "\n".join(f"{name + ':':15}{value}" for name, value in lines.items())


# ---- Keeping a run undisturbed -----------------------------------------------------------------


def usable_cpus() -> list[int]:
    """Return the CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def pin(n_cpus: int, first: int | None = None) -> list[int] | None:
    """Tie this process to so many CPUs; return them, or None if it cannot be done.

    They are those from `first` on, or else the last ones, because the system's own work tends to
    be done on the first. Call it before a library that counts CPUs (BLAS) is loaded.
    """
    if not hasattr(os, "sched_setaffinity"):
        return None
    usable = usable_cpus()
    cpus = usable[-n_cpus:] if first is None else [cpu for cpu in usable if cpu >= first][:n_cpus]
    os.sched_setaffinity(0, cpus)
    return cpus


CLAIM = """
import sys
from fastw2v.memory import page_aligned
page_aligned(int(sys.argv[1]))[::4096] = 1
"""


def claim_memory(n_bytes: int) -> None:
    """Have this system own so much free memory.

    The host of a virtual machine may take back what nobody uses. To get it again, page by page,
    took 0 to 700 ms of a reading of 600 ms, at random. A process of its own asks for it, so that
    the memory of this one does not show it.
    """
    subprocess.run([sys.executable, "-c", CLAIM, str(n_bytes)], check=True)


def peak_memory_mb() -> float | None:
    """Return the most memory that this process has held, in MB (10^6 bytes).

    Linux hands ru_maxrss on through exec, so that a child would begin with its parent's; VmHWM is
    the process's own.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text("utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    if sys.platform == "win32":
        return None
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
