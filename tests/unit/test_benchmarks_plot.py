# SPDX-License-Identifier: Apache-2.0
"""The plot shows the runs it should, and all is reproduced by commands that the scripts know."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from benchmarks_support import module

from fastw2v import _core


def made_run(setting: str, seed: int = 1, **changes: Any) -> dict[str, Any]:
    ours = not setting.startswith("gensim")
    run = {
        "setting": setting,
        "trainer": "fastw2v" if ours else "gensim",
        "architecture": "cbow" if "cbow" in setting else "skip-gram",
        "workers": 1,
        "cpu_share": 0.5,
        "train_seconds": 20.0 if ours else 400.0,
        "hyper_parameters": {"vector_size": 100, "epochs": 5, "seed": seed},
        "effective": None,
        "prepared": "abc",
        "tests": ["analogies", "simlex"],
        "restrict_vocab": 30000,
        "quality": {"analogies": 0.3 + seed / 100, "analogies, semantic": 0.2, "simlex": 0.3},
        "held_out_loss": 2.3,
        "twins": {"5-9": {"mrr": 0.3}},
    }
    return run | changes


# ---- Points ------------------------------------------------------------------------------------


def test_a_point_is_a_setting_with_all_its_seeds_the_fastest_first() -> None:
    runs = [made_run("gensim-cbow"), made_run("skip-gram", 2), made_run("skip-gram", 1)]
    plot = module("points").select(runs)
    assert [point["setting"] for point in plot["points"]] == ["skip-gram", "gensim-cbow"]
    ours = plot["points"][0]
    assert ours["seeds"] == [1, 2]
    assert ours["cpu_seconds_per_epoch"] == [2.0, 2.0]  # of 20 s on the wall half, in 5 epochs
    assert ours["scores"] == {"analogies": [0.31, 0.32], "simlex": [0.3, 0.3]}
    assert (plot["vector_size"], plot["epochs"]) == (100, 5)
    assert plot["tests"] == ["analogies", "simlex"]


def test_a_test_that_a_run_lacks_has_no_panel() -> None:
    runs = [made_run("skip-gram"), made_run("cbow", quality={"simlex": 0.3, "analogies": None})]
    assert module("points").select(runs)["tests"] == ["simlex"]


def test_runs_that_cannot_be_compared_do_not_share_a_plot() -> None:
    larger = {"vector_size": 300, "epochs": 5, "seed": 1}
    runs = [made_run("skip-gram"), made_run("skip-gram", hyper_parameters=larger), made_run("cbow")]
    select = module("points").select
    with pytest.raises(ValueError, match=r"vector_size 100, epochs 5; .*vector_size 300"):
        select(runs)
    (point,) = select(runs, vector_size=300)["points"]
    assert point["setting"] == "skip-gram"
    (point,) = select(runs, vector_size=100, settings=["cbow"])["points"]
    assert point["setting"] == "cbow"
    with pytest.raises(ValueError, match="are needed"):
        select(runs, vector_size=200)


# ---- The drawing -------------------------------------------------------------------------------


def test_numbers_stand_clear_of_points_and_of_each_other() -> None:
    plot = module("plot")
    middles = [(100.0 + 3 * i, 50.0 + 4 * (i % 3)) for i in range(12)]
    offsets = plot.places(middles)
    numbers = [(x + dx, y + dy) for (x, y), (dx, dy) in zip(middles, offsets, strict=True)]
    boxes = [(x, y, *plot.MARKER_ROOM) for x, y in middles]
    boxes += [(x, y, *plot.NUMBER_ROOM) for x, y in numbers]
    for i, (x, y) in enumerate(numbers):
        for j, (other_x, other_y, width, height) in enumerate(boxes):
            apart_x = abs(x - other_x) >= width + plot.NUMBER_ROOM[0]
            apart_y = abs(y - other_y) >= height + plot.NUMBER_ROOM[1]
            assert apart_x or apart_y or j == i + len(middles), (i, j)


def test_every_trainer_has_a_look() -> None:
    trainers = {setting.trainer for setting in module("settings").SETTINGS.values()}
    assert trainers == set(module("plot").MARKERS)


def test_the_same_runs_make_the_same_svg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    report = {"machine": {}, "prepared": {}, "failures": []}
    files = []
    for number, name in enumerate(["skip-gram", "gensim-skip-gram"]):
        files.append(tmp_path / f"{number}.json")
        runs = [made_run(name, seed) for seed in (1, 2)]
        files[-1].write_text(json.dumps(report | {"runs": runs}))
    for name in ("first.svg", "second.svg"):
        arguments = [*map(str, files), "--output", str(tmp_path / name)]
        monkeypatch.setattr(sys, "argv", ["plot.py", *arguments])
        assert module("plot").main() == 0
    drawn = (tmp_path / "first.svg").read_bytes()
    assert drawn == (tmp_path / "second.svg").read_bytes()
    assert b"gensim-skip-gram (2 seeds)" in drawn
    assert b"SimLex-999" in drawn
    points = json.loads((tmp_path / "first.json").read_text())["points"]
    assert [point["setting"] for point in points] == ["skip-gram", "gensim-skip-gram"]


# ---- Everything --------------------------------------------------------------------------------


@pytest.fixture
def chosen(tmp_path: Path) -> argparse.Namespace:
    """Options of reproduce.py, with every file there is to name."""
    names = ("corpus.txt", "questions.txt", "pairs.tsv", "quality.json", "enlarged.txt")
    corpus, questions, pairs, *_ = files = [str(tmp_path / name) for name in names]
    for path in files:
        Path(path).write_text("a b c\n")
    arguments = ["--corpus", corpus, "--analogies", questions, "--word-pairs", f"ws353={pairs}"]
    options: argparse.Namespace = (
        module("reproduce")
        ._parser()
        .parse_args(
            [*arguments, "--out", str(tmp_path), "--repeat", "2", "--epochs", "4", "--seeds", "7,8"]
        )
    )
    return options


def test_every_part_is_a_command_that_its_script_understands(chosen: argparse.Namespace) -> None:
    reproduce = module("reproduce")
    parts = {part.name: part for part in reproduce.parts(chosen)}
    assert list(parts) == reproduce.PARTS
    parsed = {}
    for name, part in parts.items():
        script = module(Path(part.script).stem)
        of_machine = [_core.available_isas()] if name == "kernels" else []
        parsed[name] = script._parser(*of_machine).parse_args(part.arguments)
    assert parsed["training-300"].vector_size == 300
    assert parsed["training-100"].peers == ["gensim", "gensim-sentences", "fasttext"]
    assert (parsed["training-100"].repeat, parsed["training-100"].epochs) == (2, 4)
    assert parsed["training-100"].word_pairs == chosen.word_pairs
    assert len(parsed["isas-100"].settings) == 3 * len(_core.available_isas())
    assert parsed["vocabulary"].min_count == [5, 1]
    assert parsed["vocabulary"].corpus == parsed["enlarge"].corpus == chosen.corpus
    assert parsed["vocabulary-enlarged"].corpus == parsed["enlarge"].output
    assert {parsed[name].repeat for name in ("search", "formats", "sentence-vectors")} == {2}
    assert parsed["quality"].seeds == [7, 8]
    assert {"fasttext-cbow", "gensim-skip-gram"} <= set(parsed["quality"].settings)
    assert parsed["plot"].reports == [parsed["quality"].json]


def test_an_enlarged_text_has_so_many_words_and_all_else_as_before(tmp_path: Path) -> None:
    enlarge = module("enlarge")
    text, output = tmp_path / "text.txt", tmp_path / "enlarged.txt"
    text.write_text("the one two the two\n\nthree the three the three the\n")
    counts = Counter(text.read_bytes().split())
    enlarge.write(text, output, enlarge.words_to_split(counts, 6))
    assert output.read_text() == "the one two the two~1\n\nthree the three~1 the three the\n"
    enlarge.write(text, output, enlarge.words_to_split(counts, 11))
    assert len(set(output.read_text().split())) == 11
    with pytest.raises(ValueError, match="11 tokens: 12 words are too many"):
        enlarge.words_to_split(counts, 12)
    with pytest.raises(ValueError, match="has 4 words already, got 3"):
        enlarge.words_to_split(counts, 3)


def test_a_part_is_done_once_and_again_only_if_it_failed(tmp_path: Path) -> None:
    reproduce = module("reproduce")
    script = tmp_path / "script.py"

    def do(body: str) -> bool:
        script.write_text(body)
        done: bool = reproduce._do(reproduce.Part("part", str(script), []), tmp_path)
        return done

    assert not do("print('half'); raise SystemExit(1)")
    assert do("print('whole')")
    assert do("raise SystemExit('it is there, so this must not run')")
    assert (tmp_path / "part.txt").read_text() == "whole\n"
    assert not (tmp_path / "part.unfinished").exists()


def test_a_part_is_not_begun_without_what_it_reads(
    chosen: argparse.Namespace,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    only = ["--words", "1", "--only", "enlarge,vocabulary-enlarged"]
    command = ["reproduce.py", "--corpus", str(chosen.corpus), "--out", str(chosen.out), *only]
    monkeypatch.setattr(sys, "argv", command)
    assert module("reproduce").main() == 1
    errors = capfd.readouterr().err
    assert "the text has 3 words already, got 1" in errors
    assert "vocabulary-enlarged: not begun, for it needs enlarge\n" in errors
    assert errors.endswith("did not end well: enlarge, vocabulary-enlarged\n")
