"""`chainrule practice`: exercises as files, a checker, a ladder with progress, and grading for teachers."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from .declaring import OTHERS, declared_program
from .options import (
    ActivationOption,
    BatchNormOption,
    BiasOption,
    ClipDeltaOption,
    ClipNormOption,
    DropoutOption,
    L1Option,
    L2Option,
    LossOption,
    OptimizerOption,
    OutputOption,
    RateOption,
    ScheduleOption,
    option,
)
from .page import CommandPage, Words, paragraphs
from .screen import LanguageOption, PlainOption, Screen

if TYPE_CHECKING:
    from ..practice.exercise import Exercise
    from ..practice.running import Limits
    from ..practice.verdict import Verdict

WHAT, BOUNDS = "What is asked", "What a file may take"
POLL = 0.3  # seconds between two looks at a file's date

SecondsOption = Annotated[float, option(BOUNDS, "seconds until a file is stopped")]
MemoryOption = Annotated[int, option(BOUNDS, "megabytes of memory")]


class Group(TyperGroup):
    """`practice check`, `practice next`, ...; what is no command is a network or a number: `practice 3-4-1`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ("--help", "-h")):
            args = ["new", *args]
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        write = Words(ctx, formatter)
        for paragraph in paragraphs(self.help):
            write.paragraph(paragraph)
        write.usage(f"{ctx.command_path} [NETWORK] | COMMAND [OPTIONS]")
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        write.rows("Commands", [(name, write.told(paragraphs(found.help)[0])) for name, found in commands if found])


practice = typer.Typer(
    name="practice",
    cls=Group,
    rich_markup_mode="rich",
    help="Rebuild a training step from memory; checked quantity by quantity.",
    context_settings={"help_option_names": ["--help", "-h"]},
)


@practice.command(cls=CommandPage)
def new(
    ctx: typer.Context,
    network: Annotated[
        str | None,
        typer.Argument(
            metavar="NETWORK",
            help="inputs-units-...-outputs, a network file (JSON), or the number of an exercise of the ladder",
            show_default=False,
        ),
    ] = None,
    level: Annotated[
        str, option(WHAT, "one: a single blank; backward: the backward phase; all: everything but the signature")
    ] = "backward",
    missing: Annotated[str | None, option(WHAT, "the names to write, instead of a level: delta1,dW1")] = None,
    seed: Annotated[int, option(WHAT, "of the data: another for every student")] = 0,
    output_file: Annotated[Path | None, option(WHAT, "write it to a file", "-o", metavar="FILE")] = None,
    activation: ActivationOption = None,
    output: OutputOption = None,
    bias: BiasOption = None,
    batch_norm: BatchNormOption = False,
    dropout: DropoutOption = 0.0,
    loss: LossOption = None,
    optimizer: OptimizerOption = "gradient_descent",
    rate: RateOption = None,
    schedule: ScheduleOption = "constant",
    l1: L1Option = 0.0,
    l2: L2Option = 0.0,
    clip_norm: ClipNormOption = None,
    clip_delta: ClipDeltaOption = None,
    plain: PlainOption = False,
    lang: LanguageOption = None,
) -> None:
    """Write an exercise: the emitted step with lines left open, what is asked, and the data.

    Without NETWORK: the ladder, and how far you are.
    """
    screen = Screen(ctx, plain, lang)
    if network is None:
        show_ladder(screen)
        return
    from ..practice.exercise import Exercise, names_from
    from ..practice.ladder import LADDER

    if network.isdecimal() and network.isascii():
        if not 1 <= int(network[:9]) <= len(LADDER):
            raise ValueError(f"{network[:20]}: the ladder has the exercises 1 to {len(LADDER)}")
        exercise = LADDER[int(network) - 1].exercise(seed)
    else:
        declaration = declared_program(
            ctx, network, OTHERS, activation=activation, output=output, bias=bias, batch_norm=batch_norm,
            dropout=dropout, loss=loss, optimizer=optimizer, rate=rate, schedule=schedule, l1=l1, l2=l2,
            clip_norm=clip_norm, clip_delta=clip_delta,
        ).declaration  # fmt: skip
        if missing is not None:
            exercise = Exercise(declaration, names_from(missing), seed)
        else:
            exercise = Exercise.of_level(declaration, level, seed)
    write(screen, exercise, output_file)


