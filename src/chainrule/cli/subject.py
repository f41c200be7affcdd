"""What `step`, `explain` and `diagnose` look at: a network, rows to show it, and weights at the start or later."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from .options import TRAINING, option

if TYPE_CHECKING:
    from ..program.steps import Program
    from ..training import Training
    from .screen import Screen

DATA = "The data"
ROWS = 8  # of made-up data
MOST_ITERATIONS = 10_000_000

DataOption = Annotated[
    Path | None,
    option(
        DATA, "a table, CSV or Parquet: a header, then a row a sample", "--data", metavar="FILE",
        default="the founding data",
    ),
]  # fmt: skip
TargetOption = Annotated[
    str | None, option(DATA, "the column to predict", "--target", "-t", metavar="COLUMN", default="none")
]
SeedOption = Annotated[int, option(DATA, "of all that is random: which rows, weights, order", "--seed")]
AfterOption = Annotated[int, option(TRAINING, "make so many iterations first, with all rows in each", "--after")]
EpochsOption = Annotated[int, option(TRAINING, "how often to go through the data", "--epochs")]
BatchSizeOption = Annotated[int | None, option(TRAINING, "rows in a step", "--batch-size", default="all rows")]
ANOTHER = 'another formula for a step: "error2 = (a2 - y)**3"; may be given again'
ReplaceOption = Annotated[list[str] | None, option(TRAINING, ANOTHER, "--replace", metavar="STEP", default="none")]


@dataclass(frozen=True)
class Asked:
    """The options as typed."""

    network: str | None
    data: Path | None
    target: str | None
    activation: str | None
    output: str | None
    loss: str | None
    optimizer: str
    rate: float | None
    replaced: list[str] | None
    seed: int


@dataclass(frozen=True)
class Subject:
    """A program and rows that fit it; `made_up` where no data was given and the founding data does not fit."""

    program: Program
    X: Any
    y: Any
    seed: int
    made_up: bool
    columns: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()

    def trained(self, iterations: int) -> Training:
        """The training after so many iterations with all rows."""
        from ..training import Training

        if not 0 <= iterations <= MOST_ITERATIONS:
            raise ValueError(f"--after {iterations}: a whole number from 0 to {MOST_ITERATIONS:,}")
        run = Training(self.program, self.X, self.y, epochs=iterations, seed=self.seed, dtype="float64", progress=False)
        return run.fit()

    def introduce(self, screen: Screen) -> None:
        screen.line(self.program.title, "bold")
        if self.made_up:
            screen.say("step.made_up", rows=len(self.X), seed=self.seed)
        screen.line()


def subject(asked: Asked) -> Subject:
    """The program and its rows.

    Raises
        ValueError: what does not fit, and what would.
    """
    from ..derivation import derive
    from ..network import Network
    from .choices import optimizer_of
    from .declaring import loss_and_output
    from .network_option import is_file

    if not 0 <= asked.seed < 2**32:
        raise ValueError(f"--seed {asked.seed}: a whole number from 0 to {2**32 - 1}")
    if (asked.data is None) != (asked.target is None):
        raise ValueError("--data FILE and --target COLUMN go together")
    founding = asked.network is None and asked.data is None
    table = None if asked.data is None else Table(asked.data, str(asked.target), asked.seed, asked)
    if asked.network is not None and is_file(asked.network):
        from ..files import read_network

        file = read_network(Path(asked.network))
        network, loss = (
            file.network,
            asked.loss or file.loss or loss_and_output(str(file.network.outputs), None, None)[0],
        )
        optimizer = file.optimizer if file.optimizer is not None else optimizer_of(asked.optimizer, asked.rate)
    else:
        notation = asked.network or ("3-4-1" if table is None else f"{table.inputs}-8-{table.outputs}")
        if table is not None:
            loss, output = table.goal.loss, asked.output or table.goal.output
        else:
            loss, output = loss_and_output(None if founding else notation, asked.loss, asked.output)
        network = Network.parse(
            notation, activation=asked.activation or ("sigmoid" if founding else "relu"), output=output,
            bias=not founding, initial="uniform" if founding else None,
        )  # fmt: skip
        base = (
            asked.rate
            if asked.rate is not None
            else 1.0
            if founding and asked.optimizer == "gradient_descent"
            else None
        )
        optimizer = optimizer_of(asked.optimizer, base)
    program = derive(network, loss, optimizer)
    for text in asked.replaced or ():
        program = program.replace(*assignment(text))
    if table is not None:
        table.check(network)
        columns, classes = table.preparation.feature_names, table.preparation.classes
        return Subject(program, table.X, table.y, asked.seed, False, tuple(columns), tuple(classes))
    if (network.inputs, network.outputs) == (3, 1):
        from .founding import THREE_FOUR_ONE, X

        return Subject(program, X, [[value] for value in THREE_FOUR_ONE.y], asked.seed, made_up=False)
    return Subject(program, *drawn(program, asked.seed), asked.seed, made_up=True)


def assignment(text: str) -> tuple[str, str]:
    """`error2 = (a2 - y)**3` as a name and a formula."""
    name, equals, formula = (part.strip() for part in text.partition("="))
    if not equals or not formula:
        raise ValueError(f'--replace {text[:60]!r}: write a step and its new formula, "error2 = (a2 - y)**3"')
    return name, formula


class Table:
    """Rows of a file, prepared as `train` prepares them."""

    def __init__(self, file: Path, target: str, seed: int, asked: Asked) -> None:
        from ..data import Preparation, find_roles, read_table
        from ..tables.goal import Goal

        table = read_table(file)
        roles = find_roles(table, target, "auto")
        self.preparation = Preparation.fit(table, roles)
        self.goal = Goal.find(roles, asked.loss, asked.output)
        self.goal.check(table)
        self.file, self.inputs, self.outputs = file, self.preparation.width, self.goal.outputs(self.preparation)
        self.X, self.y = self.preparation.transform(table), self.goal.targets(self.preparation, table)

    def check(self, network: Any) -> None:
        if (network.inputs, network.outputs) != (self.inputs, self.outputs):
            raise ValueError(
                f"{self.file} makes {self.inputs} inputs and {self.outputs} outputs, but {network.notation} has "
                f"{network.inputs} and {network.outputs}; {self.inputs}-8-{self.outputs} would fit"
            )


def drawn(program: Program, seed: int) -> tuple[Any, Any]:
    """A few rows by chance, with targets as the loss needs them."""
    import numpy as np

    random = np.random.RandomState(seed)
    inputs, outputs = (int(program.inputs[name][1]) for name in ("X", "y"))
    X = random.standard_normal((ROWS, inputs))
    if program.declaration.loss.target == "probabilities" or program.declaration.loss.name.endswith("cross_entropy"):
        labels = np.arange(ROWS) % max(2, outputs)
        return X, (np.eye(outputs)[labels] if outputs > 1 else labels[:, None].astype(float))
    return X, np.abs(random.standard_normal((ROWS, outputs))) % 1


__all__ = ["Asked", "Subject", "assignment", "subject"]
