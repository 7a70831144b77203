# SPDX-License-Identifier: Apache-2.0
"""Every hyper-parameter is checked, and says what is wrong with it in one line."""

from __future__ import annotations

import dataclasses
import decimal
import fractions
import inspect
import json
import math
import re
from typing import Any

import numpy as np
import pytest

from fastw2v.config import TrainingConfig
from fastw2v.replay import WalkSettings

FIELDS = [field.name for field in dataclasses.fields(TrainingConfig)]

#: Field -> values that are refused, each with the rule that it breaks.
OUT_OF_RANGE: dict[str, list[tuple[Any, str]]] = {
    "sg": [(2, "True or False (or 1 or 0)"), (-1, "True or False (or 1 or 0)")],
    "vector_size": [(0, ">= 1"), (-100, ">= 1"), (2**20 + 1, "<= 1048576")],
    "window": [(0, ">= 1"), (-1, ">= 1"), (10_001, "<= 10000")],
    "min_count": [(-1, ">= 0"), (2**31, "<= 2147483647")],
    "max_final_vocab": [(0, ">= 1"), (2**31, "<= 2147483647")],
    "sample": [(-1e-9, ">= 0.0"), (1.5, "<= 1.0"), (math.nan, "finite")],
    "negative": [(-1, ">= 0"), (1001, "<= 1000")],
    "ns_exponent": [(-11, ">= -10.0"), (11, "<= 10.0"), (math.inf, "finite")],
    "alpha": [(0, "> 0.0"), (-0.1, "> 0.0"), (101, "<= 100.0"), (math.nan, "finite")],
    "min_alpha": [(-1e-9, ">= 0.0"), (math.inf, "finite"), (-math.inf, "finite")],
    "epochs": [(0, ">= 1"), (-1, ">= 1"), (2**31, "<= 2147483647")],
    "held_out": [(-0.1, ">= 0.0"), (0.95, "<= 0.9"), (float("nan"), "finite")],
    "cbow_mean": [(2, "True or False (or 1 or 0)")],
    "cbow_gradient": [("true", "one of 'undivided', 'exact'")],
    "shrink_windows": [(-1, "True or False (or 1 or 0)")],
    "deterministic": [(2, "True or False (or 1 or 0)")],
    "negative_scope": [("batch", "one of 'example', 'window', 'pool'")],
    "shared_negatives": [(-1, ">= 0"), (1001, "<= 1000")],
    "pool_size": [(0, ">= 1"), (2**20 + 1, "<= 1048576")],
    "pool_refresh": [(-0.1, ">= 0.0"), (1001.0, "<= 1000.0"), (math.nan, "finite")],
    "seed": [(-1, ">= 0"), (2**64, "<= 18446744073709551615")],
    "workers": [(0, ">= 1"), (-1, ">= 1"), (1025, "<= 1024")],
    "isa": [],  # a name is looked up where the engine is: test_word2vec.py
}
INTEGERS = [
    *("vector_size", "window", "min_count", "max_final_vocab", "negative", "epochs"),
    *("shared_negatives", "pool_size", "seed", "workers"),
]
REALS = ["held_out", "sample", "ns_exponent", "alpha", "min_alpha", "pool_refresh"]
FLAGS = ["sg", "cbow_mean", "shrink_windows", "deterministic"]
STRINGS = ["cbow_gradient", "negative_scope", "isa"]
OPTIONAL = ["max_final_vocab", "alpha", "shared_negatives", "pool_refresh", "workers", "isa"]

#: For each kind of field, values of a type that it cannot have.
WRONG_TYPES: list[tuple[list[str], list[Any]]] = [
    (INTEGERS, ["5", b"5", 5.0, 2.5, True, np.True_, np.float64(5), [5], np.array([5]), 1j, {}]),
    (REALS, ["0.1", b"1", True, np.True_, [0.1], np.array([0.1]), np.array([1, 2]), 1j, object]),
    (FLAGS, ["yes", "1", 1.0, 0.5, None, [True], np.array([True]), np.array([0, 1]), {}]),
    (STRINGS, [5, b"pool", ["pool"], True, np.array(["pool", "window"]), ("exact",)]),
]


