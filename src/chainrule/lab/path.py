"""The guided path: the questions with which chainrule began, each as an experiment that one click sets up.

The texts stand in `messages/*/path.json`, what counts as done in `web/src/path/goals.ts`. A number in a text is a
fact of the chapter; `tests/lab/test_path.py` takes every one of them from a run again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import quote

FOUNDING = {
    "data": "founding_xor:4:0:0:0", "layers": "4:sigmoid", "output": "sigmoid", "loss": "half_squared_error",
    "optimizer": "gradient_descent:1", "bias": "none", "initial": "uniform", "batch": "all", "seed": "1",
}  # fmt: skip
USUAL = {
    "data": "circle:200:0.1:0.3:1", "layers": "6:tanh;4:tanh", "output": "sigmoid", "loss": "binary_cross_entropy",
    "optimizer": "gradient_descent:0.3", "batch": "10", "seed": "1",
}  # fmt: skip
CLUSTERS = {**FOUNDING, "data": "clusters:20:0:0:1", "bias": ""}
MANY = {**CLUSTERS, "data": "clusters:1000:0:0:1"}


@dataclass(frozen=True)
class Way:
    """One experiment of a chapter: the fragment of its address."""

    name: str
    fragment: str


@dataclass(frozen=True)
class Chapter:
    """A question.

    ways        what it sets up; the first when the chapter is opened
    facts       the numbers of its texts      shares  those that are written as percentages
    aim         the dot on the screen Slope that is chosen: layer, unit and row, the last two from 0
    """

    name: str
    ways: tuple[Way, ...]
    facts: Mapping[str, float]
    shares: Mapping[str, float] = field(default_factory=dict)
    aim: tuple[int, int, int] | None = None


def way(name: str, screen: str, settings: Mapping[str, str], epoch: int = 0, **changes: str) -> Way:
    written = {"screen": screen, **settings, **changes, "epoch": str(epoch or "")}
    return Way(name, "#" + "&".join(f"{key}={quote(value, safe=':;,')}" for key, value in written.items() if value))


CHAPTERS = (
    Chapter("slope", (way("only", "descent", FOUNDING),), {"x": 8, "slope": 12, "rate": 0.1, "third": 6.144}),
    Chapter(
        "why", (way("only", "slope", FOUNDING),), {"error": -0.456159, "slope": 0.248078, "delta": -0.113163},
        aim=(2, 0, 2),
    ),
    Chapter(
        "confidence", (way("only", "slope", FOUNDING, 10_000),),
        {"a": 0.00702172, "slope": 0.00697242, "before": 0.24931},
        aim=(2, 0, 0),
    ),
    Chapter(
        "cube",
        (
            way("derived", "steps", FOUNDING, 1000),
            way("plain", "steps", FOUNDING, 1000, edits='{"slope2":"1"}'),
            way("cubed", "steps", FOUNDING, 1000, edits='{"error2":"(a2 - y)**3"}'),
        ),
        {"derived": 0.00379783, "plain": 3.80664e-06, "cubed": 0.261184},
    ),
    Chapter(
        "derivative", (way("only", "slope", FOUNDING),),
        {"peak": 0.25, "one": 0.196612, "minus_two": 0.104994, "far": 2.06115e-09},
    ),
    Chapter("descent", (way("only", "descent", FOUNDING),), {"rate": 0.1, "ten": 2.64425, "newton": 1}),
    Chapter("data", (way("only", "network", USUAL, 100),), {"rows": 200, "held": 60}, {"right": 0.966667}),
    Chapter(
        "weight", (way("only", "factors", FOUNDING),),
        {"input": 1, "delta": 0.0161558, "pull": 0.0161558, "sum": 0.00103683},
    ),
    Chapter("ready", (way("only", "health", FOUNDING, 10_000),), {}, {"output": 1, "hidden": 0.25, "early": 0.25}),
    Chapter(
        "hidden",
        (
            way("first", "correlation", FOUNDING, 2000, data="founding_first:4:0:0:0", layers=""),
            way("single", "correlation", FOUNDING, 2000, layers=""),
            way("hidden", "correlation", FOUNDING, 10_000),
        ),
        {
            "first": 1, "none": 0, "unit": 0.558717, "loss_first": 0.000673416, "loss_single": 0.5,
            "loss_hidden": 0.000150756,
        },
    ),
    Chapter(
        "shapes",
        (
            way("few", "steps", CLUSTERS, 200),
            way("many", "steps", MANY, 200),
            way("slow", "steps", MANY, 200, optimizer="gradient_descent:0.02"),
        ),
        {}, {"few": 1, "many": 0.5, "slow": 1},
    ),
    Chapter(
        "last", (way("start", "network", FOUNDING), way("end", "network", FOUNDING, 10_000)),
        {"weights": 16, "first": 0.495187, "last": 0.000150756},
    ),
)  # fmt: skip


def path_data() -> list[dict[str, Any]]:
    """The chapters as the page gets them."""
    return [asdict(chapter) for chapter in CHAPTERS]


__all__ = ["CHAPTERS", "USUAL", "Chapter", "Way", "path_data"]
