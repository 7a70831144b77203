# SPDX-License-Identifier: Apache-2.0
"""The page to explore vectors with, as a file: what is in it, and what must not be."""

from __future__ import annotations

import base64
import json
import re
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from explorer_support import WORDS, vectors_of

from fastw2v.cli import main
from fastw2v.explorer import SCRIPTS
from fastw2v.keyed_vectors import KeyedVectors
from fastw2v.vocabulary import Vocabulary

#: int8 rows: each number is off by at most 1/254 of the largest of its row.
INT8 = 1 / 254


class Elements(HTMLParser):
    """The text of each element that has an id, and the names of all."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.texts: dict[str, str] = {}
        self._id = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self._id = dict(attrs).get("id") or tag

    def handle_data(self, data: str) -> None:
        self.texts[self._id] = self.texts.get(self._id, "") + data


def page_of(kv: KeyedVectors, folder: Path, **options: Any) -> Elements:
    kv.explore(folder / "page.html", **{"method": "pca", **options})
    return Elements((folder / "page.html").read_text(encoding="utf-8"))


def data_of(page: Elements) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(page.texts["data"])
    return data


def rows_of(page: Elements) -> Any:
    rows = np.frombuffer(base64.b64decode(page.texts["rows"]), np.int8)
    return rows.reshape(-1, data_of(page)["vector_size"])


def test_words_of_all_kinds_come_through_and_none_becomes_an_element(tmp_path: Path) -> None:
    harmless = page_of(vectors_of(["a", "b"]), tmp_path)
    page = page_of(vectors_of(WORDS), tmp_path, title="</title><b>{{data}} & co")
    assert data_of(page)["words"] == WORDS
    assert page.names == harmless.names
    assert page.texts["title"].strip() == "</title><b>{{data}} & co"


def test_a_word_without_utf8_form_is_shown_with_a_question_mark(tmp_path: Path) -> None:
    assert data_of(page_of(vectors_of(["a\udcff", "b"]), tmp_path))["words"] == ["a?", "b"]


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8"])
def test_rows_have_the_directions_of_the_vectors(tmp_path: Path, dtype: str) -> None:
    kv = vectors_of(WORDS)
    rows = rows_of(page_of(kv.astype(dtype), tmp_path)).astype(np.float32)
    scaled = rows * (np.abs(kv.vectors).max(axis=1) / 127)[:, np.newaxis]
    bound = INT8 * np.abs(kv.vectors).max() * 1.1  # and float16's rounding
    np.testing.assert_allclose(scaled, kv.vectors, atol=bound)


def test_a_vector_of_zeros_or_of_none_has_no_direction(tmp_path: Path) -> None:
    kv = vectors_of(["a", "b", "c"])
    kv.vectors[1] = 0
    kv.vectors[2, 0] = np.nan
    rows = rows_of(page_of(kv, tmp_path, map_words=2))
    assert rows[0].any()
    assert not rows[1:].any()


def test_a_page_has_the_first_words_up_to_a_limit(tmp_path: Path) -> None:
    page = page_of(vectors_of(WORDS), tmp_path, limit=10, map_words=4)
    data = data_of(page)
    assert data["words"] == WORDS[:10]
    assert data["counts"] == [3 * (len(WORDS) - i) for i in range(10)]
    assert data["vocab_size"] == len(WORDS)
    assert len(data["places"]) == 2 * 4
    assert rows_of(page).shape == (10, 16)


def test_limits_beyond_the_vocabulary_mean_all_of_it(tmp_path: Path) -> None:
    data = data_of(page_of(vectors_of(["a", "b", "c"]), tmp_path, limit=99, map_words=99))
    assert (len(data["words"]), len(data["places"])) == (3, 6)


def test_a_page_may_have_no_map(tmp_path: Path) -> None:
    assert data_of(page_of(vectors_of(["a", "b"]), tmp_path, map_words=0))["places"] == []


def test_placeholders_are_not_shown_as_counts(tmp_path: Path) -> None:
    words = ["a", "b", "c"]
    kv = KeyedVectors(Vocabulary(words, np.array([3, 2, 1])), vectors_of(words).vectors)
    assert data_of(page_of(kv, tmp_path))["counts"] is None


def test_numbers_are_words_and_an_empty_table_makes_an_empty_page(tmp_path: Path) -> None:
    kv = KeyedVectors.empty(4)
    assert data_of(page_of(kv, tmp_path))["words"] == []
    kv.add_vectors(["a", 7], np.eye(2, 4, dtype=np.float32))
    assert data_of(page_of(kv, tmp_path))["words"] == ["a", "7"]


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"limit": 0}, "limit must be at least 1"),
        ({"map_words": -1}, "map_words must be at least 0"),
        ({"method": "lda"}, "method must be one of"),
    ],
)
def test_a_wrong_option_is_refused_and_writes_nothing(
    tmp_path: Path, option: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        vectors_of(WORDS).explore(tmp_path / "page.html", **option)
    assert list(tmp_path.iterdir()) == []


def test_the_page_asks_for_nothing_from_elsewhere() -> None:
    folder = files("fastw2v.explorer")
    names = {item.name for item in folder.iterdir() if item.name.endswith(("html", "css", "js"))}
    assert names == {"page.html", "page.css", *SCRIPTS}
    for name in names:
        text = (folder / name).read_text(encoding="utf-8")
        asks = r"https?:|//\w+\.|\bsrc=|url\(|@import|\bimport\b|fetch\(|XMLHttp|WebSocket|eval\("
        assert not re.findall(asks, text), name
    assert "default-src 'none'" in (folder / "page.html").read_text(encoding="utf-8")


def test_nothing_in_the_page_reads_text_as_html() -> None:
    for name in SCRIPTS:
        script = (files("fastw2v.explorer") / name).read_text(encoding="utf-8")
        assert not re.findall(r"innerHTML|outerHTML|insertAdjacent|document\.write", script), name


def test_the_command_writes_a_page_beside_the_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from fastw2v import Word2Vec

    model = Word2Vec([["a", "b", "c"]] * 50, min_count=1, vector_size=8, workers=1).train()
    model.save(tmp_path / "letters.model")
    assert main(["explore", str(tmp_path / "letters.model"), "--limit", "2"]) == 0
    path = tmp_path / "letters.model.html"
    assert f"page in {path}" in capsys.readouterr().out
    page = Elements(path.read_text(encoding="utf-8"))
    assert page.texts["title"].strip() == "letters"
    assert len(data_of(page)["words"]) == 2
