"""What the screen Descent asks for: a typed function of one variable, and four ways down, as plain data."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..data import DataError
from ..files.json_text import Record
from ..messages import LANGUAGES, say
from ..observe.descent import Descent, descend
from ..observe.descent.story import kind_of

SAMPLES = 400
MOST_STEPS = 400
LONGEST = 200  # characters of a typed function


def descent(body: object) -> dict[str, Any]:
    """A descent, its curve within the view, and its story in a language.

    {"function": "x^2 - 4x + 6", "start": 8, "rate": 0.1, "notes": "en", "story": false}
    """
    record = Record(body, "descent")
    function = record.text("function")
    start, rate = record.number("start"), record.number("rate", default=0.1)
    language = record.text("notes", default="en")
    told = record.boolean("story", default=False)  # it tries many rates, and takes a second
    record.done()
    if len(function) > LONGEST:
        raise DataError(f"descent, function: at most {LONGEST} characters")
    if language not in LANGUAGES:
        raise DataError(f"descent, notes: known are {', '.join(LANGUAGES)}")
    return drawn(descend(function, start, rate, steps=MOST_STEPS), language, told)


def drawn(found: Descent, language: str, told: bool = False) -> dict[str, Any]:
    """What there is to draw of a descent, and to say in a language."""
    (low, *more), (high, *_) = found.view
    if more:
        raise DataError("descent, function: the picture has room for one variable, x; chainrule descend takes two")
    x = np.linspace(float(low), float(high), SAMPLES)
    with np.errstate(all="ignore"):
        f = [finite(found.curve(np.array([at]))) for at in x.tolist()]
        paths = {name: path_data(found.curve, path, language) for name, path in found.paths.items()}
    return {
        "texts": [[name, text] for name, text in found.curve.texts],
        "x": x.tolist(),
        "f": f,
        "paths": paths,
        "solved": None if found.solved is None else found.solved.tolist(),
        "story": found.story(language) if told else "",
    }


def path_data(curve: Any, path: Any, language: str) -> dict[str, Any]:
    points = path.points[: MOST_STEPS + 1, 0]
    return {
        "points": [finite(at) for at in points],
        "values": [finite(value) for value in path.values[: MOST_STEPS + 1]],
        "slopes": [finite(curve.slope(np.array([at]))[0]) if math.isfinite(at) else None for at in points.tolist()],
        "verdict": verdict_of(curve, path, language),
    }


def verdict_of(curve: Any, path: Any, language: str) -> str:
    return say(f"descend.end_{kind_of(path.verdict, curve.variables)}", language)


def carried_descent(function: str, start: float, rate: float) -> dict[str, Any]:
    """A descent for a page without a server: its verdicts in every language, and no story."""
    found = descend(function, start, rate, steps=MOST_STEPS)
    answer = drawn(found, "en")
    for name, path in found.paths.items():
        answer["paths"][name]["verdict"] = {language: verdict_of(found.curve, path, language) for language in LANGUAGES}
    return answer


def finite(value: Any) -> float | None:
    """A number as JSON takes it."""
    number = float(np.asarray(value).ravel()[0])
    return number if math.isfinite(number) else None


__all__ = ["carried_descent", "descent"]
