"""`chainrule compare`: why not emphasise the error? The experiments of question 3, for anyone to run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .choices import engines
from .options import option
from .screen import LanguageOption, PlainOption, Screen
from .subject import assignment

if TYPE_CHECKING:
    from ..observe.comparison import Comparison
    from ..observe.experiments import Turn

WHAT, SHOWN = "What is compared", "What is shown"
USUAL_SEEDS = 5
EXPERIMENTS = ("loss", "far", "depth")


def compare(
    ctx: typer.Context,
    experiment: Annotated[
        str,
        typer.Argument(
            metavar="EXPERIMENT", help="loss, far or depth: what to do with the error, from z = -10, 2 to 10 layers"
        ),
    ] = "loss",
    seeds: Annotated[int, option(WHAT, "runs of each program, with seeds 1, 2, 3, ...")] = USUAL_SEEDS,
    iterations: Annotated[int | None, option(WHAT, "updates in each run", default="1000; 300 for depth")] = None,
    replace: Annotated[
        list[str] | None,
        option(
            WHAT,
            'one more program: "error2 = tanh(a2 - y)"; may be given again',
            "--replace",
            metavar="STEP",
            default="none",
        ),
    ] = None,
    activation: Annotated[
        list[str] | None,
        option(
            WHAT, "for depth: one more activation or formula in z; may be given again", "--activation", default="none"
        ),
    ] = None,
    engine: Annotated[str, option(WHAT, "auto, numpy, c", complete=engines)] = "auto",
    picture: Annotated[
        Path | None,
        option(
            SHOWN,
            "draw loss, slope and gradient norm per layer, with matplotlib",
            "--plot",
            metavar="OUT.svg, .png or .pdf",
        ),
    ] = None,
    dark: Annotated[bool, option(SHOWN, "the picture, light on dark", "--dark")] = False,
    plain: PlainOption = False,
    lang: LanguageOption = None,
) -> None:
    """Compare programs: why not cube the error, or drop the slope?

    Same seeds and same batches for all: median and interval over the seeds, slope and gradient norm per layer.
    """
    from ..observe import experiments

    screen = Screen(ctx, plain, lang)
    if experiment not in EXPERIMENTS:
        raise ValueError(f"unknown experiment '{experiment}'; known: {', '.join(EXPERIMENTS)}")
    if not 1 <= seeds <= 1000:
        raise ValueError(f"--seeds {seeds}: from 1 to 1,000")
    if iterations is not None and iterations < 1:
        raise ValueError(f"--iterations {iterations}: at least 1")
    if replace and experiment != "loss":
        raise ValueError("--replace goes with the experiment loss")
    if activation and experiment != "depth":
        raise ValueError("--activation goes with the experiment depth")
    if picture is not None:
        from .pictures import check_picture

        check_picture(picture)
    found: Comparison | dict[str, Any]
    if experiment == "far":
        turns = experiments.far_turns(most=iterations or experiments.FAR_STEPS, engine=engine)
        far(screen, turns)
        found = {turn.name: turn.losses for turn in turns}
    elif experiment == "loss":
        more = {}
        for text in replace or ():
            name, formula = assignment(text)
            more[text] = experiments.founding().replace(name, formula)
        found = experiments.compare_losses(seeds, iterations or 1000, engine, more)
        show(screen, found, "compare.about_loss")
    else:
        chosen = ["sigmoid", "relu", *(activation or ["z * sigmoid(z)"])]
        kind = "numpy" if engine == "auto" else engine
        found = experiments.compare_depths(seeds, iterations or 300, chosen, kind)
        show(screen, found, "compare.about_depth")
    if picture is not None:
        from .pictures import save_picture

        save_picture(screen, found, picture, dark)


def show(screen: Screen, found: Comparison, about: str) -> None:
    header, rows = found.rows(screen.language)
    screen.table(header, rows)
    screen.line()
    screen.paragraph(found.summary(screen.language))
    screen.say(about)


def far(screen: Screen, turns: tuple[Turn, ...]) -> None:
    rows = []
    for turn in turns:
        never = screen.text("compare.never", most=len(turn.losses))
        steps = never if turn.steps is None else screen.number(turn.steps)
        rows.append([turn.name, turn.goal, f"{turn.slope:.2g}", steps])
    header = [screen.text(f"compare.{key}") for key in ("case", "goal", "first_slope", "updates")]
    screen.table(header, rows, left=2)
    screen.line()
    screen.say("compare.about_far")
