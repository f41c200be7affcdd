"""What is aimed at (issue 3, PERFORMANCE.md), as data. All are ratios of one run, or limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Goal:
    """A number of the report and its bound.

    number      its name: `R1 / floor`, how often as long as the floor; `JAX jit + scan / R1`, how often as fast as JAX
    """

    number: str
    sense: Literal["<=", ">="]
    bound: float
    unit: str = ""

    def met(self, numbers: Mapping[str, float]) -> bool | None:
        """None where it was not measured."""
        if self.number not in numbers:
            return None
        value = numbers[self.number]
        return value <= self.bound if self.sense == "<=" else value >= self.bound


def faster(case: str, **peers: float) -> list[Goal]:
    """At least so many times as fast as each peer, named by its key."""
    return [Goal(f"{case}: {key} / c", ">=", times, "x") for key, times in peers.items()]


def near(case: str, times: float) -> list[Goal]:
    return [Goal(f"{case}: c / floor", "<=", times, "x")]


GOALS = (
    *near("R1", 1.3), *faster("R1", jax=3, hand=140, torch=1000),
    *faster("R2a", jax=10, sklearn=200, torch=300),
    *faster("R2b", jax=2.5, sklearn=20, torch=30), *near("R2b", 1.4),
    *faster("R2c", jax=2.5, sklearn=20, torch=30),
    *faster("R3", jax=1.3, torch=3, sklearn=3), *near("R3", 1.2),
    *faster("R4", jax=1.15, torch=2.3, sklearn=2.3), *near("R4", 1.3),
    Goal("formulas: slowest jax / c", ">=", 1, "x"),
    Goal("compile: two layers", "<=", 0.3, "s"),
    Goal("compile: three layers", "<=", 0.6, "s"),
    Goal("compile: again", "<=", 0, "libraries"),
    Goal("one row: above the C call", "<=", 1, "us"),
    Goal("one row: estimator", "<=", 20, "us"),
    Goal("import: above python -c pass", "<=", 0.05, "s"),
    Goal("memory: copied", "<=", 0, "bytes"),
    Goal("memory: most / needed", "<=", 1.1, "x"),  # Python's own objects are in it
)  # fmt: skip
