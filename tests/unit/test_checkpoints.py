# SPDX-License-Identifier: Apache-2.0
"""A run that was killed goes on as if it had not been: with one worker to the very same bits."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from training_support import model_of, same_bits, topic_sentences

from fastw2v import EncodedCorpus, Word2Vec, encode_corpus
from fastw2v.persistence.native import load_tensors, save_tensors
from fastw2v.training.checkpoints import CORPUS, Interval, load_newest

HYPER: dict[str, Any] = {"sg": 1, "vector_size": 20, "epochs": 3, "seed": 3, "workers": 1}

#: A process that goes on with the run in a folder, or begins it, and says where it is.
TRAINING = """
import sys
from training_support import topic_sentences
from fastw2v import Callback, Word2Vec

class Say(Callback):
    # An epoch begins when a line has been read, or when there are no more lines.
    def on_epoch_begin(self, model):
        print("epoch", flush=True)
        sys.stdin.readline()

folder, hyper, is_begun = sys.argv[1], eval(sys.argv[2]), sys.argv[3] == "True"
print("started", flush=True)
if is_begun:
    Word2Vec.resume(folder, progress=False, callbacks=[Say()])
else:
    model = Word2Vec(topic_sentences(), **hyper)
    model.train(progress=False, checkpoint=folder, every="0.02 s", callbacks=[Say()])
print("ended", flush=True)
"""

KILLS = int(os.environ.get("FASTW2V_TEST_KILLS", "8"))
EPOCHS_A_KILL = 6  # at most, on any machine


def checkpoints_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("checkpoint-*.fastw2v"))


@pytest.fixture(scope="module")
def uninterrupted() -> Word2Vec:
    return model_of(topic_sentences(), **HYPER)


@pytest.fixture
def stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a run that Ctrl-C ended, with two checkpoints from within the run."""
    return stop_early(tmp_path / "run", monkeypatch, **HYPER)


def stop_early(folder: Path, monkeypatch: pytest.MonkeyPatch, **hyper: Any) -> Path:
    """Train until the second checkpoint after the first is written, then have Ctrl-C.

    A worker takes a stretch only after the main thread has looked whether a checkpoint is due, so
    that the run cannot end before.
    """
    from fastw2v.training.checkpoints.folder import Checkpoints
    from fastw2v.training.run import Run

    save, are_due, take = Checkpoints.save, Checkpoints.are_due, Run._take
    saved: list[int] = []
    looks = threading.Semaphore(0)

    def look(self: Checkpoints, words_done: int) -> bool:
        looks.release()
        return are_due(self, words_done)

    def take_after_a_look(self: Run, n_chunks: int) -> Any:
        looks.acquire()
        return take(self, n_chunks)

    def save_and_stop(self: Checkpoints, state: Any, parameters: Any, words_done: int) -> None:
        save(self, state, parameters, words_done)
        saved.append(state.position)
        if len(saved) == 3:
            looks.release(len(threading.enumerate()))  # they have to come to their end
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoints, "save", save_and_stop)
        patch.setattr(Checkpoints, "are_due", look)
        patch.setattr(Run, "_take", take_after_a_look)
        patch.setattr("fastw2v.training.loop._TICK", 0.001)
        patch.setattr("fastw2v.training.run.CALL_SECONDS", 1e-4)
        with pytest.raises(KeyboardInterrupt):
            Word2Vec(topic_sentences(), **hyper).train(
                progress=False, checkpoint=folder, every="100 words"
            )
    assert len(checkpoints_in(folder)) == 2
    assert 0 < load_newest(folder).state.position < hyper["epochs"] * 100
    return folder


def test_checkpoints_do_not_change_the_vectors(uninterrupted: Word2Vec, tmp_path: Path) -> None:
    model = Word2Vec(topic_sentences(), **HYPER)
    model.train(progress=False, checkpoint=tmp_path / "run", every="1000 words")
    assert same_bits(model, uninterrupted)


