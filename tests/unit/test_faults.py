# SPDX-License-Identifier: Apache-2.0
"""What happens to long runs: full disks, files that go, forks, threads at the end of a process."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from training_support import fastw2v_threads, model_of, real_text, same_bits, topic_sentences

from fastw2v import Callback, EncodedCorpus, Word2Vec, encode_corpus
from fastw2v.training.checkpoints import load_newest

posix_only = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")

PATIENCE = 120
HYPER = {"vector_size": 16, "epochs": 3, "workers": 1}


def run_script(script: str, *arguments: object) -> str:
    """Run a script in a process of its own, which must end well and silently; return its output."""
    process = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(script), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (process.returncode, process.stderr) == (0, "")
    return process.stdout


# ---- A full disk ---------------------------------------------------------------------------------


@contextmanager
def disk_of(n_bytes: int) -> Iterator[None]:
    """Let no file grow beyond `n_bytes`, which every writer meets as it would a full disk."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@posix_only
def test_a_disk_that_is_full_while_reading_spills_is_an_error(temporary_folder: Path) -> None:
    sentences = topic_sentences()
    with disk_of(1_000), pytest.raises(OSError, match="large") as caught:
        encode_corpus(sentences, memory_limit=0)
    assert caught.value.errno == errno.EFBIG
    assert list(temporary_folder.iterdir()) == []


@posix_only
@pytest.mark.parametrize("every", ["1 epoch", "1000 words"])
def test_a_disk_that_is_full_for_checkpoints_does_not_end_the_run(
    every: str, tmp_path: Path
) -> None:
    class FillDisk(Callback):
        def on_train_begin(self, model: Word2Vec) -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))

    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    model = Word2Vec(topic_sentences(), **HYPER)
    try:
        with pytest.warns(RuntimeWarning, match="could not be written.*training goes on"):
            model.train(progress=False, checkpoint=tmp_path, every=every, callbacks=[FillDisk()])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert same_bits(model, model_of(topic_sentences(), **HYPER))
    assert load_newest(tmp_path).state.position == 0  # that of the beginning is still there
    assert {path.suffix for path in tmp_path.iterdir()} == {".fastw2v"}
    assert same_bits(Word2Vec.resume(tmp_path, progress=False), model)


@posix_only
def test_a_disk_that_is_full_for_the_model_keeps_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "model"
    model = model_of(topic_sentences(), **HYPER)
    model.save(path)
    old = path.read_bytes()
    with disk_of(1_000), pytest.raises(OSError, match="large"):
        model.save(path)
    assert path.read_bytes() == old
    assert list(tmp_path.iterdir()) == [path]
    model.save(path)  # when there is room again


@posix_only
def test_a_file_system_that_is_full_is_the_same(tmp_path: Path) -> None:
    """The real thing, which only root may mount."""
    mount = tmp_path / "small"
    mount.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", mount],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip("may not mount a file system")
    try:
        model = Word2Vec(topic_sentences(), **HYPER | {"vector_size": 32})
        with pytest.warns(RuntimeWarning, match="No space left.*training goes on"):
            model.train(progress=False, checkpoint=mount / "run", every="500 words")
        assert len(model.history) == HYPER["epochs"]
        with pytest.raises(OSError, match="No space left"):
            model.save(mount / "model")
        assert not (mount / "model").exists()
        assert not list(mount.rglob("*.tmp"))
    finally:
        subprocess.run(["umount", mount], check=True)


# ---- The corpus file -----------------------------------------------------------------------------


class Meddler(Callback):
    """Does something after the first epoch."""

    def __init__(self, meddle: object) -> None:
        self.meddle = meddle

    def on_epoch_end(self, model: Word2Vec) -> None:
        if len(model.history) == 1:
            self.meddle()  # type: ignore[operator]


@pytest.fixture
def encoded_file(tmp_path: Path) -> Path:
    """An encoded corpus of many pages."""
    encode_corpus(topic_sentences(20_000)).save(tmp_path / "corpus")
    return tmp_path / "corpus"


@posix_only
def test_an_encoded_corpus_that_is_cut_short_under_the_run_is_an_error(encoded_file: Path) -> None:
    model = Word2Vec(EncodedCorpus.open(encoded_file), workers=2)
    with pytest.raises(OSError, match="became shorter while it was in use"):
        model.train(progress=False, callbacks=[Meddler(lambda: os.truncate(encoded_file, 5000))])
    assert fastw2v_threads() == []
    assert len(model.wv.most_similar("0.1")) == 10  # what was trained before


@posix_only
def test_an_encoded_corpus_that_is_deleted_or_replaced_is_read_on(encoded_file: Path) -> None:
    expected = model_of(EncodedCorpus.open(encoded_file), **HYPER)

    def replace() -> None:
        encoded_file.unlink()
        encoded_file.write_bytes(b"something else")

    model = Word2Vec(EncodedCorpus.open(encoded_file), **HYPER)
    model.train(progress=False, callbacks=[Meddler(replace)])
    assert same_bits(model, expected)


