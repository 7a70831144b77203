# SPDX-License-Identifier: Apache-2.0
"""The settings that are measured, by name: ours and our peers'."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from typing import Any

#: What every trainer is given, whatever else a setting says: gensim's defaults, and ours.
COMMON: dict[str, Any] = {"window": 5, "negative": 5, "sample": 1e-3, "min_count": 5}


@dataclass(frozen=True)
class Setting:
    """One way to train.

    Attributes
    ----------
    trainer : str
        "fastw2v", or a peer: "gensim", "gensim-sentences", "fasttext".
    architecture : str
        "skip-gram" or "cbow": speeds are compared within one.
    hyper_parameters : dict
        What differs from the trainer's defaults and from `COMMON`.
    """

    trainer: str
    architecture: str
    hyper_parameters: dict[str, Any] = field(default_factory=dict)

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments of the trainer's constructor."""
        return {**COMMON, "sg": int(self.architecture == "skip-gram"), **self.hyper_parameters}


def _ours(architecture: str, **hyper_parameters: Any) -> Setting:
    return Setting("fastw2v", architecture, hyper_parameters)


def _gensim(architecture: str, alpha: float, trainer: str = "gensim") -> Setting:
    return Setting(trainer, architecture, {"alpha": alpha})


def _fasttext(architecture: str, **hyper_parameters: Any) -> Setting:
    return Setting("fasttext", architecture, hyper_parameters)


SETTINGS: dict[str, Setting] = {
    "skip-gram": _ours("skip-gram"),
    "skip-gram-window": _ours("skip-gram", negative_scope="window"),
    "skip-gram-example": _ours("skip-gram", negative_scope="example"),
    "cbow": _ours("cbow"),
    "cbow-example": _ours("cbow", negative_scope="example"),
    "cbow-exact": _ours("cbow", cbow_gradient="exact"),
    "gensim-skip-gram": _gensim("skip-gram", alpha=0.025),
    # Its vectors are better with 0.05 than with its own default, so that is what we stand against.
    "gensim-cbow": _gensim("cbow", alpha=0.05),
    "gensim-cbow-default": _gensim("cbow", alpha=0.025),
    "gensim-skip-gram-sentences": _gensim("skip-gram", 0.025, "gensim-sentences"),
    "gensim-cbow-sentences": _gensim("cbow", 0.05, "gensim-sentences"),
    "fasttext-skip-gram": _fasttext("skip-gram", alpha=0.05),
    "fasttext-cbow": _fasttext("cbow", alpha=0.05),
}

#: Peer by name of the option, then by architecture: the setting that ratios are taken to.
PEERS: dict[str, dict[str, str]] = {
    "gensim": {"skip-gram": "gensim-skip-gram", "cbow": "gensim-cbow"},
    "gensim-sentences": {
        "skip-gram": "gensim-skip-gram-sentences",
        "cbow": "gensim-cbow-sentences",
    },
    "fasttext": {"skip-gram": "fasttext-skip-gram", "cbow": "fasttext-cbow"},
}


def with_peers(settings: dict[str, Setting], peers: list[str]) -> dict[str, Setting]:
    """Add to settings the peers of their architectures, each once, the peers last."""
    architectures = dict.fromkeys(setting.architecture for setting in settings.values())
    wanted = [PEERS[peer][architecture] for peer in peers for architecture in architectures]
    return settings | {name: SETTINGS[name] for name in wanted if name not in settings}


#: What is the same for all settings that are run together, so no setting may change it.
_SAME_FOR_ALL = ("sg", "vector_size", "min_count", "epochs", "seed", "workers")


def setting_of(text: str) -> Setting:
    """Return the setting that "NAME" or "NAME:KEY=VALUE:..." stands for.

    Values are Python literals, or else strings: ``skip-gram:pool_refresh=0.5:isa=avx2``.

    Raises
    ------
    ValueError
        A name is not known, or a hyper-parameter has no value or is the same for all.
    """
    name, *changes = text.split(":")
    if name not in SETTINGS:
        raise ValueError(f"unknown: {name!r}; known: {', '.join(SETTINGS)}")
    setting = SETTINGS[name]
    changed = dict(map(_change, changes))
    return replace(setting, hyper_parameters={**setting.hyper_parameters, **changed})


def _change(text: str) -> tuple[str, Any]:
    key, separator, value = text.partition("=")
    if not (key and separator and value):
        raise ValueError(f"must be KEY=VALUE, got {text!r}")
    if key in _SAME_FOR_ALL:
        raise ValueError(f"{key} is the same for all settings: it cannot be in {text!r}")
    try:
        return key, ast.literal_eval(value)
    except (SyntaxError, ValueError):
        return key, value
