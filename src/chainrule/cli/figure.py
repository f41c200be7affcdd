"""`chainrule figure`: one live figure as a page of its own, to open or to embed."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Annotated

import typer

from .options import (
    TRAINING,
    ActivationOption,
    LossOption,
    OptimizerOption,
    RateOption,
    beginning_with,
    option,
)
from .screen import LanguageOption, PlainOption, Screen
from .subject import Asked, BatchSizeOption, DataOption, SeedOption, TargetOption, subject

FOUNDING = "3-4-1"
HEIGHT = 900  # of the frame in a page, in pixels


def figures() -> list[str]:
    from ..lab.given import FIGURES

    return list(FIGURES)


FigureArgument = Annotated[
    str,
    typer.Argument(
        metavar="FIGURE", help="slope, program, error-slope, health, correlation or descent", show_default=False,
        autocompletion=beginning_with(figures),
    ),
]  # fmt: skip
NetworkArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="NETWORK",
        help="inputs-units-...-outputs, as in 2-8-1, or a network file (JSON); without it, or as 3-4-1 alone, the "
        "network with which it all began",
        show_default=False,
    ),
]


def figure(
    ctx: typer.Context,
    name: FigureArgument,
    network: NetworkArgument = None,
    output_file: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="write it to a file", metavar="OUT.html", show_default="FIGURE.html"),
    ] = None,
    data: DataOption = None,
    target: TargetOption = None,
    seed: SeedOption = 1,
    activation: ActivationOption = None,
    output: Annotated[
        str | None, option("The network", "activation of the output", "--output-activation",
                           default="what goes with the loss")
    ] = None,
    loss: LossOption = None,
    optimizer: OptimizerOption = "gradient_descent",
    rate: RateOption = None,
    epochs: Annotated[int, option(TRAINING, "how often to go through the data before it is looked at", "--epochs")] = 0,
    batch_size: BatchSizeOption = None,
    plain: PlainOption = False,
    lang: LanguageOption = None,
) -> None:  # fmt: skip
    """One live figure as a page that trains by itself.

    It opens offline and is below 60 kB as a server sends it. The line that embeds it in a page of your own is printed.
    """
    import numpy as np

    from ..data import printable
    from ..files import write_file
    from ..lab.given import MOST_EPOCHS, Given, compressed, figure_named, given_page
    from ..training.batches import check_batch_size
    from .report import check_page

    screen = Screen(ctx, plain, lang)
    figure_named(name)
    path = Path(f"{name}.html") if output_file is None else output_file
    check_page(path, "--output")
    if not 0 <= epochs <= MOST_EPOCHS:
        raise ValueError(f"--epochs {epochs}: a whole number from 0 to {MOST_EPOCHS:,}")
    bare = network == FOUNDING and all(given is None for given in (data, activation, output, loss))
    asked = Asked(
        None if bare else network, data, target, activation, output, loss, optimizer, rate, None, seed
    )
    found = subject(asked)
    X, y = np.array(found.X, dtype=np.float64), np.array(found.y, dtype=np.float64)
    given = Given(
        found.program, X, y, columns=found.columns, classes=found.classes, seed=seed, after=epochs,
        batch=None if batch_size is None else check_batch_size(batch_size, len(X)),
    )  # fmt: skip
    page = given_page(given, screen.language, name)
    write_file(path, page.encode(), path.with_name(path.name + ".new"))
    if found.made_up:
        screen.say("step.made_up", rows=len(X), seed=seed)
    shown = printable(str(path), 200)
    screen.say("figure.written", path=shown, size=f"{compressed(page) / 1000:.0f}")
    screen.line()
    title, address = escape(found.program.title, quote=True), escape(path.name, quote=True)
    screen.line(f'<iframe src="{address}" title="{title}" width="100%" height="{HEIGHT}" loading="lazy"></iframe>')


__all__ = ["figure"]