@pytest.mark.parametrize("architecture", [{"sg": 1}, {"sg": 0}, {"negative_scope": "example"}])
def test_a_run_that_was_stopped_goes_on_to_the_same_bits(
    architecture: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hyper = HYPER | architecture
    folder = stop_early(tmp_path / "run", monkeypatch, **hyper)
    resumed = Word2Vec.resume(folder, progress=False)
    whole = model_of(topic_sentences(), **hyper)
    assert same_bits(resumed, whole)
    for record, other in zip(resumed.history, whole.history, strict=True):
        assert (record.epoch, record.examples, record.learning_rate, record.loss) == (
            other.epoch, other.examples, other.learning_rate, pytest.approx(other.loss),
        )  # fmt: skip


def test_several_workers_go_on_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hyper = HYPER | {"workers": 3, "epochs": 300}
    folder = stop_early(tmp_path / "run", monkeypatch, **hyper)
    resumed = Word2Vec.resume(folder, progress=False)
    assert [record.epoch for record in resumed.history] == list(range(1, 301))
    assert resumed.config.workers == 3


@pytest.mark.parametrize("held_out", [0.0, 0.1])
def test_a_run_that_has_ended_gives_its_model_again(held_out: float, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    model = Word2Vec(topic_sentences(), **HYPER, held_out=held_out)
    model.train(progress=False, checkpoint=folder)
    again = Word2Vec.resume(folder, progress=False)
    assert same_bits(again, model)
    assert again.history == model.history


def wait_within_an_epoch(process: subprocess.Popen[str], moments: random.Random) -> None:
    """Let a process train some epochs, then as much of another as such an epoch takes."""
    assert process.stdin is not None
    assert process.stdout is not None
    began = []
    for _ in range(moments.randrange(1, EPOCHS_A_KILL)):
        assert process.stdout.readline() == "epoch\n"
        began.append(time.monotonic())
        print(file=process.stdin, flush=True)
    seconds = began[-1] - began[-2] if len(began) > 1 else 0.02
    time.sleep(moments.uniform(0, seconds))


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL needs POSIX")
def test_a_run_that_is_killed_again_and_again_comes_to_the_same_bits(tmp_path: Path) -> None:
    """Each kill comes at a random moment of some epoch from the start on; the last process ends."""
    moments = random.Random(5)
    folder = tmp_path / "run"
    hyper = HYPER | {"epochs": (KILLS + 4) * EPOCHS_A_KILL}
    whole = model_of(topic_sentences(), **hyper)
    for is_last in KILLS * [False] + [True]:
        process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                TRAINING,
                str(folder),
                repr(hyper),
                str(bool(checkpoints_in(folder))),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        if not is_last:
            wait_within_an_epoch(process, moments)
            process.kill()
        rest = process.communicate(timeout=120)[0]
        assert process.returncode == (0 if is_last else -signal.SIGKILL)
        assert rest.endswith("ended\n") == is_last
    assert same_bits(Word2Vec.resume(folder, progress=False), whole)
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [CORPUS, *(path.name for path in checkpoints_in(folder))]
    )


def test_the_last_two_are_kept_and_nothing_else(stopped: Path) -> None:
    names = {path.name for path in stopped.iterdir()}
    assert names == {CORPUS, *(path.name for path in checkpoints_in(stopped))}
    (stopped / ".0123456789abcdef.tmp").write_bytes(b"cut short")
    Word2Vec.resume(stopped, progress=False)
    assert not list(stopped.glob(".*"))
    assert len(checkpoints_in(stopped)) == 2


@pytest.mark.parametrize("damage", ["cut", "empty", "version"])
def test_a_damaged_checkpoint_is_passed_over(
    damage: str, stopped: Path, uninterrupted: Word2Vec
) -> None:
    before, newest = checkpoints_in(stopped)
    damaged(newest, damage)
    with pytest.warns(RuntimeWarning, match=f"{newest.name}.*resuming from .*{before.name}"):
        resumed = Word2Vec.resume(stopped, progress=False)
    assert same_bits(resumed, uninterrupted)


def damaged(path: Path, damage: str) -> None:
    if damage == "version":
        tensors, metadata = load_tensors(path)
        tensors = {name: array.copy() for name, array in tensors.items()}
        save_tensors(path, tensors, metadata | {"fastw2v_version": "0.0.1"})
    else:
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2] if damage == "cut" else b"")


def test_no_checkpoint_that_can_be_used_is_an_error_that_says_why(stopped: Path) -> None:
    for path in checkpoints_in(stopped):
        damaged(path, "version")
    with pytest.raises(ValueError, match=r"fastw2v 0\.0\.1 wrote it.*install fastw2v==0\.0\.1"):
        Word2Vec.resume(stopped)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("state", "{}"),
        ("state", "[" * 100_000),
        ("state", '{"position": true}'),
        ("config", '{"vector_size": 20, "epochs": "many"}'),
        ("config", "no JSON"),
        ("format", "fastw2v"),
    ],
)
def test_metadata_that_lie_are_refused(key: str, value: str, stopped: Path) -> None:
    for path in checkpoints_in(stopped):
        tensors, metadata = load_tensors(path)
        tensors = {name: array.copy() for name, array in tensors.items()}
        save_tensors(path, tensors, metadata | {key: value})
    with pytest.raises(ValueError, match="is not a checkpoint of fastw2v"):
        Word2Vec.resume(stopped)