def write(screen: Screen, exercise: Exercise, output: Path | None) -> Path:
    """The exercise as a file of its own; nothing that is there is written over."""
    from ..practice.sheet import sheet, title_of

    path = output or free_name(exercise)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(sheet(exercise, path.name, screen.language))
    except FileExistsError:
        raise ValueError(f"{path} is there already, perhaps with your work in it; choose another name for -o") from None
    screen.title(title_of(exercise, screen.language))
    screen.line()
    screen.say("practice.written", file=path)
    screen.line(f"  chainrule practice check {path}")
    return path


def free_name(exercise: Exercise) -> Path:
    """`exercise-07.py`, or where that is taken `exercise-07-2.py`."""
    name = f"exercise-{exercise.number:02}" if exercise.number else f"practice-{exercise.declaration.network.notation}"
    count, path = 1, Path(f"{name}.py")
    while path.exists() or path.is_symlink():
        count += 1
        path = Path(f"{name}-{count}.py")
    return path


@practice.command(cls=CommandPage)
def check(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="the file with your lines", show_default=False)],
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
    from ..practice.running import Limits

    screen = Screen(ctx, plain, lang)
    verdict = checked(screen, file, Limits(seconds, memory), hint, solution)
    if not verdict.passed:
        raise typer.Exit(1)


def checked(screen: Screen, file: Path, limits: Limits, hint: bool = False, solution: bool = False) -> Verdict:
    """One check, shown; on the ladder, what is solved is remembered."""
    from ..practice.checking import check_file
    from ..practice.exercise import exercise_in
    from ..practice.running import read_file
    from ..practice.words import lines_of, printed_lines

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
        show_solution(screen, exercise, verdict)
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
    from ..practice.hints import STEPS, hint_lines, wanted
    from ..practice.progress import Progress

    quantity = wanted(exercise, verdict)
    progress = Progress.load()
    step = min(progress.hints(exercise.line, quantity.name) + 1, STEPS)
    progress.helped(exercise.line, quantity.name, step).save()
    screen.line()
    for line in hint_lines(exercise, quantity, step, screen.language):
        screen.paragraph(line)


def show_solution(screen: Screen, exercise: Exercise, verdict: Verdict) -> None:
    """The lines that were asked for; where everything was, the whole step."""
    from ..practice.hints import solution_lines
    from ..practice.progress import SOLUTION, Progress

    Progress.load().helped(exercise.line, "", SOLUTION).save()
    screen.line()
    screen.say("practice.solution")
    asked = exercise.asked if exercise.missing else (None,)
    lines = [line for quantity in asked for line in solution_lines(exercise, quantity, screen.language)]
    screen.code("\n".join(f"  {line}".rstrip() for line in lines))


def remember(screen: Screen, exercise: Exercise) -> None:
    """Where the exercise is one of the ladder: when it comes back, and what is next."""
    from ..practice.ladder import LADDER
    from ..practice.progress import Progress

    if not exercise.number:
        return
    rung = LADDER[exercise.number - 1]
    progress = Progress.load().after(rung, exercise.line, date.today())
    progress.save()
    screen.line()
    screen.say("practice.comes_back", date=progress.solved[rung.key].due.isoformat())
    screen.line("  chainrule practice next")


@practice.command(cls=CommandPage)
def watch(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="the file with your lines", show_default=False)],
    seconds: SecondsOption = 10.0,
    memory: MemoryOption = 2048,
    plain: PlainOption = False,
    lang: LanguageOption = None,
) -> None:
    """Check a file whenever it is saved, until all is right.

    Ctrl-C ends it.
    """
    from ..data import DataError
    from ..practice.running import Limits

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


