"""Options that several commands have, and how an option is declared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .choices import activations, encodings, losses, optimizers, schedules

if TYPE_CHECKING:
    from ..data import Dialect

NETWORK, TRAINING = "The network", "Its training"


def option(
    panel: str,
    help: str,
    *names: str,
    default: str | None = None,
    complete: Callable[[], list[str]] | None = None,
    metavar: str | None = None,
) -> Any:
    """An option in a panel of the help page; `default` says in words what holds without it."""
    return typer.Option(
        *names,
        help=help,
        rich_help_panel=panel,
        metavar=metavar,
        show_default=True if default is None else default,
        autocompletion=None if complete is None else beginning_with(complete),
    )


def beginning_with(names: Callable[[], list[str]]) -> Callable[[str], list[str]]:
    """For Tab: the names that begin like what is typed."""

    def complete(incomplete: str) -> list[str]:
        return [name for name in names() if name.startswith(incomplete)]

    return complete


HIDDEN = 'of the hidden layers: a name or a formula, "z * sigmoid(z)"'
ActivationOption = Annotated[str | None, option(NETWORK, HIDDEN, default="relu", complete=activations)]
BiasOption = Annotated[bool | None, option(NETWORK, "add biases", "--bias/--no-bias", default="bias")]
FITTING = "what goes with --output, or else softmax_cross_entropy; half_mean_squared_error for one output"
LossOption = Annotated[
    str | None, option(TRAINING, "a name, or a formula in p and y", default=FITTING, complete=losses)
]
RateOption = Annotated[float | None, option(TRAINING, "learning rate", default="the optimizer's")]
OutputOption = Annotated[
    str | None, option(NETWORK, "activation of the output", default="what goes with the loss", complete=activations)
]
DropoutOption = Annotated[float, option(NETWORK, "share of the hidden units that are switched off at random")]
BatchNormOption = Annotated[bool, option(NETWORK, "batch norm in the hidden layers", "--batch-norm")]
OptimizerOption = Annotated[str, option(TRAINING, "a name, with settings: momentum:mu=0.95", complete=optimizers)]
ScheduleOption = Annotated[
    str, option(TRAINING, "of the rate: constant, step, exponential, cosine:final=0.1, ...", complete=schedules)
]
READING = "How the file is read"
DelimiterOption = Annotated[
    str | None, option(READING, "what separates cells: , ; tab | or another", default="the most frequent in the header")
]
DecimalOption = Annotated[
    str | None,
    option(READING, "decimals as in 1.5 or as in 1,5", metavar=". OR ,", default="by the cells; . with commas between"),
]
EncodingOption = Annotated[str, option(READING, "utf-8, utf-16, cp1252, gb18030, ...", complete=encodings)]
MissingOption = Annotated[
    str | None,
    option(
        READING, "texts that stand for an empty cell, with commas between: NA,null,?", metavar="TEXTS", default="none"
    ),
]
LibraryOption = Annotated[
    Path | None,
    typer.Option("--library", help="written by chainrule build: nothing is compiled here", metavar="FILE"),
]
L1Option = Annotated[float, option(TRAINING, "strength of the L1 penalty", "--l1")]
L2Option = Annotated[float, option(TRAINING, "strength of the L2 penalty", "--l2")]
ClipNormOption = Annotated[float | None, option(TRAINING, "bound for the length of the gradient")]
ClipDeltaOption = Annotated[float | None, option(TRAINING, "bound for every delta (delta trimming)")]


def dialect_of(delimiter: str | None, decimal: str | None, encoding: str, missing: str | None) -> Dialect:
    """How a file is to be read. DataError: a value that cannot be."""
    from ..data import Dialect

    return Dialect(delimiter, decimal, encoding, tuple(filter(None, (missing or "").split(","))))