def check_error(error: BaseException, name: str, rule: str | None, value: Any) -> None:
    """Assert that a message names parameter, rule and value, on one line."""
    message = str(error)
    assert message.startswith(f"{name} must be ")
    assert "\n" not in message
    if rule is not None:
        assert message == f"{name} must be {rule}, got {value!r}"
    else:
        assert ", got " in message


def test_the_tables_of_bad_values_cover_every_field() -> None:
    assert sorted(OUT_OF_RANGE) == sorted(FIELDS)
    assert sorted(INTEGERS + REALS + FLAGS + STRINGS) == sorted(FIELDS)


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [(name, *case) for name, cases in OUT_OF_RANGE.items() for case in cases],
)
def test_a_value_out_of_range_is_refused_with_name_rule_and_value(
    name: str, value: Any, rule: str
) -> None:
    with pytest.raises(ValueError, match=name) as caught:
        TrainingConfig(**{name: value})
    check_error(caught.value, name, rule, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for names, values in WRONG_TYPES for name in names for value in values],
    ids=repr,
)
def test_a_value_of_the_wrong_type_is_refused(name: str, value: Any) -> None:
    with pytest.raises(TypeError, match=name) as caught:
        TrainingConfig(**{name: value})
    check_error(caught.value, name, None, value)


@pytest.mark.parametrize("name", [name for name in FIELDS if name not in OPTIONAL])
def test_none_is_refused_where_there_is_a_default_value(name: str) -> None:
    with pytest.raises(TypeError, match=f"{name} must be .*, got None"):
        TrainingConfig(**{name: None})


@pytest.mark.parametrize("name", REALS)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float32("nan"), 10**400])
def test_numbers_must_be_finite(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"{name} must be finite, got "):
        TrainingConfig(**{name: value})


@pytest.mark.parametrize("name", INTEGERS)
def test_an_integer_without_a_repr_is_refused_cleanly(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be <= [0-9]+, got "):
        TrainingConfig(**{name: 10**5000})


def test_a_long_value_is_shortened_in_the_message() -> None:
    with pytest.raises(TypeError, match=r"window must be an integer, got ") as caught:
        TrainingConfig(window=list(range(10_000)))
    assert len(str(caught.value)) < 120


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"min_alpha": 0.2, "alpha": 0.1}, "min_alpha must be <= alpha, got min_alpha=0.2, alpha"),
        ({"min_alpha": 0.05, "sg": 1}, r"min_alpha must be <= alpha, .*alpha=0\.0225"),
        ({"negative_scope": "example", "shared_negatives": 8}, "shared_negatives has no meaning"),
        ({"negative": 0, "shared_negatives": 8}, "shared_negatives must be 0 or None"),
        ({"negative": 5, "shared_negatives": 0}, "shared_negatives must be >= 1 with negative=5"),
    ],
)
def test_values_that_contradict_each_other_are_refused(
    values: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        TrainingConfig(**values)


# ---- Unknown keywords ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keyword", "message"),
    [
        ("vector_sise", "did you mean 'vector_size'?"),
        ("widnow", "did you mean 'window'?"),
        ("Negative", "did you mean 'negative'?"),
        ("size", "here it is called 'vector_size'"),
        ("iter", "here it is called 'epochs'"),
        ("lr", "here it is called 'alpha'"),
        ("threads", "here it is called 'workers'"),
        ("minCount", "here it is called 'min_count'"),
        ("hs", "hierarchical softmax is not implemented"),
        ("sentences", "give the corpus as the first argument"),
        ("corpus_file", "give the path as the first argument"),
        ("compute_loss", "model.history"),
        ("callbacks", "train(callbacks=...)"),
        ("trim_rule", "min_count"),
        ("null_word", "no word stands for"),
        ("comment", "no comment is kept"),
        ("max_vocab_size", "bound the vocabulary with max_final_vocab"),
        ("zzzzzzzz", "known: "),
    ],
)
def test_an_unknown_keyword_is_explained(keyword: str, message: str) -> None:
    with pytest.raises(TypeError, match=re.escape(f"unknown hyper-parameter {keyword!r}")) as error:
        TrainingConfig.from_keywords({keyword: 1})
    assert message in str(error.value)


