"""`chainrule diagnose`: train, watch, and say what is wrong, where, since when, and what to do."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated

import typer

from .options import TRAINING, OptimizerOption, OutputOption, option
from .screen import LanguageOption, PlainOption, Screen
from .step import NetworkArgument
from .subject import (
    ActivationOption,
    Asked,
    DataOption,
    LossOption,
    RateOption,
    ReplaceOption,
    SeedOption,
    TargetOption,
    subject,
)


def diagnose(
    ctx: typer.Context,
    network: NetworkArgument = None,
    data: DataOption = None,
    target: TargetOption = None,
    seed: SeedOption = 1,
    activation: ActivationOption = None,
    output: OutputOption = None,
    loss: LossOption = None,
    optimizer: OptimizerOption = "gradient_descent",
    rate: RateOption = None,
    epochs: Annotated[int, option(TRAINING, "how often to go through the data", "--epochs")] = 1000,
    batch_size: Annotated[int | None, option(TRAINING, "rows in a step", "--batch-size", default="all rows")] = None,
    replace: ReplaceOption = None,
    plain: PlainOption = False,
    lang: LanguageOption = None,
) -> None:
    """Train, watch, and say what is wrong and what to do about it.

    Then how ready each unit is to learn: stuck, finished, improvable, or still undecided.
    """
    from ..observe import Observer
    from ..training import Diverged, Training

    screen = Screen(ctx, plain, lang)
    asked = Asked(network, data, target, activation, output, loss, optimizer, rate, replace, seed)
    found = subject(asked)
    if epochs < 1:
        raise ValueError(f"--epochs {epochs}: at least 1")
    run = Training(
        found.program, found.X, found.y, epochs=epochs, batch_size=batch_size, seed=seed, dtype="float64",
        callbacks=[Observer(every=max(1, epochs // 100))], progress=False if screen.plain else None,
    )  # fmt: skip
    found.introduce(screen)
    with suppress(Diverged):
        run.fit()
    for line in run.diagnose().text(screen.language).split("\n"):
        screen.paragraph(line)
