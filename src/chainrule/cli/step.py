"""`chainrule step`: a training step, statement by statement, with its shapes and numbers."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from .options import (
    ActivationOption,
    LossOption,
    OptimizerOption,
    OutputOption,
    RateOption,
    option,
)
from .screen import LanguageOption, PlainOption, Screen
from .subject import (
    DATA,
    AfterOption,
    Asked,
    DataOption,
    ReplaceOption,
    SeedOption,
    TargetOption,
    subject,
)

NetworkArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="NETWORK",
        help="inputs-units-...-outputs, as in 784-128-10, or a network file (JSON); "
        "without it the network with which it all began",
        show_default=False,
    ),
]


def step(
    ctx: typer.Context,
    network: NetworkArgument = None,
    sample: Annotated[int | None, option(DATA, "one row, counted from 0", default="all rows")] = None,
    data: DataOption = None,
    target: TargetOption = None,
    seed: SeedOption = 1,
    activation: ActivationOption = None,
    output: OutputOption = None,
    loss: LossOption = None,
    optimizer: OptimizerOption = "gradient_descent",
    rate: RateOption = None,
    after: AfterOption = 0,
    replace: ReplaceOption = None,
    plain: PlainOption = False,
    lang: LanguageOption = None,
) -> None:
    """Go through one training step, statement by statement.

    On a terminal it waits after each: Enter goes on, a shows all the rest, q ends.
    """
    from ..observe import step_through

    screen = Screen(ctx, plain, lang)
    asked = Asked(network, data, target, activation, output, loss, optimizer, rate, replace, seed)
    found = subject(asked)
    X, y = found.X, found.y
    if sample is not None:
        if not 0 <= sample < len(X):
            raise ValueError(f"--sample {sample}: there are {len(X)} rows, counted from 0")
        X, y = X[sample : sample + 1], y[sample : sample + 1]
    run = found.trained(after)
    found.introduce(screen)
    stops = step_through(found.program, X, y, run.parameters, state=run.state, t=run.t + 1)
    waits = not screen.plain and sys.stdin.isatty()
    for phase, text in stops.listing(screen.language):
        if phase:
            screen.title(phase)
            screen.line()
        head, *rest = text.split("\n")
        screen.line(head, "bold")
        for line in rest:
            screen.line(line, "dim" if line.startswith("    #") else "")
        screen.line()
        if waits:
            answer = typer.prompt(screen.text("step.prompt"), default="", show_default=False).strip().lower()
            if answer.startswith("q"):
                return
            waits = not answer.startswith("a")