def test_an_explained_keyword_leads_to_a_known_one() -> None:
    from fastw2v.config import _ELSEWHERE, _NOT_HERE

    assert set(_ELSEWHERE.values()) <= set(FIELDS)
    assert not (set(_ELSEWHERE) | set(_NOT_HERE)) & set(FIELDS)


def test_an_unknown_keyword_with_no_near_one_lists_all() -> None:
    with pytest.raises(TypeError) as caught:
        TrainingConfig.from_keywords({"zzzzzzzz": 1})
    assert all(name in str(caught.value) for name in FIELDS)


# ---- Values that are accepted --------------------------------------------------------------------


def test_numpy_scalars_become_plain_values() -> None:
    config = TrainingConfig(
        sg=np.int64(1),
        vector_size=np.int32(64),
        window=np.uint8(3),
        alpha=np.float32(0.5),
        sample=np.array(0.25),
        cbow_mean=np.False_,
        shrink_windows=np.int8(0),
        negative_scope=np.str_("window"),
        isa=np.str_("portable"),
    )
    assert config == TrainingConfig(
        sg=1,
        vector_size=64,
        window=3,
        alpha=0.5,
        sample=0.25,
        cbow_mean=False,
        shrink_windows=False,
        negative_scope="window",
        isa="portable",
    )
    kinds = {type(getattr(config, name)) for name in FIELDS}
    assert kinds == {int, float, bool, str, type(None)}


@pytest.mark.parametrize("value", [1, decimal.Decimal("0.5"), fractions.Fraction(1, 2)])
def test_any_real_number_is_a_number(value: Any) -> None:
    assert TrainingConfig(alpha=value).alpha == float(value)


@pytest.mark.parametrize("flag", [True, 1, np.True_, np.int64(1)])
def test_sg_may_be_given_as_a_flag(flag: Any) -> None:
    config = TrainingConfig(sg=flag)
    assert config.sg == 1
    assert type(config.sg) is int


@pytest.mark.parametrize(
    "values",
    [
        {"vector_size": 1, "window": 1, "min_count": 0, "negative": 0, "epochs": 1, "workers": 1},
        {"vector_size": 2**20, "window": 10_000, "negative": 1000, "pool_size": 2**20},
        {"sample": 0.0, "ns_exponent": -10.0, "min_alpha": 0.0, "pool_refresh": 0.0, "seed": 0},
        {"sample": 1.0, "ns_exponent": 10.0, "alpha": 100.0, "seed": 2**64 - 1, "workers": 1024},
        {"negative": 0, "shared_negatives": 0},
        {"negative_scope": "example", "shared_negatives": 5, "negative": 5},
    ],
)
def test_the_ends_of_every_range_are_accepted(values: dict[str, Any]) -> None:
    config = TrainingConfig(**values)
    assert {name: getattr(config, name) for name in values} == values


# ---- What is derived -----------------------------------------------------------------------------


def test_the_defaults_are_gensims_where_it_has_the_parameter() -> None:
    config = TrainingConfig()
    assert (config.sg, config.vector_size, config.window, config.min_count) == (0, 100, 5, 5)
    assert (config.sample, config.negative, config.ns_exponent) == (1e-3, 5, 0.75)
    assert (config.min_alpha, config.epochs, config.seed) == (1e-4, 5, 1)
    assert config.cbow_mean
    assert config.shrink_windows
    assert config.max_final_vocab is None


@pytest.mark.parametrize(
    ("values", "alpha"),
    [
        ({"sg": 1}, 0.0225),
        ({"sg": 1, "negative_scope": "window"}, 0.025),
        ({"sg": 1, "negative_scope": "example"}, 0.025),
        ({"sg": 0}, 0.06),
        ({"sg": 0, "cbow_mean": False}, 0.025),
    ],
)
def test_alpha_depends_on_the_architecture_unless_it_is_given(
    values: dict[str, Any], alpha: float
) -> None:
    assert TrainingConfig(**values).start_alpha == alpha
    assert TrainingConfig(**values, alpha=0.04).start_alpha == 0.04


