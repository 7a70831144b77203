# SPDX-License-Identifier: Apache-2.0
"""The hyper-parameters: each is named, defaulted, explained and checked here, once."""

from __future__ import annotations

import dataclasses
import difflib
import inspect
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

INT32_MAX = 2**31 - 1
NEGATIVE_SCOPES = ("example", "window", "pool")
CBOW_GRADIENTS = ("undivided", "exact")

#: Names that other trainers use, and what to write here.
_ELSEWHERE = {
    "size": "vector_size",
    "dim": "vector_size",
    "iter": "epochs",
    "epoch": "epochs",
    "lr": "alpha",
    "learning_rate": "alpha",
    "start_alpha": "alpha",
    "end_alpha": "min_alpha",
    "threads": "workers",
    "thread": "workers",
    "ws": "window",
    "neg": "negative",
    "t": "sample",
    "minCount": "min_count",
    "min_freq": "min_count",
}
_NOT_HERE = {
    "hs": "hierarchical softmax is not implemented; negative sampling (negative=5) takes its place",
    "sentences": "give the corpus as the first argument: Word2Vec(corpus)",
    "corpus_file": "give the path as the first argument: Word2Vec('corpus.txt')",
    "compute_loss": "the loss of every epoch is always in model.history",
    "batch_words": "there are no batches of words to choose",
    "sorted_vocab": "the vocabulary is always in order of falling frequency",
    "trim_rule": "prune with min_count and max_final_vocab, or filter the corpus",
    "callbacks": "give them to train(callbacks=...)",
    "max_vocab_size": "words are counted exactly; bound the vocabulary with max_final_vocab",
    "null_word": "no word stands for the places beyond a sentence",
    "comment": "no comment is kept in a model",
    "hashfxn": "initial vectors depend on seed alone",
}


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """Every hyper-parameter of a run, checked. Names and defaults are gensim 4's where it has them.

    Parameters
    ----------
    sg : int
        1: skip-gram, 0: CBOW (Mikolov et al. 2013a).
    vector_size : int
        Numbers in a vector (N).
    window : int
        Most context words on each side of the center (c).
    min_count : int
        Words read fewer times are dropped from vocabulary and text.
    max_final_vocab : int or None
        Keep at most so many words, the most frequent.
        DIFFERS: gensim raises min_count until they fit; here the number is exact.
    sample : float
        Subsampling threshold t: a word of relative frequency f is kept with probability
        min(1, sqrt(t / f) + t / f), as in word2vec.c. 0: keep all.
    negative : int
        Negatives for each example (k); the weight of the negatives in the loss.
    ns_exponent : float
        The noise distribution is proportional to counts ** ns_exponent (Mikolov et al. 2013b).
    alpha : float or None
        Learning rate at the start. None: 0.06 for CBOW with a mean, 0.0225 for skip-gram with a
        pool, else 0.025 (docs/quality.md says why).
    min_alpha : float
        Learning rate at the end; between them it falls linearly with the position in the run.
    epochs : int
        Passes over the corpus.
    held_out : float
        Share of the corpus that is not trained on: whole chunks of some 10,000 tokens, chosen by
        ``seed``, on which the loss is taken after each epoch. 0: none.
    cbow_mean : bool
        CBOW's hidden vector is the mean of the context's vectors, else their sum.
    cbow_gradient : {"undivided", "exact"}
        What a context word gets of the gradient of a mean of n: all of it, as in word2vec.c, or a
        n-th part, which is the true gradient. The same for a sum.
    shrink_windows : bool
        Draw the window of every center uniformly from 1..window, else always take it whole.
    negative_scope : {"example", "window", "pool"}
        What one set of negatives serves: one example (the textbook's loop over pairs), all pairs of
        a window, or a window whose set is picked from a slowly renewed pool of ``pool_size`` draws.
        In CBOW a window is one example, and with "pool" four adjacent centers share a set.
    shared_negatives : int or None
        Ids in a shared set; each has weight negative / shared_negatives. None: ``negative`` for
        skip-gram, twice as many for CBOW's groups of four.
    pool_size : int
        Word ids in the pool.
    pool_refresh : float or None
        Entries of the pool renewed for each center, on average. None: 0.5 for skip-gram, 0.25 for
        CBOW.
    seed : int
        Determines initial vectors and every draw.
    deterministic : bool
        Give the same vectors, bit for bit, for any number of workers on one instruction set; a
        quarter to a third slower, and other vectors than the default's (docs/training.md). At most
        4 workers train.
    workers : int or None
        Threads. None: the CPUs that this process may use. With 1 a run is reproducible bit for bit.
    isa : str or None
        Force an instruction set ("portable", "neon", "avx2", "avx512"). None: the environment
        variable FASTW2V_ISA, or the best there is.

    References
    ----------
    Mikolov, Chen, Corrado, Dean (2013a), Efficient estimation of word representations in vector
    space. Mikolov, Sutskever, Chen, Corrado, Dean (2013b), Distributed representations of words and
    phrases and their compositionality, equations 4 and 5.
    """

    sg: int = 0
    vector_size: int = 100
    window: int = 5
    min_count: int = 5
    max_final_vocab: int | None = None
    sample: float = 1e-3
    negative: int = 5
    ns_exponent: float = 0.75
    alpha: float | None = None
    min_alpha: float = 1e-4
    epochs: int = 5
    held_out: float = 0.0
    cbow_mean: bool = True
    cbow_gradient: str = "undivided"
    shrink_windows: bool = True
    negative_scope: str = "pool"
    shared_negatives: int | None = None
    pool_size: int = 256
    pool_refresh: float | None = None
    seed: int = 1
    deterministic: bool = False
    workers: int | None = None
    isa: str | None = None

    def __post_init__(self) -> None:
        for name, check in _CHECKS.items():
            object.__setattr__(self, name, check(name, getattr(self, name)))
        if self.min_alpha > self.start_alpha:
            raise ValueError(
                f"min_alpha must be <= alpha, got min_alpha={self.min_alpha!r}, "
                f"alpha={self.start_alpha!r}"
            )
        if self.negative_scope == "example" and self.shared_negatives not in (None, self.negative):
            raise ValueError(
                "shared_negatives has no meaning with negative_scope='example', where no two "
                f"examples share negatives; got {self.shared_negatives!r}"
            )
        if self.negative == 0 and self.shared_negatives:
            raise ValueError(
                f"shared_negatives must be 0 or None with negative=0, got {self.shared_negatives!r}"
            )
        if self.negative > 0 and self.shared_negatives == 0:
            raise ValueError(f"shared_negatives must be >= 1 with negative={self.negative}, got 0")

    @classmethod
    def from_keywords(cls, keywords: Mapping[str, Any]) -> TrainingConfig:
        """Build from keyword arguments; an unknown one is refused with the nearest known name."""
        known = [field.name for field in dataclasses.fields(cls)]
        for name in keywords:
            if name not in known:
                raise TypeError(_unknown_keyword(name, known))
        return cls(**keywords)

    @property
    def start_alpha(self) -> float:
        """The learning rate at the start, resolved."""
        if self.alpha is not None:
            return self.alpha
        if self.sg:  # a pool learns more from the same rate: with 0.025 SimLex-999 falls
            return 0.0225 if self.negative_scope == "pool" else 0.025
        # A sum of n vectors moves its logit about n times as far as their mean does.
        return 0.06 if self.cbow_mean else 0.025

    @property
    def initial_width(self) -> float:
        """How far from 0 the numbers of initial vectors lie at most, times `vector_size`."""
        # The mean of the six rows of a window is less than half as long as each.
        return 2.0 if not self.sg and self.cbow_mean else 1.0

    @property
    def mean_contexts(self) -> int:
        """Context words of a center in the middle of a long sentence, on average."""
        return self.window + 1 if self.shrink_windows else 2 * self.window

    @property
    def set_size(self) -> int:
        """Ids in a set of negatives, resolved."""
        if self.shared_negatives is not None:
            return self.shared_negatives
        if self.sg or self.negative_scope != "pool":
            return self.negative
        return 2 * self.negative

    @property
    def negative_weight(self) -> float:
        """Weight of each id of a set in the loss."""
        return self.negative / self.set_size if self.set_size else 0.0

    @property
    def pool_renewal(self) -> float:
        """Entries of the pool renewed for each center, resolved."""
        if self.pool_refresh is not None:
            return self.pool_refresh
        # An entry serves ten sets then: CBOW's are twice as large, and one a group of four centers.
        return 0.5 if self.sg else 0.25

    def engine_settings(self) -> dict[str, Any]:
        """Return what the engine does with a chunk, by the names and in the units of its settings.

        :class:`fastw2v.replay.WalkSettings` explains them.
        """
        return {
            "architecture": "skip_gram" if self.sg else "cbow",
            "negative_scope": self.negative_scope,
            "window": self.window,
            "shrink_windows": self.shrink_windows,
            "negatives": self.set_size,
            "negative_weight": self.negative_weight,
            "pool_size": self.pool_size,
            "pool_refresh": round(self.pool_renewal * 65536),
            "cbow_mean": self.cbow_mean,
            "cbow_exact_gradient": self.cbow_gradient == "exact",
        }

    def to_dict(self) -> dict[str, Any]:
        """What makes the model what it is, as JSON values: all but workers and isa."""
        values = dataclasses.asdict(self)
        del values["workers"], values["isa"]
        return values


