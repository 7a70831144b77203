# SPDX-License-Identifier: Apache-2.0
"""The judges of benchmarks/quality.py judge rightly, and a sweep goes on where it stopped."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmarks_support import BENCHMARKS, module

from fastw2v.reference import CBOW, SkipGram

QUESTIONS = ": some\nw0 w1 W2 w5\n"
KEPT_WHOLE = ("w0", "w1", "W2", "w5")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 600 lines of ten words: w0 the most frequent, w59 the least, and W5 in capitals."""
    generator = random.Random(1)
    words = [f"w{i}" if i != 5 else "W5" for i in range(60)]
    weights = [1 / (i + 1) for i in range(60)]
    path = tmp_path_factory.mktemp("corpus") / "corpus.txt"
    lines = [" ".join(generator.choices(words, weights, k=10)) for _ in range(600)]
    path.write_text("\n".join(lines) + "\n")
    return path


def rows(degrees: list[float], lengths: list[float]) -> Any:
    """Return vectors in a plane, by angle and length."""
    angles = np.deg2rad(degrees)
    vectors = np.column_stack([np.cos(angles), np.sin(angles)]) * np.array(lengths)[:, None]
    return vectors.astype(np.float32)


# ---- Twins -------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [1, 2, 512])
def test_a_rank_counts_the_words_that_are_nearer_by_angle(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    measures = module("measures")
    monkeypatch.setattr(measures, "BLOCK_QUERIES", block)
    vectors = rows([0, 10, 25, 90, 180], [1, 5, 0.1, 9, 2])
    pairs = np.array([[0, 1], [0, 2], [0, 4], [2, 0], [4, 3], [3, 1]])
    assert measures.twin_ranks(vectors, pairs).tolist() == [1, 2, 4, 2, 1, 2]


def test_vectors_that_are_all_the_same_are_ranked_last() -> None:
    same = np.ones((6, 4), np.float32)
    assert module("measures").twin_ranks(same, np.array([[0, 1], [5, 2]])).tolist() == [5, 5]


def test_the_score_of_a_band_is_of_both_directions() -> None:
    row_of = {"a": 0, "a__b": 1, "c": 2, "d": 3, "d__b": 4}
    vectors = rows([0, 30, 40, 200, 201], [1, 1, 1, 1, 1])
    bands = [
        {"band": "5-9", "words": [["a", "a__b"]]},  # ranks 1 and, behind c, 2
        {"band": "10-19", "words": []},
        {"band": "20-49", "words": [["d", "d__b"]]},  # ranks 1 and 1
    ]
    scores = module("measures").score_bands(vectors, row_of, bands)
    assert scores == {
        "5-9": {"words": 1, "mrr": 0.75, "top10": 1.0},
        "20-49": {"words": 1, "mrr": 1.0, "top10": 1.0},
    }


# ---- Held-out loss -----------------------------------------------------------------------------


@pytest.mark.parametrize("mean", [False, True])
def test_the_held_out_loss_is_that_of_the_reference(
    mean: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    measures = module("measures")
    monkeypatch.setattr(measures, "BLOCK_EXAMPLES", 2)
    generator = np.random.default_rng(1)
    inputs, outputs = generator.standard_normal((2, 9, 4)).astype(np.float32)
    centers = np.array([3, 1, 4])
    contexts = np.array([[1, 5, -1, -1], [2, 6, 5, 3], [8, -1, -1, -1]])
    negatives = np.array([[2, 7, 3], [1, 8, 2], [0, 0, 5]])  # two equal their centers
    losses, n_examples = 0.0, 0
    for center, around, drawn in zip(centers, contexts, negatives, strict=True):
        around = around[around >= 0]
        model = CBOW(inputs, outputs) if mean else SkipGram(inputs, outputs)
        losses += model.forward(around, center, drawn)
        n_examples += 1 if mean else len(around)
    loss = measures.held_out_loss(inputs, outputs, centers, contexts, negatives, mean)
    # Logits are sums of four products, in float32 and in another order.
    assert loss == pytest.approx(losses / n_examples, rel=1e-6)


def test_held_out_windows_are_words_around_a_center() -> None:
    preparation = module("preparation")
    words = [f"w{i:03}" for i in range(100)]
    counts = Counter({word: 200 - i for i, word in enumerate(words)})
    parameters = preparation.Parameters(window=3, sample=0, negative=4, examples=150)
    examples = preparation.draw_examples([words, words], counts, parameters)
    assert examples["vocabulary"].tolist() == words
    assert examples["centers"].shape == (150,)
    assert examples["negatives"].shape == (150, 4)
    assert len(set(examples["centers"].tolist())) > 60
    widths = set()
    for center, around in zip(examples["centers"], examples["contexts"], strict=True):
        around = around[around >= 0]
        width = max(abs(around - center))
        widths.add(width)
        nearby = [i for i in range(center - width, center + width + 1) if 0 <= i < 100]
        assert sorted(around) == [i for i in nearby if i != center]
    assert widths == {1, 2, 3}


def test_held_out_windows_skip_rare_words_and_thin_out_frequent_ones() -> None:
    preparation = module("preparation")
    counts = Counter({"often": 100_000, "seldom": 100, "rare": 4})
    parameters = preparation.Parameters(sample=1e-3)
    lines = [["often", "rare", "seldom"]] * 2000
    examples = preparation.draw_examples(lines, counts, parameters)
    assert examples["vocabulary"].tolist() == ["often", "seldom"]
    often = int((examples["centers"] == 0).sum())
    # Both of a line are kept, or it has no window: with probability sqrt(.001) + .001 = .033.
    assert often == len(examples["centers"]) - often
    assert 30 <= often <= 110  # 65 expected, 8 the standard deviation


def test_measures_find_rows_by_word_whatever_their_order(corpus: Path, tmp_path: Path) -> None:
    folder = Path(prepare(corpus, tmp_path)["folder"])
    examples = np.load(folder / "held_out.npz")
    words = examples["vocabulary"].tolist()
    generator = np.random.default_rng(1)
    inputs, outputs = generator.standard_normal((2, len(words), 8)).astype(np.float32)
    measures = module("measures")
    results = []
    for order in (np.arange(len(words)), generator.permutation(len(words))):
        trained = module("trained").Trained(
            [words[i] for i in order], None, inputs[order], outputs[order]
        )
        results.append(measures.measure(folder, trained, "skip-gram"))
    assert results[0]["twins"] == results[1]["twins"] != {}
    expected = measures.held_out_loss(
        inputs,
        outputs,
        *(examples[name] for name in ("centers", "contexts", "negatives")),
        mean=False,
    )
    assert (examples["contexts"] < 0).any()
    assert [result["held_out_loss"] for result in results] == [expected, expected]


# ---- Preparation -------------------------------------------------------------------------------


def prepare(corpus: Path, work: Path, **changes: Any) -> dict[str, Any]:
    preparation = module("preparation")
    parameters = preparation.Parameters(**{"twins_per_band": 5, "held_out": 0.1, **changes})
    made: dict[str, Any] = preparation.prepare(corpus, "sum", work, parameters, KEPT_WHOLE)
    return made


def test_exactly_half_of_a_split_word_is_renamed_and_nothing_else(
    corpus: Path, tmp_path: Path
) -> None:
    prepared = prepare(corpus, tmp_path)
    text = (Path(prepared["folder"]) / "corpus.txt").read_text()
    lines = corpus.read_text().splitlines()
    kept = text.replace("__b", "").splitlines()
    assert len(lines) * 0.8 < len(kept) < len(lines)
    remaining = iter(lines)
    assert all(line in remaining for line in kept)  # a subsequence
    assert prepared["words"] == len(text.split())
    assert prepared["held_out_words"] == 6000 - prepared["words"]
    counts, whole = Counter(text.split()), Counter(" ".join(kept).split())
    twins = json.loads((Path(prepared["folder"]) / "twins.json").read_text())
    split = [word for band in twins for word, _ in band["words"]]
    assert len(split) == len(set(split)) == sum(prepared["twins"].values()) > 10
    assert {word for word in counts if word.endswith("__b")} == {f"{word}__b" for word in split}
    for band in twins:
        low, high = map(int, band["band"].split("-"))
        for word, twin in band["words"]:
            assert counts[twin] == whole[word] // 2
            assert low <= counts[twin] <= high


def test_words_of_the_evaluation_sets_are_never_split(corpus: Path, tmp_path: Path) -> None:
    prepared = prepare(corpus, tmp_path, twins_per_band=1000)
    text = (Path(prepared["folder"]) / "corpus.txt").read_text().split()
    assert {"w0", "w1", "w2", "W5"} <= set(text)
    assert not {"w0__b", "w1__b", "w2__b", "W5__b"} & set(text)
    assert {"w4__b", "w20__b"} <= set(text)


def test_preparation_is_reproduced_byte_for_byte(corpus: Path, tmp_path: Path) -> None:
    first, second = (Path(prepare(corpus, tmp_path / name)["folder"]) for name in "ab")
    for name in ("corpus.txt", "twins.json"):
        assert (first / name).read_bytes() == (second / name).read_bytes()
    with np.load(first / "held_out.npz") as a, np.load(second / "held_out.npz") as b:
        assert all(np.array_equal(a[name], b[name]) for name in a.files)
    other = Path(prepare(corpus, tmp_path / "a", seed=2)["folder"])
    assert other != first
    assert (other / "corpus.txt").read_bytes() != (first / "corpus.txt").read_bytes()


def test_long_lines_are_cut(tmp_path: Path) -> None:
    path = tmp_path / "corpus.txt"
    path.write_text("a " * 2500 + "\nb\n")
    preparation = module("preparation")
    lines = preparation.lines_of(path, preparation.Parameters())
    assert [len(words) for words, _ in lines] == [1000, 1000, 500, 1]


# ---- Settings and runs -------------------------------------------------------------------------


def test_a_setting_can_be_changed_in_its_name() -> None:
    setting = module("settings").setting_of("cbow:pool_refresh=0.5:shared_negatives=8:isa=avx2")
    assert (setting.trainer, setting.architecture) == ("fastw2v", "cbow")
    assert setting.hyper_parameters == {
        "pool_refresh": 0.5,
        "shared_negatives": 8,
        "isa": "avx2",
    }
    peer = module("settings").setting_of("gensim-cbow:alpha=0.075")
    assert peer.arguments()["alpha"] == 0.075


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("skipgram", "unknown: 'skipgram'"),
        ("cbow:window", "must be KEY=VALUE, got 'window'"),
        ("cbow:epochs=3", "epochs is the same for all settings"),
        ("cbow:pool_refesh=1", "did you mean 'pool_refresh'"),
    ],
)
def test_a_wrong_setting_is_refused_before_anything_runs(
    corpus: Path, tmp_path: Path, text: str, message: str
) -> None:
    ended = quality("--corpus", corpus, "--json", tmp_path / "out.json", "--settings", text)
    assert ended.returncode == 2
    assert message in ended.stderr


