"""A preparation read from plain data: identical, or refused with the reason."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.data import DataError, Preparation

CLASSES: dict[str, Any] = {
    "format": 1,
    "features": [
        {"name": "height", "role": "numeric", "mean": 0.1, "deviation": 0.0, "median": 0.1, "indicated": False},
        {"name": "color", "role": "categorical", "categories": ["", "blue", "red"]},
    ],
    "target": {"name": "kind", "task": "classification", "classes": ["10", "9"], "numeric": False},
}
NUMBER: dict[str, Any] = {**CLASSES, "target": {"name": "price", "task": "regression", "mean": -1.0, "deviation": 2.0}}


@pytest.mark.parametrize("data", [CLASSES, NUMBER])
def test_read_back_identical(data):
    assert Preparation.from_dict(data).to_dict() == data
    assert Preparation.from_dict(json.loads(json.dumps(data))).to_dict() == data


def test_whole_numbers_are_numbers_too():
    data = copy.deepcopy(NUMBER)
    data["target"]["mean"] = 3  # how some programs write 3.0
    assert Preparation.from_dict(data).to_dict()["target"] == {**NUMBER["target"], "mean": 3.0}


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("format",), 2, "format must be 1"),
        (("format",), True, "format must be 1"),
        (("more",), 1, "must hold just format, features, target"),
        (("features",), [], "there must be features"),
        (("features",), {}, "features must be a list"),
        (("features", 0), None, "feature 0: role must be"),
        (("features", 0, "role"), [], "feature 0: role must be"),
        (("features", 0, "code"), "x", "feature 0: must hold just name, role, mean, deviation, median, indicated"),
        (("features", 0, "mean"), float("nan"), "finite"),
        (("features", 0, "mean"), True, "finite"),
        (("features", 0, "mean"), "1", "finite"),
        (("features", 0, "mean"), 10**400, "finite"),
        (("features", 0, "deviation"), -1.0, "feature 0: the deviation must not be negative"),
        (("features", 0, "median"), float("inf"), "finite"),
        (("features", 0, "indicated"), 1, "'indicated' must be true or false"),
        (("target", "classes"), ["", "a"], "a text is expected"),
        (("features", 0, "name"), "color", "no two columns of one name"),
        (("features", 0, "name"), "kind", "no two columns of one name"),
        (("features", 0, "name"), " a", "a text is expected"),
        (("features", 0, "name"), "", "a text is expected"),
        (("features", 0, "name"), 1, "a text is expected"),
        (("features", 0, "name"), "\ud800", "not valid Unicode"),
        (("features", 1, "categories"), ["red", "blue"], "sorted"),
        (("features", 1, "categories"), ["red", "red"], "none twice"),
        (("features", 1, "categories"), [], "a list of 1 to 1,000 texts"),
        (("features", 1, "categories"), [str(i) for i in range(1001)], "a list of 1 to 1,000 texts"),
        (("target",), [], "target: task must be"),
        (("target", "task"), "x", "target: task must be"),
        (("target", "classes"), ["a"], "at least 2 classes"),
        (("target", "numeric"), 1, "'numeric' must be true or false"),
    ],
)
def test_refused(path, value, message):
    data: Any = copy.deepcopy(CLASSES)
    inner = data
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    with pytest.raises(DataError, match=message):
        Preparation.from_dict(data)


def test_a_target_without_spread_is_refused():
    with pytest.raises(DataError, match="the deviation must be above 0"):
        Preparation.from_dict({**NUMBER, "target": {**NUMBER["target"], "deviation": 0.0}})


scalar = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
anything = st.recursive(
    scalar, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
)


@given(st.sampled_from(["format", "features", "target"]), anything)
def test_nothing_else_is_raised(key, value):
    for data in (value, {**CLASSES, key: value}, {**CLASSES, "features": [value]}):
        try:
            Preparation.from_dict(data)
        except DataError as error:
            assert str(error).isprintable()  # noqa: PT017 - either outcome is right
