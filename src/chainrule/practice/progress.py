"""What a learner has done on the ladder, kept on this machine only, and when each exercise comes again.

Spaced repetition in boxes (Leitner): an exercise solved unaided moves up a box and comes back later; solved with hints
it stays where it is; solved with the solution it starts again.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from ..data import DataError
from .ladder import LADDER, Rung

FORMAT = "chainrule practice 1"
DAYS = (1, 3, 7, 16, 35)  # until an exercise in each box comes back
MOST_BYTES = 2**20
MOST_HELPS = 200


@dataclass(frozen=True)
class Solved:
    """An exercise that has been solved: its box, how often, and when it comes back."""

    box: int
    times: int
    due: date


@dataclass(frozen=True)
class Progress:
    """solved: by the key of the rung. helps: for an exercise's line and a quantity, how many hints were given."""

    solved: dict[str, Solved] = field(default_factory=dict)
    helps: dict[str, int] = field(default_factory=dict)

    def next(self, today: date) -> Rung | None:
        """What comes next: what is due, the longest due first; else the first not solved; None where all rest."""
        due = [(self.solved[rung.key].due, rung.number, rung) for rung in LADDER if rung.key in self.solved]
        waiting = [entry for entry in due if entry[0] <= today]
        if waiting:
            return min(waiting)[2]
        return next((rung for rung in LADDER if rung.key not in self.solved), None)

    def soonest(self) -> tuple[Rung, date]:
        """The exercise that comes back first.  ValueError: none is solved."""
        return min(((r, self.solved[r.key].due) for r in LADDER if r.key in self.solved), key=lambda entry: entry[1])

    def after(self, rung: Rung, line: str, today: date) -> Progress:
        """The progress once an exercise is solved. Solving it again before it is due changes nothing."""
        before = self.solved.get(rung.key)
        given = max((count for key, count in self.helps.items() if key.startswith(f"{line} ")), default=0)
        helps = {key: count for key, count in self.helps.items() if not key.startswith(f"{line} ")}
        if before is not None and before.due > today:
            return replace(self, helps=helps)
        box = before.box if before is not None else 0
        box = 1 if given > SOLUTION - 1 else max(box, 1) if given else min(box + 1, len(DAYS))
        times = (before.times if before is not None else 0) + 1
        solved = Solved(box, times, today + timedelta(days=DAYS[box - 1]))
        return Progress({**self.solved, rung.key: solved}, helps)

    def helped(self, line: str, quantity: str, count: int) -> Progress:
        """The progress once a hint was given, or with `SOLUTION` the solution."""
        helps = {key: value for key, value in self.helps.items() if key != f"{line} {quantity}"}
        kept = list(helps.items())[-MOST_HELPS:]
        return replace(self, helps={**dict(kept), f"{line} {quantity}": count})

    def hints(self, line: str, quantity: str) -> int:
        return self.helps.get(f"{line} {quantity}", 0)

    # --- the file ---

    @classmethod
    def load(cls) -> Progress:
        """What is stored; nothing where there is none yet.  DataError: a file that is not ours to understand."""
        from ..data import read_regular

        path = state_file()
        if not path.exists():
            return cls()
        try:
            return cls.of(json.loads(read_regular(path, MOST_BYTES)))
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            problem = f"{path} does not hold the progress it should; move it away, and the ladder begins anew"
            raise DataError(problem) from None

    @classmethod
    def of(cls, data: Any) -> Progress:
        if data["format"] != FORMAT:
            raise ValueError(data["format"])
        solved = {}
        for key, entry in data["solved"].items():
            if not 1 <= int(entry["box"]) <= len(DAYS):
                raise ValueError(key)
            solved[str(key)] = Solved(int(entry["box"]), int(entry["times"]), date.fromisoformat(entry["due"]))
        return cls(solved, {str(key): int(value) for key, value in data["helps"].items()})

    def save(self) -> None:
        """Store it; where that cannot be, a learner can still practise."""
        from ..files import write_file

        path = state_file()
        solved = {
            key: {"box": one.box, "times": one.times, "due": one.due.isoformat()} for key, one in self.solved.items()
        }
        text = json.dumps({"format": FORMAT, "solved": solved, "helps": self.helps}, indent=2)
        with suppress(OSError, DataError):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_file(path, f"{text}\n".encode(), path.with_name(f"{path.name}.{os.getpid()}.new"))


SOLUTION = 4  # one more than the hints there are


def state_file() -> Path:
    """Where the progress is: in the directory for state of the XDG base directory specification."""
    given = os.environ.get("XDG_STATE_HOME", "")
    if Path(given).is_absolute():
        return Path(given, "chainrule", "practice.json")
    if sys.platform == "win32" and os.environ.get("LOCALAPPDATA"):
        return Path(os.environ["LOCALAPPDATA"], "chainrule", "practice.json")
    return Path.home() / ".local" / "state" / "chainrule" / "practice.json"
