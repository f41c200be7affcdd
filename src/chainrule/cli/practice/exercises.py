"""Exercises are written: `practice NETWORK`, `practice next`, and the ladder they stand on."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..declaring import OTHERS, declared_program
from ..options import (
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
from ..screen import LanguageOption, PlainOption, Screen

if TYPE_CHECKING:
    from ...practice.exercise import Exercise

WHAT = "What is asked"
OutputFileOption = Annotated[Path | None, option(WHAT, "write it to a file", "-o", metavar="FILE")]


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
    output_file: OutputFileOption = None,
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
    from ...practice.exercise import Exercise, names_from
    from ...practice.ladder import LADDER

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
    from ...practice.sheet import sheet, title_of

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


def next_(
    ctx: typer.Context,
    output_file: OutputFileOption = None,
    plain: PlainOption = False,
    lang: LanguageOption = None,
) -> None:
    """Write the next exercise of the ladder: what is due again, else the first not yet solved."""
    from ...practice.progress import Progress

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


def ladder(ctx: typer.Context, plain: PlainOption = False, lang: LanguageOption = None) -> None:
    """The fifteen exercises, what you have solved, and when it comes back."""
    show_ladder(Screen(ctx, plain, lang))


def show_ladder(screen: Screen) -> None:
    from ...practice.ladder import LADDER
    from ...practice.progress import Progress

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
