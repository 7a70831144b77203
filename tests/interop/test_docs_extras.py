# SPDX-License-Identifier: Apache-2.0
"""What docs show with packages that are extras runs, where these are installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from docs_support import PAGES, blocks_of, fill, run_page

NEEDED = {page: {name for block in blocks_of(page) for name in block.needs} for page in PAGES}
PAGE = next(page for page in PAGES if page.name == "vectors.md")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of faiss's wrapper


@pytest.fixture(autouse=True)
def _figures_are_closed() -> Iterator[None]:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    yield
    from matplotlib import pyplot

    pyplot.close("all")


def test_no_other_page_needs_an_extra() -> None:
    assert {page for page, needed in NEEDED.items() if needed} == {PAGE}
    assert NEEDED[PAGE] == {"matplotlib", "plotly", "usearch"}


@pytest.mark.parametrize("backend", ["usearch", "faiss"])
def test_every_snippet_that_needs_an_extra_runs(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("plotly", backend):
        pytest.importorskip(package)
    fill(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert run_page(PAGE, tmp_path, NEEDED[PAGE], usearch=backend) == NEEDED[PAGE]
    for name in ("words.png", "words.html", "corpus.index"):
        assert (tmp_path / name).stat().st_size > 1000
    assert backend.encode() in (tmp_path / "corpus.index").read_bytes()[:200]
