"""How cost grows: 20-w-w-2 for widths from 4 to 2048."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .cases import WIDTHS, sweep_case
from .clock import Effort, Sampled, say, time_steps
from .contenders import Contender
from .floor import Machine


@dataclass(frozen=True)
class Width:
    """Seconds a step at one width; the floor is 0 where it was not measured."""

    width: int
    steps: dict[str, Sampled]
    floor: float


def time_sweep(
    kinds: dict[str, type[Contender]], effort: Effort, machine: Machine | None, widths: Iterable[int] = WIDTHS
) -> list[Width]:
    found = []
    for width in widths:
        case = sweep_case(width)
        say(f"sweep: {case.summary}")
        runners = {key: kind(case) for key, kind in kinds.items() if kind.fits(case)}
        found.append(Width(width, time_steps(runners, case, effort), machine.floor(case) if machine else 0.0))
    return found
