"""`chainrule explain`: why one weight moves, as one sample sees it: the chain rule with its numbers."""

from __future__ import annotations

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
from .step import NetworkArgument
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


def explain(
    ctx: typer.Context,
    network: NetworkArgument = None,
    weight: Annotated[
        str, option(DATA, "a weight or bias by its place, counted from 0: W1[0,2], b1[2]", "--weight", "-w")
    ] = "W1[0,0]",
    sample: Annotated[int, option(DATA, "one row, counted from 0")] = 2,
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
    """Explain why one weight moves: the chain rule with its numbers.

    Input x delta, delta as error x slope, error as the sum over the next layer, down to the loss.
    """
    from ..observe import explain as explained

    screen = Screen(ctx, plain, lang)
    asked = Asked(network, data, target, activation, output, loss, optimizer, rate, replace, seed)
    found = subject(asked)
    run = found.trained(after)
    story = explained(
        found.program, found.X, found.y, run.parameters, weight=weight, sample=sample, state=run.state, t=run.t + 1
    )  # fmt: skip
    found.introduce(screen)
    for line in story.text(screen.language).split("\n"):
        if line.startswith("  "):
            screen.line(line)
        else:
            screen.paragraph(line)