def test_a_run_is_known_by_what_was_trained_not_by_its_name() -> None:
    identity = module("quality").identity
    run = {
        "trainer": "gensim",
        "hyper_parameters": {"alpha": 0.05, "seed": 1},
        "effective": None,
        "prepared": "a",
        "tests": ["analogies"],
        "restrict_vocab": 30_000,
    }
    assert identity(run) == identity(run | {"setting": "another", "commit": "another"})
    others = [
        {"trainer": "fasttext"},
        {"hyper_parameters": {"alpha": 0.025, "seed": 1}},
        {"hyper_parameters": {"alpha": 0.05, "seed": 2}},
        {"effective": {"pool_refresh": 0.5}},  # another default, after a commit
        {"prepared": "b"},
        {"tests": []},
        {"restrict_vocab": 10_000},
    ]
    assert len({identity(run | other) for other in [{}, *others]}) == 1 + len(others)


def made_run(**changes: Any) -> dict[str, Any]:
    run: dict[str, Any] = {
        "quality": {"analogies": 0.4},
        "held_out_loss": 2.0,
        "twins": {"5-9": {"mrr": 0.1}},
    }
    return run | changes


def test_behind_is_a_worse_mean_and_told_apart_by_the_spread() -> None:
    behind = module("quality_tables").behind
    peers = [made_run(), made_run(quality={"analogies": 0.5})]
    assert behind(peers, peers) == ("nothing", "nothing")
    worse = [made_run(held_out_loss=2.5), made_run()]
    assert behind(worse, peers) == ("nothing", "analogies -0.050 | held-out loss +0.250")
    far_worse = [made_run(twins={"5-9": {"mrr": 0.05}}, quality={"analogies": 0.9})]
    assert behind(far_worse, peers) == ("twins 5-9 -0.050", "nothing")


