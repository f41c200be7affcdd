"""A folder of files, checked one after another, and the scores as CSV. Nothing leaves the machine."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ..data import DataError, shown_path
from ..messages import say
from .checking import check_file
from .exercise import Exercise, exercise_in
from .running import Limits, read_file
from .verdict import Verdict
from .words import lines_of

MOST_FILES = 10_000
COLUMNS = ("file", "exercise", "seed", "passed", "right", "of", "score", "first_wrong", "reason", "flags", "remark")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")  # what a spreadsheet may take for the start of a formula


@dataclass(frozen=True)
class Grade:
    """One file; `refused` says why nothing could be checked."""

    file: str
    exercise: Exercise | None = None
    verdict: Verdict | None = None
    flags: tuple[str, ...] = ()
    refused: str = ""

    def row(self, language: str = "en", limits: Limits | None = None) -> list[str]:
        """Its cells, in the order of COLUMNS."""
        exercise, verdict = self.exercise, self.verdict
        if exercise is None or verdict is None:
            return [self.file, "", "", "no", "0", "", "0", "", "refused", " ".join(self.flags), self.refused]
        reason = verdict.reason.key if verdict.reason else verdict.problem
        cells = [self.file, label(exercise), str(exercise.seed), "yes" if verdict.passed else "no"]
        cells += [str(verdict.right), str(len(exercise.asked)), f"{verdict.score:.2f}"]
        cells += ["" if verdict.passed or verdict.first is None else verdict.first.name, reason]
        remark = " ".join(lines_of(verdict, language, limits)[:2])
        return [*cells, " ".join(self.flags), remark]


def label(exercise: Exercise) -> str:
    """What was set, in a word: the number on the ladder, or the network and what is missing."""
    if exercise.number:
        return str(exercise.number)
    return f"{exercise.declaration.network.notation} {' '.join(exercise.missing) or 'all'}"


def files_in(folder: Path) -> list[Path]:
    """The Python files in a folder and the folders in it, one deep, in order.  DataError: no folder, no file."""
    if not folder.is_dir():
        raise DataError(f"{shown_path(folder)}: there is no such folder")
    found = sorted([*folder.glob("*.py"), *folder.glob("*/*.py")])
    if not found:
        raise DataError(f"{shown_path(folder)} holds no Python file (*.py), nor do the folders in it")
    if len(found) > MOST_FILES:
        raise DataError(f"{shown_path(folder)} holds {len(found):,} Python files; at most {MOST_FILES:,} are graded")
    return found


def grade(folder: Path, limits: Limits) -> Iterator[Grade]:
    """Every file in turn; one that cannot be checked does not stop the others."""
    for path in files_in(folder):
        name = str(path.relative_to(folder))
        try:
            exercise = exercise_in(read_file(path), name)
            verdict = check_file(exercise, path, limits)
            yield Grade(name, exercise, verdict, verdict.flags)
        except (ValueError, ArithmeticError, OSError, MemoryError) as error:
            yield Grade(name, refused=" ".join(str(error).split())[:300])


def compared(grades: list[Grade]) -> list[Grade]:
    """With the flag `exercise` where a file is about another exercise than most are."""
    asked = Counter(label(g.exercise) for g in grades if g.exercise is not None)
    usual = asked.most_common(1)[0][0] if asked else ""
    return [
        replace(g, flags=(*g.flags, "exercise")) if g.exercise is not None and label(g.exercise) != usual else g
        for g in grades
    ]


def as_csv(grades: list[Grade], language: str = "en", limits: Limits | None = None) -> str:
    """The scores as CSV, safe to open in a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in grades:
        writer.writerow([harmless(cell) for cell in one.row(language, limits)])
    return text.getvalue()


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula, and no terminal for a command."""
    cell = "".join(c if c.isprintable() else " " for c in cell)
    return f"'{cell}" if cell.lstrip().startswith(FORMULA) else cell


def flags_in_words(flags: tuple[str, ...], language: str) -> str:
    return ", ".join(say(f"practice.flag_{flag}", language) for flag in flags)