def signature_after(*parameters: inspect.Parameter) -> inspect.Signature:
    """Return a signature of these parameters and every hyper-parameter, for help()."""
    fields = [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=field.type
        )
        for field in dataclasses.fields(TrainingConfig)
    ]
    return inspect.Signature([*parameters, *fields])


def _unknown_keyword(name: str, known: list[str]) -> str:
    message = f"unknown hyper-parameter {name!r}"
    if name in _ELSEWHERE:
        return f"{message}: here it is called {_ELSEWHERE[name]!r}"
    if name in _NOT_HERE:
        return f"{message}: {_NOT_HERE[name]}"
    near = difflib.get_close_matches(name, known, n=1)
    return f"{message}; did you mean {near[0]!r}?" if near else f"{message}; known: {known}"


Check = Callable[[str, Any], Any]


def _wrong(name: str, rule: str, value: Any) -> str:
    """Say what a value must be and what it was: on one line, however long it is."""
    try:
        shown = " ".join(repr(value).split())
    except ValueError:  # an integer of thousands of digits has no repr
        shown = f"an enormous {type(value).__name__}"
    return f"{name} must be {rule}, got {shown if len(shown) <= 60 else shown[:57] + '...'}"


def _integer(low: int, high: int = INT32_MAX) -> Check:
    def check(name: str, value: Any) -> int:
        try:
            if isinstance(value, bool | np.bool_):
                raise TypeError
            number = operator.index(value)
        except TypeError:
            raise TypeError(_wrong(name, "an integer", value)) from None
        if not low <= number <= high:
            rule = f">= {low}" if number < low else f"<= {high}"
            raise ValueError(_wrong(name, rule, value))
        return number

    return check