@pytest.mark.parametrize("change", [{"position": 10**9}, {"position": 7}, {"position": -1}])
def test_a_state_that_is_not_of_the_run_is_refused(change: dict[str, int], stopped: Path) -> None:
    for path in checkpoints_in(stopped):
        tensors, metadata = load_tensors(path)
        tensors = {name: array.copy() for name, array in tensors.items()}
        state = json.dumps(json.loads(metadata["state"]) | change)
        save_tensors(path, tensors, metadata | {"state": state})
    with pytest.raises(ValueError, match=r"position|state"):
        Word2Vec.resume(stopped)


def test_another_corpus_is_refused(stopped: Path) -> None:
    other = encode_corpus(topic_sentences(seed=1), min_count=5)
    with pytest.raises(ValueError, match="another corpus"):
        Word2Vec.resume(stopped, corpus=other)
    other.save(stopped / CORPUS)
    with pytest.raises(ValueError, match="another corpus"):
        Word2Vec.resume(stopped)


def test_the_same_corpus_may_be_given(stopped: Path, uninterrupted: Word2Vec) -> None:
    corpus = EncodedCorpus.open(stopped / CORPUS)
    (stopped / CORPUS).unlink()
    assert same_bits(Word2Vec.resume(stopped, corpus=corpus, progress=False), uninterrupted)


def test_a_folder_with_checkpoints_is_not_overwritten(stopped: Path) -> None:
    before = checkpoints_in(stopped)
    with pytest.raises(FileExistsError, match=r"Word2Vec\.resume"):
        Word2Vec(topic_sentences(), **HYPER).train(checkpoint=stopped)
    assert checkpoints_in(stopped) == before


def test_a_folder_without_a_checkpoint_cannot_be_resumed(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="holds no checkpoint"):
        Word2Vec.resume(tmp_path)


def test_a_checkpoint_that_cannot_be_written_does_not_end_the_run(
    uninterrupted: Word2Vec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder is lost while the run goes on."""
    from fastw2v.training.checkpoints import folder as module

    write = module.save_checkpoint

    def write_once(path: Path, **parts: Any) -> None:
        if parts["state"].position > 0 and path.parent.exists():
            for file in path.parent.iterdir():
                file.unlink()
            path.parent.rmdir()
        write(path, **parts)

    monkeypatch.setattr(module, "save_checkpoint", write_once)
    model = Word2Vec(topic_sentences(), **HYPER)
    with pytest.warns(RuntimeWarning, match="could not be written.*training goes on"):
        model.train(progress=False, checkpoint=tmp_path / "run", every="1 epoch")
    assert same_bits(model, uninterrupted)


@pytest.mark.parametrize(
    ("every", "seconds_epochs_words"),
    [
        ("30s", (30, "seconds")),
        ("1.5 min", (90, "seconds")),
        ("2 h", (7200, "seconds")),
        ("1 epoch", (1, "epochs")),
        (" 50_000_000 Words ", (5e7, "words")),
    ],
)
def test_intervals(every: str, seconds_epochs_words: tuple[float, str]) -> None:
    assert Interval.parse(every) == Interval(*seconds_epochs_words)


@pytest.mark.parametrize("every", ["", "10", "0 s", "-1 s", "1 fortnight", "s", "1e3 s", "1 s 2 s"])
def test_bad_intervals_are_refused_before_anything_is_read(every: str, tmp_path: Path) -> None:
    def corpus() -> Any:
        raise AssertionError("it was read")
        yield

    with pytest.raises(ValueError, match="every must be a number above 0 and a unit"):
        Word2Vec(corpus()).train(checkpoint=tmp_path / "run", every=every)
    with pytest.raises(TypeError, match="every must be a string"):
        Word2Vec(corpus()).train(checkpoint=tmp_path / "run", every=10)  # type: ignore[arg-type]


def test_the_fingerprint_tells_corpora_apart(tmp_path: Path) -> None:
    corpus = encode_corpus(topic_sentences(), min_count=5)
    path = tmp_path / "corpus"
    corpus.save(path)
    assert EncodedCorpus.open(path).fingerprint() == corpus.fingerprint()
    ends = corpus.sentence_ends.copy()
    ends[0] -= 1
    ids = np.concatenate([corpus.ids[:-1], (corpus.ids[-1:] + 1) % len(corpus.vocabulary)])
    others = [
        EncodedCorpus(corpus.ids, ends, corpus.vocabulary, corpus.n_raw_words),
        EncodedCorpus(ids, corpus.sentence_ends, corpus.vocabulary, corpus.n_raw_words),
        EncodedCorpus(corpus.ids, corpus.sentence_ends, corpus.vocabulary, corpus.n_raw_words + 1),
    ]
    assert len({corpus.fingerprint(), *(other.fingerprint() for other in others)}) == 4
