"""A file is checked: `practice check` once, `practice watch` whenever it is saved; with hints and the solution."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..screen import LanguageOption, PlainOption, Screen
from .limits import MemoryOption, SecondsOption

if TYPE_CHECKING:
    from ...practice.exercise import Exercise
    from ...practice.running import Limits
    from ...practice.verdict import Verdict

POLL = 0.3  # seconds between two looks at a file's date
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="the file with your lines", show_default=False)]


def check(
    ctx: typer.Context,
    file: FileArgument,
    hint: Annotated[bool, typer.Option("--hint", help="a hint for what is wrong first; three, one at a time")] = False,
    solution: Annotated[bool, typer.Option("--solution", help="the lines that were asked for")] = False,
    seconds: SecondsOption = 10.0,
    memory: MemoryOption = 2048,
    plain: PlainOption = False,
    lang: LanguageOption = None,
) -> None:
    """Run a file apart, compare it quantity by quantity, and say what is wrong first.

    Exit code 0: all is right; 1: not yet; 2: the file is no exercise.
    """
    from ...practice.running import Limits

    screen = Screen(ctx, plain, lang)
    verdict = checked(screen, file, Limits(seconds, memory), hint, solution)
    if not verdict.passed:
        raise typer.Exit(1)


def checked(screen: Screen, file: Path, limits: Limits, hint: bool = False, solution: bool = False) -> Verdict:
    """One check, shown; on the ladder, what is solved is remembered."""
    from ...practice.checking import check_file
    from ...practice.exercise import exercise_in
    from ...practice.running import read_file
    from ...practice.words import lines_of, printed_lines

    exercise = exercise_in(read_file(file), str(file.name))
    verdict = check_file(exercise, file, limits)
    lines = lines_of(verdict, screen.language, limits)
    screen.paragraph(lines[0], "bold green" if verdict.passed else "bold yellow")
    for line in lines[1:]:
        screen.paragraph(line)
    if verdict.printed:
        screen.line()
        screen.say("practice.printed")
        for line in printed_lines(verdict):
            screen.line(f"  {line}")
    if solution:
        show_solution(screen, exercise)
    elif hint and not verdict.passed:
        show_hint(screen, exercise, verdict)
    elif not verdict.passed:
        screen.line()
        screen.say("practice.next_hint")
        screen.line(f"  chainrule practice check {file} --hint")
    if verdict.passed and not solution:
        remember(screen, exercise)
    return verdict


def show_hint(screen: Screen, exercise: Exercise, verdict: Verdict) -> None:
    """The next of three hints for what is wrong first."""
    from ...practice.hints import STEPS, hint_lines, wanted
    from ...practice.progress import Progress

    quantity = wanted(exercise, verdict)
    progress = Progress.load()
    step = min(progress.hints(exercise.line, quantity.name) + 1, STEPS)
    progress.helped(exercise.line, quantity.name, step).save()
    screen.line()
    for line in hint_lines(exercise, quantity, step, screen.language):
        screen.paragraph(line)


def show_solution(screen: Screen, exercise: Exercise) -> None:
    """The lines that were asked for; where everything was, the whole step."""
    from ...practice.hints import solution_lines
    from ...practice.progress import SOLUTION, Progress

    Progress.load().helped(exercise.line, "", SOLUTION).save()
    screen.line()
    screen.say("practice.solution")
    asked = exercise.asked if exercise.missing else (None,)
    lines = [line for quantity in asked for line in solution_lines(exercise, quantity, screen.language)]
    screen.code("\n".join(f"  {line}".rstrip() for line in lines))


def remember(screen: Screen, exercise: Exercise) -> None:
    """Where the exercise is one of the ladder: when it comes back, and what is next."""
    from ...practice.ladder import LADDER
    from ...practice.progress import Progress

    if not exercise.number:
        return
    rung = LADDER[exercise.number - 1]
    progress = Progress.load().after(rung, exercise.line, date.today())
    progress.save()
    screen.line()
    screen.say("practice.comes_back", date=progress.solved[rung.key].due.isoformat())
    screen.line("  chainrule practice next")


def watch(
    ctx: typer.Context,
    file: FileArgument,
    seconds: SecondsOption = 10.0,
    memory: MemoryOption = 2048,
    plain: PlainOption = False,
    lang: LanguageOption = None,
) -> None:
    """Check a file whenever it is saved, until all is right.

    Ctrl-C ends it.
    """
    from ...data import DataError
    from ...practice.running import Limits

    screen = Screen(ctx, plain, lang)
    limits = Limits(seconds, memory)
    screen.say("practice.watching", file=file)
    seen: tuple[int, int] | None = None
    while True:
        now = state_of(file)
        if now != seen:
            seen = now
            screen.line()
            screen.line(time.strftime("%H:%M:%S"), "dim")
            try:
                if checked(screen, file, limits).passed:
                    return
            except DataError as error:  # half written, or away for a moment, as editors do it
                if now is not None:
                    screen.paragraph(str(error))
        time.sleep(POLL)


def state_of(file: Path) -> tuple[int, int] | None:
    """What changes when a file is saved."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