@practice.command("next", cls=CommandPage)
def next_(
    ctx: typer.Context,
    output_file: Annotated[Path | None, option(WHAT, "write it to a file", "-o", metavar="FILE")] = None,
    plain: PlainOption = False,
    lang: LanguageOption = None,
) -> None:
    """Write the next exercise of the ladder: what is due again, else the first not yet solved."""
    from ..practice.progress import Progress

    screen = Screen(ctx, plain, lang)
    progress, today = Progress.load(), date.today()
    rung = progress.next(today)
    if rung is None:
        first, due = progress.soonest()
        screen.say("practice.all_rest", date=due.isoformat(), exercise=first.number)
        return
    times = progress.solved[rung.key].times if rung.key in progress.solved else 0
    if times:
        screen.say("practice.again")
    write(screen, rung.exercise(seed=times), output_file)


@practice.command(cls=CommandPage)
def ladder(ctx: typer.Context, plain: PlainOption = False, lang: LanguageOption = None) -> None:
    """The fifteen exercises, what you have solved, and when it comes back."""
    show_ladder(Screen(ctx, plain, lang))


def show_ladder(screen: Screen) -> None:
    from ..practice.ladder import LADDER
    from ..practice.progress import Progress

    progress, today = Progress.load(), date.today()
    upcoming = progress.next(today)
    rows = []
    for rung in LADDER:
        solved = progress.solved.get(rung.key)
        if solved is None:
            state = ""
        elif solved.due <= today:
            state = screen.text("practice.due_today")
        else:
            state = screen.text("practice.due_later", date=solved.due.isoformat())
        mark = screen.symbol("→", ">") if rung is upcoming else screen.symbol("✓", "x") if solved else ""
        rows.append([f"{mark or ' '} {rung.number:2}", screen.text(f"practice.rung_{rung.key}"), state])
    screen.title(screen.text("practice.ladder"))
    screen.line()
    screen.table(["", "", ""], rows, left=3)
    screen.line()
    screen.say("practice.ladder_use")
    screen.line("  chainrule practice next")
    screen.line("  chainrule practice 7")
    screen.line("  chainrule practice 3-4-1 --level all")


@practice.command(cls=CommandPage)
def grade(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="a folder of files handed in", show_default=False)],
    csv: Annotated[
        Path | None, typer.Option("--csv", help="write the scores to a file", metavar="FILE", show_default=False)
    ] = None,
    seconds: SecondsOption = 10.0,
    memory: MemoryOption = 2048,
    plain: PlainOption = False,
    lang: LanguageOption = None,
) -> None:
    """Check every file of a folder, and write the scores as CSV.

    Each file runs with your rights, bounded in time and memory but not walled off: grade what you would also open.
    Files that use chainrule itself, start programs or use the network are flagged.
    """
    from ..files import check_target, replace_file
    from ..practice.grading import as_csv, compared, flags_in_words
    from ..practice.grading import grade as grade_files
    from ..practice.running import Limits

    screen = Screen(ctx, plain, lang)
    limits = Limits(seconds, memory)
    if csv is not None:
        check_target(csv, "--csv")
    found = []
    with screen.progress() as bar:
        task = bar.add_task("", total=None)
        for one in grade_files(folder, limits):
            found.append(one)
            bar.update(task, advance=1)
    found = compared(found)
    if csv is not None:
        replace_file(csv, as_csv(found, screen.language, limits).encode())
    rows = []
    for one in found:
        row = one.row(screen.language, limits)
        wrong = row[7] or row[8]
        rows.append([row[0][:40], row[1][:20], f"{row[4]}/{row[5]}", wrong, flags_in_words(one.flags, screen.language)])
    head = [screen.text(f"practice.grade_{name}") for name in ("file", "exercise", "right", "first", "flags")]
    screen.table(head, [[safe(cell) for cell in row] for row in rows], left=5)
    if csv is not None:
        screen.line()
        screen.say("practice.graded", count=len(found), file=csv)


def safe(cell: str) -> str:
    from ..data import printable

    return printable(cell, 60)
