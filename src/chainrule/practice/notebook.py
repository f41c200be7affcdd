"""Practice in a notebook: `cr.practice("3-4-1").check(step)`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path
from typing import Any

from ..derivation import derive
from ..messages import choose_language
from ..network import Network
from ..program.steps import Program
from .checking import check_function
from .exercise import Exercise, PracticeError
from .hints import STEPS, hint_lines, solution_lines, wanted
from .ladder import LADDER
from .sheet import sheet
from .verdict import Verdict
from .words import lines_of


class Text:
    """A few lines that print as they are."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = list(lines)

    def __str__(self) -> str:
        return "\n".join(self.lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"


class Outcome(Text):
    """What a check found; `passed`, and the whole `verdict`."""

    def __init__(self, verdict: Verdict, language: str) -> None:
        super().__init__(lines_of(verdict, language))
        self.verdict, self.passed = verdict, verdict.passed

    def __bool__(self) -> bool:
        return self.passed


class Practice(Text):
    """An exercise in a notebook: it shows what is asked, checks a function, and gives hints.

    `check` runs the function in this process, with no limits of time and memory: interrupt the kernel where it does not
    come back.
    """

    def __init__(self, exercise: Exercise, language: str) -> None:
        super().__init__(sheet(exercise, "mine.py", language).splitlines())
        self.exercise, self.language = exercise, language
        self.last: Verdict | None = None
        self.hints = 0

    def check(self, step: Callable[..., Any]) -> Outcome:
        """Judge a function that takes what `step` of the sheet takes.  PracticeError: something that is no function."""
        if not callable(step):
            raise PracticeError(f"check takes your function step, not {type(step).__name__}")
        verdict = check_function(self.exercise, step)
        before = self.last.first.name if self.last is not None and self.last.first is not None else ""
        now = verdict.first.name if verdict.first is not None else ""
        self.hints = self.hints if before == now else 0
        self.last = verdict
        return Outcome(verdict, self.language)

    def hint(self) -> Text:
        """One of three hints for what is wrong first, each saying more."""
        self.hints = min(self.hints + 1, STEPS)
        quantity = wanted(self.exercise, self.last or Verdict(self.exercise))
        return Text(hint_lines(self.exercise, quantity, self.hints, self.language))

    def solution(self) -> Text:
        """The lines that are asked for."""
        asked = self.exercise.asked if self.exercise.missing else (None,)
        return Text(line for quantity in asked for line in solution_lines(self.exercise, quantity, self.language))

    def write(self, path: str | Path) -> Path:
        """Write the sheet to a file that is not there yet."""
        path = Path(path)
        with path.open("x", encoding="utf-8") as file:
            file.write(sheet(self.exercise, path.name, self.language))
        return path


def practice(
    given: str | int | Network | Program,
    level: str = "backward",
    *,
    missing: Iterable[str] | str | None = None,
    seed: int = 0,
    language: str | None = None,
) -> Practice:
    """An exercise: rebuild the training step of a network from memory.

    given       a Program, or a Network or its notation "3-4-1" for the defaults of `derive`; or the number of an
                exercise of the ladder, 1 to 15
    level       one (a single blank), backward (the backward phase), all (everything but the signature)
    missing     the names to write, instead of a level: ["delta1", "dW1"]
    seed        of the data

    Raises
        ValueError: an unknown level, name or number.
    """
    spoken = choose_language(language)
    if isinstance(given, int) and not isinstance(given, bool):
        if not 1 <= given <= len(LADDER):
            raise PracticeError(f"the ladder has the exercises 1 to {len(LADDER)}, not {given}")
        return Practice(LADDER[given - 1].exercise(seed), spoken)
    if isinstance(given, str):
        given = Network.parse(given)
    if isinstance(given, Network):
        given = derive(given)
    if not isinstance(given, Program):
        raise PracticeError(f"practice takes a Program, a Network, '3-4-1' or an exercise's number, not {given!r:.60}")
    if missing is None:
        return Practice(Exercise.of_level(given.declaration, level, seed), spoken)
    names = [part.strip() for part in missing.split(",")] if isinstance(missing, str) else list(missing)
    return Practice(Exercise(given.declaration, tuple(names), seed), spoken)