@pytest.mark.parametrize(("sg", "share"), [(1, 0.5), (0, 0.25)])
def test_pool_refresh_depends_on_the_architecture_unless_it_is_given(sg: int, share: float) -> None:
    assert TrainingConfig(sg=sg).pool_renewal == share
    assert TrainingConfig(sg=sg).engine_settings()["pool_refresh"] == round(65536 * share)
    assert TrainingConfig(sg=sg, pool_refresh=0.0).pool_renewal == 0.0


@pytest.mark.parametrize(
    ("sg", "cbow_mean", "width"), [(False, True, 2.0), (False, False, 1.0), (True, True, 1.0)]
)
def test_vectors_begin_wider_where_rows_are_averaged(
    sg: bool, cbow_mean: bool, width: float
) -> None:
    assert TrainingConfig(sg=sg, cbow_mean=cbow_mean).initial_width == width


@pytest.mark.parametrize(
    ("values", "set_size", "weight"),
    [
        ({"sg": 1}, 5, 1.0),
        ({"sg": 1, "negative": 10}, 10, 1.0),
        ({"sg": 0}, 10, 1 / 2),
        ({"sg": 0, "negative": 1}, 2, 1 / 2),
        ({"sg": 0, "negative": 10}, 20, 1 / 2),
        ({"sg": 0, "negative_scope": "window"}, 5, 1.0),
        ({"sg": 0, "negative_scope": "example"}, 5, 1.0),
        ({"sg": 1, "shared_negatives": 20}, 20, 5 / 20),
        ({"negative": 0}, 0, 0.0),
        ({"sg": 1, "negative": 0}, 0, 0.0),
    ],
)
def test_a_set_of_negatives_weighs_as_much_as_negative_of_them(
    values: dict[str, Any], set_size: int, weight: float
) -> None:
    config = TrainingConfig(**values)
    assert config.set_size == set_size
    assert config.negative_weight == weight
    assert config.set_size * config.negative_weight == config.negative


def test_the_engine_is_told_all_that_its_walk_depends_on() -> None:
    config = TrainingConfig(
        **{"sg": 0, "negative_scope": "window", "window": 7, "shrink_windows": False},
        **{"negative": 3, "shared_negatives": 6, "pool_size": 99, "pool_refresh": 1.5},
        **{"cbow_mean": False, "cbow_gradient": "exact"},
    )
    assert config.engine_settings() == {
        **{"architecture": "cbow", "negative_scope": "window"},
        **{"window": 7, "shrink_windows": False, "negatives": 6, "negative_weight": 0.5},
        **{"pool_size": 99, "pool_refresh": 98304},  # of 65536 parts
        **{"cbow_mean": False, "cbow_exact_gradient": True},
    }
    assert TrainingConfig(sg=1).engine_settings()["architecture"] == "skip_gram"
    assert not TrainingConfig().engine_settings()["cbow_exact_gradient"]
    assert {*config.engine_settings(), "loss_interval"} == set(WalkSettings.__annotations__)


def test_a_config_is_frozen() -> None:
    config = TrainingConfig()
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.window = 7


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"sg": 1, "alpha": 0.05, "max_final_vocab": 1000, "shared_negatives": 7},
        {"cbow_mean": False, "cbow_gradient": "exact", "seed": 2**64 - 1, "sample": 1e-5},
    ],
)
def test_to_dict_comes_back_from_json_as_an_equal_config(values: dict[str, Any]) -> None:
    config = TrainingConfig(**values)
    text = json.dumps(config.to_dict(), allow_nan=False)
    assert TrainingConfig.from_keywords(json.loads(text)) == config


def test_to_dict_leaves_out_what_belongs_to_the_machine() -> None:
    config = TrainingConfig(workers=7, isa="portable")
    assert sorted([*config.to_dict(), "workers", "isa"]) == sorted(FIELDS)


def test_every_field_is_explained_in_the_docstring() -> None:
    explained = inspect.getdoc(TrainingConfig)
    assert explained is not None
    assert re.findall(r"^(\w+) : ", explained, re.MULTILINE) == FIELDS