def test_ids_that_change_under_the_run_are_an_error(encoded_file: Path) -> None:
    def overwrite() -> None:
        content = np.memmap(encoded_file, np.uint8, "r+")
        content[len(content) // 2 :] = 0x7F

    model = Word2Vec(EncodedCorpus.open(encoded_file), workers=1)
    with pytest.raises(IndexError, match="a token id is outside the vocabulary"):
        model.train(progress=False, callbacks=[Meddler(overwrite)])
    assert np.isfinite(model.wv.vectors).all()


@posix_only
@pytest.mark.parametrize("threads", [1, 2])
def test_a_text_that_is_deleted_while_it_is_read_is_named(threads: int, tmp_path: Path) -> None:
    paths = [tmp_path / "first", tmp_path / "second"]
    for path in paths:
        path.write_bytes(real_text())
    corpus = Word2Vec([str(path) for path in paths], workers=threads)
    paths[1].unlink()
    with pytest.raises(FileNotFoundError, match="second"):
        corpus.train(progress=False)
    assert fastw2v_threads() == []


def test_a_text_that_grows_while_it_is_read_is_read_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("a b c d\n" * 100)
    model = Word2Vec(path, workers=1, min_count=1, epochs=1)
    with path.open("a") as file:
        file.write("late words\n" * 100)
    model.train(progress=False)
    assert sorted(model.wv.index_to_key) == ["a", "b", "c", "d"]


# ---- Iterators -----------------------------------------------------------------------------------


def test_an_iterator_that_raises_leaves_a_trained_model_as_it_was() -> None:
    def broken() -> Iterator[list[str]]:
        yield from topic_sentences()[:100]
        raise LookupError("the data base has gone")

    model, before = (model_of(topic_sentences(), **HYPER) for _ in range(2))
    for go_on in (model.train, model.update):
        with pytest.raises(LookupError, match="the data base has gone"):
            go_on(broken(), progress=False)
        assert same_bits(model, before)
    assert fastw2v_threads() == []


# ---- Processes and threads -----------------------------------------------------------------------


@posix_only
def test_a_fork_can_train_whatever_its_parent_did() -> None:
    output = run_script(
        """
        import os, sys, threading, warnings
        warnings.simplefilter("ignore", DeprecationWarning)  # 3.12: fork in a threaded process
        from fastw2v import Word2Vec

        def bits(workers=1):
            sentences = [["a", "b", "c", "d"] * 50] * 100
            model = Word2Vec(sentences, epochs=2, workers=workers, vector_size=8, min_count=1)
            vectors = model.train(progress=False).wv
            assert vectors.most_similar_batch(["a", "b"], topn=2, threads=2)
            return vectors.vectors.tobytes()

        def forked():
            reading, writing = os.pipe()
            child = os.fork()
            if child == 0:
                bits(workers=2)
                os.write(writing, bits())
                os._exit(0)
            os.close(writing)
            with os.fdopen(reading, "rb") as file:
                found = file.read()
            assert os.waitpid(child, 0)[1] == 0
            return found

        first = forked()  # after the import alone
        expected = bits()
        assert first == expected
        assert forked() == expected  # after training
        endless = Word2Vec([["a", "b"] * 500] * 20, epochs=10**6, workers=2, min_count=1)
        thread = threading.Thread(target=endless.train, kwargs={"progress": False})
        thread.start()
        assert forked() == expected  # while another thread trains
        endless.stop()
        thread.join()
        print("done")
        """
    )
    assert output == "done\n"


def test_models_trained_at_a_time_in_threads_do_not_know_of_each_other() -> None:
    corpus = encode_corpus(topic_sentences())
    models: dict[int, Word2Vec] = {}

    def train(seed: int) -> None:
        models[seed] = model_of(corpus, **HYPER, seed=seed)

    threads = [threading.Thread(target=train, args=[seed]) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed, model in models.items():
        assert same_bits(model, model_of(corpus, **HYPER, seed=seed))
    assert len(models) == 6


@pytest.mark.parametrize("workers", [1, 2])
def test_a_process_ends_while_a_daemon_thread_trains(workers: int) -> None:
    script = """
        import sys, threading, time
        from fastw2v import Word2Vec

        model = Word2Vec([["a", "b"] * 500] * 20, epochs=10**6, workers=int(sys.argv[1]))
        options = {"progress": False}
        threading.Thread(target=model.train, kwargs=options, daemon=True).start()
        while not model.history:
            time.sleep(0.001)
        print("ends")
        """
    for _ in range(5):
        assert run_script(script, workers) == "ends\n"