def quality(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(BENCHMARKS / "quality.py"), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )


def test_a_sweep_goes_on_where_it_stopped(corpus: Path, tmp_path: Path) -> None:
    questions, output = tmp_path / "questions.txt", tmp_path / "out.json"
    questions.write_text(QUESTIONS)
    common = ("--corpus", corpus, "--json", output, "--analogies", questions, "--epochs", 1)
    common += ("--twins", 5, "--held-out", 0.1)

    def go(*arguments: object) -> list[tuple[str, int, int]]:
        ended = quality(*common, *arguments)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return [
            (
                run["setting"],
                run["hyper_parameters"]["vector_size"],
                run["hyper_parameters"]["seed"],
            )
            for run in json.loads(output.read_text("utf-8"))["runs"]
        ]

    first = go("--settings", "skip-gram,cbow", "--seeds", "1", "--vector-size", "8")
    assert first == [("skip-gram", 8, 1), ("cbow", 8, 1)]
    before = json.loads(output.read_text("utf-8"))["runs"]
    changed = "cbow:alpha=0.01"
    then = go("--settings", f"skip-gram,{changed}", "--seeds", "1,2", "--vector-size", "8,16")
    assert sorted(then[2:]) == sorted(
        [(changed, 8, 1), ("skip-gram", 8, 2), (changed, 8, 2)]
        + [(name, 16, seed) for name in ("skip-gram", changed) for seed in (1, 2)]
    )
    after = json.loads(output.read_text("utf-8"))["runs"]
    assert after[:2] == before  # kept as they were, their times, too
    run = after[0]
    assert run["quality"].keys() == {"analogies"}
    assert 0 < run["held_out_loss"] < 10
    assert all(0 < band["mrr"] <= 1 for band in run["twins"].values())
    assert run["commit"] == json.loads(output.read_text("utf-8"))["machine"]["commit"]

    other = tmp_path / "copy.json"
    other.write_bytes(output.read_bytes())
    for options in ([], ["--markdown"]):
        printed = quality("--report-only", output, other, *options).stdout
        assert "vector_size 8, epochs 1" in printed
        assert "vector_size 16, epochs 1" in printed
        rows = [line.split("|" if options else None) for line in printed.splitlines()]
        cells = [[cell.strip() for cell in row if cell.strip()] for row in rows]
        seeds = next(row[1] for row in cells if row[:1] == ["skip-gram"])
        assert seeds == "2"  # a run that stands in both files is one


def test_fasttext_trains_the_same_words_from_sound_vectors(corpus: Path) -> None:
    pytest.importorskip("fasttext")
    task = {
        "corpus": str(corpus),
        "workers": 1,
        "hyper_parameters": {"sg": 1, "min_count": 5, "vector_size": 16, "epochs": 1, "seed": 3},
    }
    trained, measured = module("trainer_fasttext").train(task)
    counts = Counter(corpus.read_text().split())
    assert measured["raw_words"] == counts.total()
    known = {word: count for word, count in counts.items() if count >= 5}
    assert dict(zip(trained.words, trained.counts.tolist(), strict=True)) == known
    assert trained.vectors.shape == trained.output_vectors.shape == (len(known), 16)
    # It begins within 1 / 16 of 0 and makes 6,000 steps; memory as it happens to be is 0 or huge.
    assert np.abs(trained.vectors).min() > 0
    assert np.abs(trained.vectors).max() < 2
