"""`chainrule landscape`: the loss of a network over two of its weights, or from the start of a training to its end."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from .blocks import show
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
    Asked,
    BatchSizeOption,
    DataOption,
    EpochsOption,
    ReplaceOption,
    SeedOption,
    TargetOption,
    subject,
)

SHOWN = "What is shown"
TWO = 'a weight to go along, "W1[0,2]"; give two'


def landscape(
    ctx: typer.Context,
    network: NetworkArgument = None,
    weight: Annotated[
        list[str] | None, option(SHOWN, TWO, "--weight", metavar="WEIGHT", default="the two that moved most")
    ] = None,
    line: Annotated[
        bool, option(SHOWN, "go along the straight line from the first weights to the last", "--line")
    ] = False,
    points: Annotated[int, option(SHOWN, "places along each axis", "--points")] = 41,
    picture: Annotated[
        Path | None,
        option(SHOWN, "draw it into a file, with matplotlib", "--plot", metavar="OUT.svg, .png or .pdf"),
    ] = None,
    dark: Annotated[bool, option(SHOWN, "the picture, light on dark", "--dark")] = False,
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
    plain: PlainOption = False,
    lang: LanguageOption = None,
) -> None:
    """Train, and see the loss as a landscape, with the way that the training went.

    Over two weights, or along the line from start to end: a slice, with all other weights as they are at the end.
    """
    from ..observe.landscape import WeightHistory
    from ..observe.landscape import landscape as computed
    from ..observe.slices import blocks
    from ..training import Diverged, Training

    screen = Screen(ctx, plain, lang)
    if line and weight:
        raise ValueError("--line goes along all weights at once: it does not go with --weight")
    if weight and len(weight) != 2:
        raise ValueError(f"--weight: two are needed, {len(weight)} given: --weight 'W1[0,2]' --weight 'W2[1,0]'")
    if epochs < 1:
        raise ValueError(f"--epochs {epochs}: at least 1")
    if picture is not None:
        from .pictures import check_picture

        check_picture(picture)
    found = subject(Asked(network, data, target, activation, output, loss, optimizer, rate, replace, seed))
    run = Training(
        found.program, found.X, found.y, epochs=epochs, batch_size=batch_size, seed=seed, dtype="float64",
        callbacks=[WeightHistory()], progress=False if screen.plain else None,
    )  # fmt: skip
    found.introduce(screen)
    with suppress(Diverged):
        run.fit()
    made = computed(run, "line" if line else weight, points)
    show(screen, blocks(made, screen.language))
    if picture is not None:
        from .pictures import save_picture

        save_picture(screen, made, picture, dark)
