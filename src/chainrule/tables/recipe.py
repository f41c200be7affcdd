"""What is trained on a table, and how: whatever is not said is chosen by the rules of `Defaults`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from ..data import Preparation, Table
from ..derivation import derive, retuned
from ..engines.engine import Array, Engine
from ..files import NetworkFile
from ..formulas.layers import Dense
from ..formulas.optimizers import Optimizer
from ..formulas.penalties import Penalty
from ..formulas.schedules import Schedule
from ..network import Network
from ..program.steps import Program
from ..training import Callback, EarlyStopping, Training
from .defaults import Defaults, schedule_settings, steps_per_epoch
from .goal import Goal
from .row_file import RowFile
from .streaming import StreamedTraining


@dataclass(frozen=True)
class Plan:
    """A recipe worked out for a number of rows: what `Training` needs to know.

    steps       in all, which schedules need to know
    """

    program: Program
    network: Network
    epochs: int
    batch_size: int
    rate: float
    steps: int

    @property
    def has_hidden_layers(self) -> bool:
        """Whether there is a layer of units between inputs and outputs."""
        return sum(isinstance(layer, Dense) for layer in self.network.layers) > 1


@dataclass(frozen=True)
class Recipe:
    """How to train on a table.

    layers          units of the hidden layers; None by rule
    optimizer       from a rate or schedule, None for the usual rate, to the optimizer
    schedule        from a rate and what schedules may want to know of the steps; None keeps the rate as it is
    penalty         from the strengths of l1 and l2 to the penalty
    rate, l2        None by rule
    declared        what a network file says; it goes before all of this
    balanced        every class counts as much as every other
    """

    goal: Goal
    optimizer: Callable[[Any], Optimizer]
    penalty: Callable[[float, float], Penalty | None]
    schedule: Callable[..., Schedule] | None = None
    layers: tuple[int, ...] | None = None
    activation: str = "relu"
    dropout: float = 0.0
    batch_norm: bool = False
    rate: float | None = None
    epochs: int | None = None
    batch_size: int | None = None
    l1: float = 0.0
    l2: float | None = None
    declared: NetworkFile | None = None
    balanced: bool = False
    seed: int = 0
    engine: str = "auto"
    dtype: str = "float32"
    threads: int = 1

    def plan(self, preparation: Preparation, rows: int) -> Plan:
        """Worked out for so many training rows.  ValueError: settings that do not fit each other."""
        mine, rules = self.settled(preparation, rows), Defaults(rows, preparation.width)
        declared, goal, size = self.declared, self.goal, min(self.batch_size or rules.batch_size, rows)
        epochs = rules.epochs(size) if self.epochs is None else self.epochs
        rate = mine.rate
        assert rate is not None
        steps = max(1, epochs * steps_per_epoch(rows, size))
        given: dict[str, Any] = {"loss": goal.loss, **mine.tuning(steps), "clip_norm": None, "clip_delta": None}
        if declared is not None:
            given |= {name: value for name in given if (value := getattr(declared, name)) is not None}
            given["weighted"] = declared.weighted
        if mine.layers is None:
            assert declared is not None
            network = declared.network
        else:
            network = Network.parse(
                "-".join(map(str, (preparation.width, *mine.layers, goal.outputs(preparation)))),
                self.activation, goal.output, dropout=self.dropout, batch_norm=self.batch_norm,
            )  # fmt: skip
        return Plan(derive(network, **given), network, epochs, size, rate, steps)

    def tuning(self, steps: int) -> dict[str, Any]:
        """The optimizer for so many steps, and the penalty; rate and l2 are known by number."""
        assert self.rate is not None
        assert self.l2 is not None
        rate = self.rate if self.schedule is None else self.schedule(self.rate, **schedule_settings(steps))
        return {"optimizer": self.optimizer(rate), "penalty": self.penalty(self.l1, self.l2)}

    def retuned(self, plan: Plan) -> Plan:
        """A plan for this recipe's rate and penalty out of one that has others: nothing is derived or compiled anew.

        Raises
            ValueError: it differs in more than that.
        """
        declared = self.declared
        changes = {
            name: value for name, value in self.tuning(plan.steps).items()
            if declared is None or getattr(declared, name) is None
        }  # fmt: skip
        assert self.rate is not None
        return replace(plan, program=retuned(plan.program, **changes), rate=self.rate)

    def settled(self, preparation: Preparation, rows: int) -> Recipe:
        """Layers, rate and l2 by number; layers None where a network file has them."""
        rules = Defaults(rows, preparation.width)
        size = min(self.batch_size or rules.batch_size, rows)
        layers = rules.layers if self.layers is None and self.declared is None else self.layers
        rate = self.optimizer(self.rate).hyperparameters["learning_rate"]
        l2 = rules.l2(size, self.goal.loss.reduction == "sum") if self.l2 is None else self.l2
        return replace(self, layers=layers, rate=rate, l2=l2)

    def training(
        self, plan: Plan, preparation: Preparation, rows: Table, validation: Table | None = None, *,
        callbacks: Iterable[Callback] = (), progress: bool | None = False,
    ) -> Training:  # fmt: skip
        """The training of a plan on rows of a table."""
        given = None if validation is None else self.arrays(preparation, validation)
        X, Y = self.arrays(preparation, rows)
        return self.training_on(plan, X, Y, validation=given, callbacks=callbacks, progress=progress)

    def training_on(
        self, plan: Plan, X: Array, Y: Array, *, engine: Engine | None = None, progress: bool | None = False,
        **options: Any,
    ) -> Training:  # fmt: skip
        """The same on arrays; `engine` is that of another training with the same steps."""
        return Training(
            plan.program, X, Y, epochs=plan.epochs, batch_size=min(plan.batch_size, len(X)), seed=self.seed,
            engine=engine or self.engine, dtype=self.dtype, class_weight="balanced" if self.balanced else None,
            threads=self.threads, progress=progress, **options,
        )  # fmt: skip

    def arrays(self, preparation: Preparation, rows: Table) -> tuple[Array, Array]:
        """X (N, D) and Y (N, K) of rows of a table."""
        return preparation.transform(rows), self.goal.targets(preparation, rows)

    def streamed(
        self, plan: Plan, rows: RowFile, validation: RowFile | None = None, *, stopping: EarlyStopping | None = None,
        progress: bool | None = False,
    ) -> StreamedTraining:  # fmt: skip
        """The training of a plan on rows from disk."""
        return StreamedTraining(
            plan.program, rows, validation, stopping, epochs=plan.epochs, batch_size=plan.batch_size, seed=self.seed,
            engine=self.engine, dtype=self.dtype, threads=self.threads, progress=progress,
        )  # fmt: skip

    def without_hidden_layers(self) -> Recipe:
        """The same with nothing between inputs and outputs: what a linear model can do."""
        return replace(self, layers=(), dropout=0.0, batch_norm=False)
