"""A preparation as plain data, written and read back. What is read may come from a stranger, so all is checked."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from .errors import DataError
from .features import CategoricalFeature, Feature, NumericFeature, Scale
from .quoting import quoted
from .roles import MOST_CATEGORIES
from .target import ClassTarget, NumberTarget, Target

FORMAT = 1
_LARGEST = sys.float_info.max


def written(features: tuple[Feature, ...], target: Target) -> dict[str, object]:
    """The plain data."""
    return {
        "format": FORMAT,
        "features": [_feature_data(feature) for feature in features],
        "target": _target_data(target),
    }


def read(data: object) -> tuple[tuple[Feature, ...], Target]:
    """Features and target. Raises DataError: an entry missing or unknown, a wrong type, a number that is not finite."""
    entries = _entries(data, "preparation", "format", "features", "target")
    if type(entries["format"]) is not int or entries["format"] != FORMAT:
        raise DataError(
            f"preparation: format must be {FORMAT}; the file is of another version of chainrule, or damaged"
        )
    features = tuple(_feature(item, f"preparation, feature {i}") for i, item in enumerate(_items(entries["features"])))
    target = _target(entries["target"], "preparation, target")
    names = [feature.name for feature in features] + [target.name]
    if not features or len(set(names)) != len(names):
        raise DataError("preparation: there must be features, and no two columns of one name")
    return features, target


def _feature_data(feature: Feature) -> dict[str, object]:
    if isinstance(feature, NumericFeature):
        filling = {"median": feature.median, "indicated": feature.indicated}
        return {"name": feature.name, "role": "numeric", **feature.scale._asdict(), **filling}
    return {"name": feature.name, "role": "categorical", "categories": list(feature.categories)}


def _target_data(target: Target) -> dict[str, object]:
    if isinstance(target, NumberTarget):
        return {"name": target.name, "task": "regression", **target.scale._asdict()}
    return {
        "name": target.name,
        "task": "classification",
        "classes": list(target.classes),
        "numeric": target.numeric,
    }


def _feature(data: object, where: str) -> Feature:
    role = _chosen(data, where, "role", "numeric", "categorical")
    if role == "numeric":
        entries = _entries(data, where, "name", "role", "mean", "deviation", "median", "indicated")
        if not isinstance(entries["indicated"], bool):
            raise DataError(f"{where}: 'indicated' must be true or false")
        median = None if entries["median"] is None else _finite(entries["median"], where)
        if median is None and entries["indicated"]:
            raise DataError(f"{where}: where no cell may miss, none is indicated")
        return NumericFeature(_text(entries["name"], where), _scale(entries, where), median, entries["indicated"])
    entries = _entries(data, where, "name", "role", "categories")
    categories = _texts(entries["categories"], where, sorted_texts=True, may_miss=True)
    return CategoricalFeature(_text(entries["name"], where), categories)


def _target(data: object, where: str) -> Target:
    task = _chosen(data, where, "task", "classification", "regression")
    if task == "regression":
        entries = _entries(data, where, "name", "task", "mean", "deviation")
        scale = _scale(entries, where)
        if scale.deviation == 0.0:
            raise DataError(f"{where}: the deviation must be above 0")
        return NumberTarget(_text(entries["name"], where), scale)
    entries = _entries(data, where, "name", "task", "classes", "numeric")
    numeric = entries["numeric"]
    if not isinstance(numeric, bool):
        raise DataError(f"{where}: 'numeric' must be true or false")
    classes = _texts(entries["classes"], where, sorted_texts=not numeric)
    if len(classes) < 2:
        raise DataError(f"{where}: there must be at least 2 classes")
    return ClassTarget(_text(entries["name"], where), classes, numeric)


def _entries(data: object, where: str, *keys: str) -> Mapping[str, object]:
    """`data`, known to be a mapping with just these keys."""
    if not isinstance(data, Mapping) or set(data) != set(keys):
        raise DataError(f"{where}: must hold just {', '.join(keys)}")
    return data


def _chosen(data: object, where: str, key: str, *choices: str) -> str:
    value = data.get(key) if isinstance(data, Mapping) else None
    if not isinstance(value, str) or value not in choices:
        raise DataError(f"{where}: {key} must be {' or '.join(choices)}")
    return value


def _items(value: object) -> list[object]:
    if not isinstance(value, list):
        raise DataError("preparation: features must be a list")
    return value


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value or value != value.strip():
        raise DataError(f"{where}: a text is expected, not empty and without blanks around it")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise DataError(f"{where}: {quoted(value)} is not valid Unicode")
    return value


def _texts(value: object, where: str, sorted_texts: bool, may_miss: bool = False) -> tuple[str, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_CATEGORIES:
        raise DataError(f"{where}: a list of 1 to {MOST_CATEGORIES:,} texts is expected")
    texts = ["" if may_miss and text == "" else _text(text, where) for text in value]
    if len(set(texts)) != len(texts) or (sorted_texts and texts != sorted(texts)):
        raise DataError(f"{where}: texts must be sorted, and none twice")
    return tuple(texts)


def _scale(entries: Mapping[str, object], where: str) -> Scale:
    scale = Scale(_finite(entries["mean"], where), _finite(entries["deviation"], where))
    if scale.deviation < 0:
        raise DataError(f"{where}: the deviation must not be negative")
    return scale


def _finite(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= _LARGEST:
        raise DataError(f"{where}: mean, deviation and median must be finite numbers")
    return float(value)
