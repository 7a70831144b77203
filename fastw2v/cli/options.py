# SPDX-License-Identifier: Apache-2.0
"""The options that several commands have."""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import re
from pathlib import Path
from typing import Any, TypeAlias

from fastw2v.config import CBOW_GRADIENTS, NEGATIVE_SCOPES, TrainingConfig

#: What the parser of the program hands to each command, to add itself to.
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

VECTORS = "a model, or vectors in any format"


def add_corpus(parser: argparse.ArgumentParser) -> None:
    """Add text files as arguments."""
    parser.add_argument("corpus", nargs="+", type=Path, help="text files, plain or compressed")


def add_hyper_parameters(parser: argparse.ArgumentParser, **defaults: object) -> None:
    """Add an option for every field of TrainingConfig, with its default or one of `defaults`."""
    choices = {"negative_scope": NEGATIVE_SCOPES, "cbow_gradient": CBOW_GRADIENTS}
    meaning = _explanations()
    group = parser.add_argument_group("hyper-parameters")
    for field in dataclasses.fields(TrainingConfig):
        option = "--" + field.name.replace("_", "-")
        kind = str(field.type)
        default = defaults.get(field.name, field.default)
        help_text = f"{meaning.get(field.name, '')} (default: {default})".replace("%", "%%")
        if kind == "bool" or field.name == "sg":
            group.add_argument(
                option,
                action=argparse.BooleanOptionalAction,
                default=default,
                help=help_text,
            )
        else:
            parse = int if "int" in kind else float if "float" in kind else str
            group.add_argument(
                option,
                type=parse,
                choices=choices.get(field.name),
                default=default,
                metavar=None if field.name in choices else kind.split(" ")[0].upper(),
                help=help_text,
            )


def hyper_parameters_of(options: argparse.Namespace) -> dict[str, Any]:
    """Return what the options of `add_hyper_parameters` came to."""
    return {
        field.name: getattr(options, field.name) for field in dataclasses.fields(TrainingConfig)
    }


def _explanations() -> dict[str, str]:
    """Return what the docstring of TrainingConfig says of each field."""
    paragraphs = re.split(
        r"^(\w+) : .*\n", inspect.getdoc(TrainingConfig) or "", flags=re.MULTILINE
    )
    names, texts = paragraphs[1::2], paragraphs[2::2]
    return {
        name: " ".join(text.partition("\n\n")[0].replace("``", "").split())
        for name, text in zip(names, texts, strict=True)
    }
