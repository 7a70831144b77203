# SPDX-License-Identifier: Apache-2.0
"""The house has three floors, and each knows only what lies below it.

Files that do not exist yet are checked as soon as they appear.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE, CSRC = ROOT / "fastw2v", ROOT / "csrc"

# A folder that is a floor of its own: its modules have rows of their own.
FLOORS = {"training"}

# What each module or subpackage may import of the package; itself it always may. This is the one
# table, from the roof to the ground: a module without a row is an error.
ALLOWED: dict[str, set[str]] = {
    "__main__": {"cli"},
    "cli": {
        "__init__", "agreement", "config", "doctor", "drawing", "evaluation", "keyed_vectors",
        "persistence", "signals", "word2vec",
    },
    "agreement": {"config", "corpus", "nearest", "system", "word2vec"},
    "doctor": {
        "config", "corpus", "system", "training.loop", "training.parameters", "training.sampling",
        "vocabulary",
    },
    "__init__": {
        "_core", "_version", "agreement", "config", "corpus", "doctor", "evaluation",
        "keyed_vectors", "system", "training.callbacks", "training.history", "vocabulary",
        "word2vec",
    },
    "word2vec": {
        "config", "corpus", "keyed_vectors", "model", "signals", "system", "training.callbacks",
        "training.checkpoints", "training.growth", "training.loop", "training.parameters",
        "training.plan", "training.start",
    },
    "model": {
        "config", "fingerprint", "keyed_vectors", "persistence", "system", "training.history",
        "training.parameters", "training.start", "vocabulary",
    },
    "training.plan": {
        "config", "corpus", "system", "training.callbacks", "training.checkpoints",
        "training.parameters", "training.start",
    },
    "training.growth": {"corpus", "training.start", "vocabulary"},
    "training.start": {
        "config", "corpus", "keyed_vectors", "system", "training.parameters", "training.sampling",
        "vocabulary",
    },
    "training": set(),
    "training.loop": {
        "config", "corpus", "signals", "training.callbacks", "training.checkpoints",
        "training.history", "training.parameters", "training.phases", "training.progress",
        "training.run",
    },
    "training.phases": {
        "_core", "memory", "training.engine", "training.run", "training.schedule",
    },
    "training.run": {
        "_core", "config", "corpus", "memory", "system", "training.callbacks", "training.engine",
        "training.history", "training.parameters", "training.schedule",
    },
    "training.callbacks": set(),
    "training.engine": {
        "_core", "config", "corpus", "system", "training.parameters", "training.sampling",
        "training.schedule",
    },
    "training.checkpoints": {
        "_version", "config", "corpus", "persistence", "training.history", "training.parameters",
    },
    "training.history": {"drawing"},
    "evaluation": {"keyed_vectors", "nearest"},
    "keyed_vectors": {
        "_core", "comparison", "corpus", "drawing", "explanation", "explorer", "nearest",
        "persistence", "sentence_vectors", "system", "vector_index", "vocabulary",
    },
    "sentence_vectors": {"_core", "corpus"},
    "comparison": set(),
    "explanation": {"corpus"},
    "vector_index": {"persistence"},
    "explorer": {"drawing", "persistence"},
    "drawing": set(),
    "nearest": {"_core", "memory", "system", "threads"},
    "corpus": {"_core", "memory", "persistence", "threads", "vocabulary"},
    "persistence": {"_core", "signals", "system", "vocabulary"},
    "fingerprint": {"vocabulary"},
    "system": {"_core", "_version"},
    "threads": {"signals"},
    "signals": set(),
    "training.progress": set(),
    "vocabulary": {"_core"},
    "training.parameters": {"memory", "threads"},
    "training.schedule": {"config"},
    "training.sampling": {"config"},
    "config": set(),
    "memory": set(),
    "_version": set(),
    # The specification stands beside the house: nothing in it may be a silent slow path.
    "replay": {"draws", "reference"},
    "reference": set(),
    "draws": set(),
}  # fmt: skip

# Headers that are not ours: no Python, no I/O, no threads.
FOREIGN_HEADERS = {
    "limits.h", "math.h", "stdbool.h", "stddef.h", "stdint.h", "string.h",
    "arm_neon.h", "cpuid.h", "immintrin.h", "intrin.h",
}  # fmt: skip
HEADERS_OF = {
    "lexicon.c": {"stdlib.h"},  # the one file that allocates
    "huge_pages.c": {"sys/mman.h"},  # on Linux alone, for a hint
}

LANGUAGES = {".py", ".pyi", ".pyx", ".pxd", ".pxi", ".c", ".h"}
MOST_LINES = 400
LICENCE = re.compile(r"^(?:#|/\*) SPDX-License-Identifier: Apache-2\.0(?: \*/)?$", re.MULTILINE)
FAST_MATH = re.compile(
    r"-march=native|-mtune=native|-mcpu=native|-Ofast|-ffast-math|-funsafe-math|-ffp-contract=fast"
    r"|-ffinite-math|-fassociative-math|/fp:fast"
)


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def sources() -> list[Path]:
    """Return everything that we write in Python, Cython or C: what ships, tests and benchmarks."""
    folders = [PACKAGE, CSRC, ROOT / "tests", ROOT / "benchmarks"]
    found = [path for folder in folders for path in folder.rglob("*") if path.suffix in LANGUAGES]
    return sorted(path for path in [*found, ROOT / "setup.py"] if path != PACKAGE / "_core.c")


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def without_c_comments(text: str) -> str:
    return re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL)


# ---- Python -------------------------------------------------------------------------------------


def unit_of(path: Path) -> str:
    """Return the name by which ALLOWED knows a module."""
    return unit_named(path.relative_to(PACKAGE).with_suffix("").parts)


def unit_named(names: Sequence[str]) -> str:
    """Return the first of `names`, which lead down from the package, or two in a floor."""
    n_names = 2 if names[0] in FLOORS and names[1:] != ("__init__",) else 1
    return ".".join(names[:n_names])


def is_unit(name: str) -> bool:
    known = {*ALLOWED, "_core", *map(unit_of, modules())}
    return name in known


def imported_units(tree: ast.AST, path: Path) -> Iterator[str]:
    """Yield the units of the package that a module imports, wherever and for whatever it does."""
    package = ("fastw2v", *path.relative_to(PACKAGE).parts[:-1])
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            base += node.module.split(".") if node.module else []
            names = [[*base, alias.name] for alias in node.names]
        else:
            continue
        for name in names:
            if name[0] == "fastw2v":
                unit = unit_named(tuple(name[1:])) if len(name) > 1 else ""
                yield unit if is_unit(unit) else "__init__"


@pytest.mark.parametrize("path", modules(), ids=relative)
def test_a_module_imports_only_what_the_table_allows(path: Path) -> None:
    unit = unit_of(path)
    assert unit in ALLOWED, f"give {unit} a row in ALLOWED"
    imported = set(imported_units(ast.parse(path.read_text(encoding="utf-8")), path)) - {unit}
    assert imported <= ALLOWED[unit], f"{relative(path)} imports {imported - ALLOWED[unit]}"


@pytest.mark.parametrize(
    ("statement", "unit"),
    [
        ("import fastw2v", "__init__"),
        ("import fastw2v.corpus.text as t", "corpus"),
        ("from fastw2v import _core", "_core"),
        ("from fastw2v import show_config", "__init__"),
        ("from fastw2v.corpus.text import read", "corpus"),
        ("from .text import read", "corpus"),
        ("from . import text", "corpus"),
        ("from .. import training", "training"),
        ("from ..training.loop import train", "training.loop"),
        ("from ..training import loop", "training.loop"),
        ("from ..training.checkpoints.file import load", "training.checkpoints"),
        ("def f():\n    from fastw2v import reference", "reference"),
        ("if TYPE_CHECKING:\n    import fastw2v.replay", "replay"),
    ],
)
def test_every_way_to_import_is_seen(statement: str, unit: str) -> None:
    inside_corpus = PACKAGE / "corpus" / "tokens.py"
    assert list(imported_units(ast.parse(statement), inside_corpus)) == [unit]


def test_the_table_lets_nothing_reach_the_specification() -> None:
    specification = {"reference", "draws", "replay"}
    for unit, allowed in ALLOWED.items():
        assert unit in specification or not allowed & specification, unit


def test_the_table_has_no_circle() -> None:
    # Whoever imports __init__ wants no more than __version__, and after it has been imported.
    reached = {unit: allowed - {"__init__"} for unit, allowed in ALLOWED.items()}
    for _ in ALLOWED:
        for allowed in reached.values():
            for other in list(allowed):
                allowed |= reached.get(other, set())
    assert [unit for unit, allowed in reached.items() if unit in allowed] == []


def test_training_and_persistence_do_not_know_each_other() -> None:
    assert not [unit for unit in ALLOWED["persistence"] if unit.startswith("training")]
    assert "persistence" not in ALLOWED["training.loop"]


def test_the_door_has_no_policy_of_numpy_threads_or_types() -> None:
    text = (PACKAGE / "_core.pyx").read_text(encoding="utf-8")
    code = re.sub(r"#[^\n]*", "", text)
    assert not re.findall(r"cimport\s+numpy|\bprange\b|ctypedef\s+fused", code)
    ours = set(re.findall(r"^\s*(?:from|import|cimport)\s+(fastw2v[\w.]*)", code, re.MULTILINE))
    assert ours <= {"fastw2v._fastw2v"}


ASKED_TO_PRINT = {"cli", "system", "training.progress"}


@pytest.mark.parametrize("path", modules(), ids=relative)
def test_the_library_logs_and_does_not_print(path: Path) -> None:
    if unit_of(path) in ASKED_TO_PRINT:
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    assert not [f.lineno for f in calls if isinstance(f, ast.Name) and f.id == "print"]


# ---- Every file ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sources(), ids=relative)
def test_no_file_is_longer_than_four_hundred_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


@pytest.mark.parametrize("path", [p for p in sources() if p.stat().st_size], ids=relative)
def test_every_file_states_its_licence_once(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert [found.start() for found in LICENCE.finditer(text)] == [0]


def build_files() -> list[Path]:
    found = [ROOT / "setup.py", ROOT / "pyproject.toml", *CSRC.glob("*.[ch]"), *ROOT.rglob("*.sh")]
    return sorted(p for p in [*found, *(ROOT / ".github").rglob("*.yml")] if p.exists())


@pytest.mark.parametrize("path", build_files(), ids=relative)
def test_a_build_is_for_any_cpu_and_keeps_the_rules_of_floats(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":  # what it says in its docstrings is no flag
        constants = (n.value for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Constant))
        text = "\n".join(c for c in constants if isinstance(c, str) and len(c.split()) == 1)
    elif path.suffix in {".c", ".h"}:
        text = without_c_comments(text)
        assert not re.findall(r"pragma\s+\w+\s+optimize|\boptimize\s*\(|FP_CONTRACT\s+ON", text)
    assert not FAST_MATH.findall(text)


# ---- C ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(CSRC.glob("*.[ch]")), ids=relative)
def test_the_engine_includes_nothing_of_python_nor_of_the_system(path: Path) -> None:
    text = without_c_comments(path.read_text(encoding="utf-8"))
    includes = re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', text, re.MULTILINE)
    ours = {header.name for header in CSRC.glob("*.h")}
    assert set(includes) <= ours | FOREIGN_HEADERS | HEADERS_OF.get(path.name, set())


def compiler() -> str | None:
    return next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)


needs_nm = pytest.mark.skipif(
    sys.platform != "linux" or not compiler() or not shutil.which("nm"),
    reason="reads ELF objects: needs Linux, a C compiler and nm",
)


def symbols(source: Path, folder: Path) -> list[tuple[str, str]]:
    """Return (type, name) of each symbol that a C file defines.

    Without -fPIC: there a constant table of pointers is read-only, as it is after relocation.
    """
    target = folder / (source.stem + ".o")
    flags = ["-std=c11", "-O0", "-fno-pic", "-fno-pie", f"-I{CSRC}"]
    subprocess.run([str(compiler()), *flags, "-c", str(source), "-o", str(target)], check=True)
    listing = subprocess.run(
        ["nm", "--defined-only", "-P", str(target)], check=True, capture_output=True, text=True
    ).stdout
    return [(line.split()[1], line.split()[0]) for line in listing.splitlines()]


def foreign_names(found: list[tuple[str, str]]) -> list[str]:
    return [name for kind, name in found if kind.isupper() and not name.startswith("fw_")]


def writable(found: list[tuple[str, str]]) -> list[str]:
    return [name for kind, name in found if kind in "DdBbCcSsGg"]


@needs_nm
@pytest.mark.parametrize("source", sorted(CSRC.glob("*.c")), ids=relative)
def test_global_symbols_begin_with_fw_and_none_is_writable(source: Path, tmp_path: Path) -> None:
    found = symbols(source, tmp_path)
    assert not foreign_names(found)
    assert not writable(found)


@needs_nm
@pytest.mark.parametrize(
    ("code", "foreign", "written"),
    [
        ("int fw_f(void) { return 1; }", [], []),
        ("int walk_f(void) { return 1; }", ["walk_f"], []),
        ("static int n; int fw_f(void) { return ++n; }", [], ["n"]),
        ("int fw_n = 1;", [], ["fw_n"]),
        ("int fw_n;", [], ["fw_n"]),
        ('static const char *const names[] = {"a"}; const char *fw_f(int i) { return names[i]; }',
         [], []),
    ],
)  # fmt: skip
def test_the_check_of_symbols_sees_what_it_is_for(
    code: str, foreign: list[str], written: list[str], tmp_path: Path
) -> None:
    source = tmp_path / "example.c"
    source.write_text(code)
    found = symbols(source, tmp_path)
    assert foreign_names(found) == foreign
    assert [name.split(".")[0] for name in writable(found)] == written