def _real(low: float, high: float = math.inf, *, above: bool = False) -> Check:
    """Numbers from `low` (or above it) to `high`."""

    def check(name: str, value: Any) -> float:
        try:
            if isinstance(value, bool | np.bool_ | str | bytes) or np.ndim(value) > 0:
                raise TypeError
            number = float(value)
        except (TypeError, ValueError):
            raise TypeError(_wrong(name, "a number", value)) from None
        except OverflowError:  # an integer or a fraction beyond the range of float
            number = math.inf
        if not math.isfinite(number):
            raise ValueError(_wrong(name, "finite", value))
        if number < low or number > high or (above and number == low):
            rule = f"<= {high}" if number > high else f"{'>' if above else '>='} {low}"
            raise ValueError(_wrong(name, rule, value))
        return number

    return check


def _flag(name: str, value: Any) -> bool:
    rule = "True or False (or 1 or 0)"
    try:
        number = int(value) if isinstance(value, np.bool_) else operator.index(value)
    except TypeError:
        raise TypeError(_wrong(name, rule, value)) from None
    if number not in (0, 1):
        raise ValueError(_wrong(name, rule, value))
    return bool(number)


def _one_of(choices: tuple[str, ...]) -> Check:
    rule = f"one of {', '.join(map(repr, choices))}"

    def check(name: str, value: Any) -> str:
        if not isinstance(value, str):
            raise TypeError(_wrong(name, rule, value))
        if value not in choices:
            raise ValueError(_wrong(name, rule, value))
        return str(value)

    return check


def _name(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(_wrong(name, "a string", value))
    return str(value)


def _or_none(check: Check) -> Check:
    return lambda name, value: None if value is None else check(name, value)


#: The upper bounds are the engine's (csrc/workspace.c), far beyond any sensible run.
_CHECKS: dict[str, Check] = {
    "sg": lambda name, value: int(_flag(name, value)),
    "vector_size": _integer(1, 2**20),
    "window": _integer(1, 10_000),
    "min_count": _integer(0),
    "max_final_vocab": _or_none(_integer(1)),
    "sample": _real(0.0, 1.0),
    "negative": _integer(0, 1000),
    "ns_exponent": _real(-10.0, 10.0),
    "alpha": _or_none(_real(0.0, 100.0, above=True)),
    "min_alpha": _real(0.0),
    "epochs": _integer(1),
    "held_out": _real(0.0, 0.9),
    "cbow_mean": _flag,
    "cbow_gradient": _one_of(CBOW_GRADIENTS),
    "shrink_windows": _flag,
    "negative_scope": _one_of(NEGATIVE_SCOPES),
    "shared_negatives": _or_none(_integer(0, 1000)),
    "pool_size": _integer(1, 2**20),
    "pool_refresh": _or_none(_real(0.0, 1000.0)),
    "seed": _integer(0, 2**64 - 1),
    "deterministic": _flag,
    "workers": _or_none(_integer(1, 1024)),
    "isa": _or_none(_name),
}
