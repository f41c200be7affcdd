"""The data sets that the lab brings along: one row each. Made from a seed, so that a link shows the same points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Random = np.random.RandomState
Kind = Literal["classes", "number", "several"]
MOST_POINTS = 2000


@dataclass(frozen=True)
class DataSet:
    """A row of the table.

    kind        what y (N, K) holds: two classes as 0 and 1, a number, or several classes, one-hot
    columns     what the columns of X are called
    make        (points, noise, random) -> X (N, D), y (N, K); noise is 0 to 1
    fixed       its rows are given: points and noise change nothing
    """

    name: str
    kind: Kind
    columns: tuple[str, ...]
    make: Callable[[int, float, Random], tuple[Array, Array]]
    fixed: bool = False


TWO = ("x1", "x2")


def given(
    rows: Sequence[Sequence[float]], targets: Sequence[float]
) -> Callable[[int, float, Random], tuple[Array, Array]]:
    """The rows of a truth table."""
    return lambda points, noise, random: (np.array(rows), np.array(targets, dtype=float)[:, None])


def circle(points: int, noise: float, random: Random) -> tuple[Array, Array]:
    """A disc inside a ring."""
    inside = np.arange(points) % 2 == 0
    radius = np.where(inside, 0.5 * np.sqrt(random.random_sample(points)), random.uniform(0.7, 1.0, points))
    angle = random.uniform(0.0, 2 * np.pi, points)
    X = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    return jittered(X, noise, random), inside[:, None].astype(float)


def clusters(points: int, noise: float, random: Random) -> tuple[Array, Array]:
    """Two clouds in opposite corners."""
    label = np.arange(points) % 2
    X = np.where(label[:, None] == 1, 0.45, -0.45) + random.normal(0.0, 0.16 + 0.25 * noise, (points, 2))
    return X, label[:, None].astype(float)


def checkerboard(points: int, noise: float, random: Random) -> tuple[Array, Array]:
    """XOR with points in place of corners: opposite quarters are alike."""
    quarters = random.uniform(0.08, 1.0, (points, 2)) * np.where(random.random_sample((points, 2)) < 0.5, -1.0, 1.0)
    label = (quarters[:, :1] * quarters[:, 1:] < 0).astype(float)
    return jittered(quarters, noise, random), label


def spirals(points: int, noise: float, random: Random) -> tuple[Array, Array]:
    """Two spirals, one inside the other."""
    label = np.arange(points) % 2
    along = np.sqrt(random.random_sample(points))
    angle = 3.5 * np.pi * along + np.pi * label
    X = (0.06 + 0.94 * along)[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    return jittered(X, 0.5 * noise, random), label[:, None].astype(float)


def moons(points: int, noise: float, random: Random) -> tuple[Array, Array]:
    """Two half moons that reach into each other."""
    label = np.arange(points) % 2
    angle = random.uniform(0.0, np.pi, points)
    x = np.where(label == 0, np.cos(angle) - 0.5, 0.5 - np.cos(angle))
    y = np.where(label == 0, np.sin(angle) - 0.25, 0.25 - np.sin(angle))
    return jittered(np.column_stack([x / 1.6, y / 1.1]), noise, random), label[:, None].astype(float)


def curve(points: int, noise: float, random: Random) -> tuple[Array, Array]:
    """One input, one number: a wave to fit."""
    x = np.sort(random.uniform(-1.0, 1.0, points))
    y = 0.8 * np.sin(3.5 * x) * (1 - 0.35 * x) + random.normal(0.0, 0.3 * noise, points)
    return x[:, None], y[:, None]


def plane(points: int, noise: float, random: Random) -> tuple[Array, Array]:
    """Two inputs, one number: hill and valley."""
    X = random.uniform(-1.0, 1.0, (points, 2))
    hill, valley = (np.exp(-4 * ((X - at) ** 2).sum(axis=1)) for at in ([0.4, 0.4], [-0.4, -0.4]))
    return X, (hill - valley + random.normal(0.0, 0.25 * noise, points))[:, None]


# Ten digits of five rows of three pixels: alone a pixel tells nothing, together they tell the digit.
GLYPHS = (
    "111101101101111", "010110010010111", "111001111100111", "111001111001111", "101101111001001",
    "111100111001111", "111100111101111", "111001010010010", "111101111101111", "111101111001111",
)  # fmt: skip


def digits(points: int, noise: float, random: Random) -> tuple[Array, Array]:
    """Digits of 3 x 5 pixels, each pixel off by a little, some of them turned over."""
    label = np.arange(points) % 10
    clear = np.array([[float(pixel) for pixel in glyph] for glyph in GLYPHS])[label]
    turned = random.random_sample(clear.shape) < 0.15 * noise
    X = np.where(turned, 1 - clear, clear) + random.normal(0.0, 0.05 + 0.2 * noise, clear.shape)
    return X, np.eye(10)[label]


def jittered(X: Array, noise: float, random: Random) -> Array:
    shaken: Array = X + random.normal(0.0, 0.3 * noise, X.shape)
    return shaken


FOUNDING = ((0.0, 0.0, 1.0), (0.0, 1.0, 1.0), (1.0, 0.0, 1.0), (1.0, 1.0, 1.0))
CORNERS = ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0))
ROWS = (
    DataSet("founding_xor", "classes", ("x1", "x2", "one"), given(FOUNDING, [0, 1, 1, 0]), fixed=True),
    DataSet("founding_first", "classes", ("x1", "x2", "one"), given(FOUNDING, [0, 0, 1, 1]), fixed=True),
    DataSet("and", "classes", TWO, given(CORNERS, [0, 0, 0, 1]), fixed=True),
    DataSet("or", "classes", TWO, given(CORNERS, [0, 1, 1, 1]), fixed=True),
    DataSet("xor", "classes", TWO, given(CORNERS, [0, 1, 1, 0]), fixed=True),
    DataSet("clusters", "classes", TWO, clusters),
    DataSet("circle", "classes", TWO, circle),
    DataSet("checkerboard", "classes", TWO, checkerboard),
    DataSet("moons", "classes", TWO, moons),
    DataSet("spirals", "classes", TWO, spirals),
    DataSet("curve", "number", ("x1",), curve),
    DataSet("plane", "number", TWO, plane),
    DataSet("digits", "several", tuple(f"pixel{i}" for i in range(1, 16)), digits),
)
DATA_SETS = {row.name: row for row in ROWS}

__all__ = ["DATA_SETS", "MOST_POINTS", "DataSet", "Kind"]
