"""`chainrule diagnose`: train, watch, and say what is wrong, where, since when, and what to do."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from .options import (
    TRAINING,
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
    Asked,
    BatchSizeOption,
    DataOption,
    EpochsOption,
    ReplaceOption,
    SeedOption,
    TargetOption,
    subject,
)

if TYPE_CHECKING:
    from ..observe import Diagnosis
    from ..training import Training


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
    epochs: EpochsOption = 1000,
    batch_size: BatchSizeOption = None,
    replace: ReplaceOption = None,
    apply: Annotated[
        bool, option(TRAINING, "apply the remedy of the first verdict, train again, and say what it changed", "--apply")
    ] = False,
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
    if apply and replace:
        raise ValueError("--apply trains the declared network: it does not go with --replace")
    run = Training(
        found.program, found.X, found.y, epochs=epochs, batch_size=batch_size, seed=seed, dtype="float64",
        callbacks=[Observer(every=max(1, epochs // 100))], progress=False if screen.plain else None,
    )  # fmt: skip
    found.introduce(screen)
    with suppress(Diverged):
        run.fit()
    told = show(screen, run)
    if apply:
        again(screen, run, told)


def show(screen: Screen, run: Training) -> Diagnosis:
    found: Diagnosis = run.diagnose()
    for line in found.text(screen.language).split("\n"):
        screen.paragraph(line)
    return found


def again(screen: Screen, run: Training, found: Diagnosis) -> None:
    """The same training with the first remedy applied, and what has become of the loss."""
    from ..training import Diverged

    screen.line()
    if not found.faults:
        screen.say("diagnose.nothing_to_apply")
        return
    verdict = found.faults[0]
    other = verdict.rerun()
    screen.say("diagnose.applied", style="bold")
    screen.paragraph(f"    {verdict.remedy(screen.language)}")
    if other.program.title != run.program.title:
        screen.line(f"    {other.program.title}")
    screen.line()
    with suppress(Diverged):
        other.fit()
    show(screen, other)
    screen.line()
    if other.program.declaration.loss == run.program.declaration.loss:
        courses = (run.history["loss"], other.history["loss"])
        before, after = (f"{course[-1]:.3g}" if course else "-" for course in courses)
        screen.say("diagnose.loss_changed", before=before, after=after)
