# SPDX-License-Identifier: Apache-2.0
"""fastw2v: word2vec trained fast on a CPU."""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from fastw2v._version import __version__ as __version__

try:
    from fastw2v import _core as _core
except ImportError as error:
    raise ImportError(
        f"the compiled core of fastw2v cannot be imported ({error}); reinstall it with "
        "'pip install --force-reinstall fastw2v', or in a source checkout run 'pip install -e .'"
    ) from error

from fastw2v.config import TrainingConfig
from fastw2v.corpus import EncodedCorpus, encode_corpus
from fastw2v.keyed_vectors import KeyedVectors
from fastw2v.system import show_config
from fastw2v.training.callbacks import Callback, EarlyStopping, TrainingStatus
from fastw2v.training.history import EpochRecord
from fastw2v.vocabulary import Vocabulary
from fastw2v.word2vec import Word2Vec

if _TYPE_CHECKING:
    from fastw2v.agreement import Stability, stability
    from fastw2v.doctor import Diagnosis, diagnose
    from fastw2v.evaluation import evaluate, evaluate_word_analogies, evaluate_word_pairs

__all__ = [
    "Callback",
    "Diagnosis",
    "EarlyStopping",
    "EncodedCorpus",
    "EpochRecord",
    "KeyedVectors",
    "Stability",
    "TrainingConfig",
    "TrainingStatus",
    "Vocabulary",
    "Word2Vec",
    "diagnose",
    "encode_corpus",
    "evaluate",
    "evaluate_word_analogies",
    "evaluate_word_pairs",
    "show_config",
    "stability",
]

#: What most programs do without is imported when it is first asked for.
_LATER = {
    "Diagnosis": "doctor",
    "Stability": "agreement",
    "diagnose": "doctor",
    "evaluate": "evaluation",
    "evaluate_word_analogies": "evaluation",
    "evaluate_word_pairs": "evaluation",
    "stability": "agreement",
}


def __getattr__(name: str) -> _Any:
    if name not in _LATER:
        raise AttributeError(f"module 'fastw2v' has no attribute {name!r}")
    value = getattr(_import_module(f"fastw2v.{_LATER[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
