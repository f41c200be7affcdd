"""What was seen of an attempt beside what is right: values by name, results, what would follow from other values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ..engines.engine import Array
from ..engines.reference import evaluate
from ..program.expr import Call, Expr, walk
from .cases import Case
from .exercise import Exercise, Quantity
from .running import Report, Seen
from .slips import AFTER, BEFORE

TOLERANCE = 1e-6  # of the largest element; a gradient by central differences passes

Values = list[Array]  # one a case


def close(value: Any, wanted: Any) -> bool:
    """The same shape and, but for rounding, the same numbers."""
    value, wanted = np.asarray(value), np.asarray(wanted, dtype=float)
    if value.shape != wanted.shape:
        return False
    with np.errstate(all="ignore"):
        largest = float(np.max(np.abs(wanted), initial=0.0))
        return bool(np.max(np.abs(value - wanted), initial=0.0) <= TOLERANCE * largest + 1e-12)


class Evidence:
    """One attempt: the learner's values and the reference's, in every case."""

    def __init__(self, exercise: Exercise, cases: Sequence[Case], report: Report) -> None:
        self.exercise, self.cases, self.report = exercise, cases, report
        self.runs: tuple[Seen, ...] = report.runs
        self.truth = [self.reference(case) for case in cases]
        self.failed = next((run.error for run in self.runs if run.error), None)

    def reference(self, case: Case) -> dict[str, Array]:
        """Every quantity, by the reference evaluator; what is updated, afterwards."""
        values, found = case.values, dict[str, Array]()
        with np.errstate(all="ignore"):
            for quantity in self.exercise.quantities:
                values[quantity.name] = np.asarray(evaluate(quantity.expression, values))
                found[quantity.name] = values[quantity.name]
        return found

    # --- the learner's values ---

    def same(self, values: Sequence[Any], wanted: Sequence[Any]) -> bool:
        return all(value is not None and close(value, one) for value, one in zip(values, wanted, strict=True))

    def result(self, quantity: Quantity) -> list[Array | None] | None:
        """What the step leaves or returns under this name; None where the quantity is no result."""
        if quantity.changed:
            return [run.after.get(quantity.name) for run in self.runs]
        return [run.returned for run in self.runs] if quantity.name == self.exercise.program.loss else None

    def held(self, name: str, wanted: Sequence[Array]) -> bool:
        """Whether a variable of this name has held these values, in every case."""
        return all(
            any(close(value, one) for value in run.values.get(name, ()))
            for run, one in zip(self.runs, wanted, strict=True)
        )

    def holders(self, wanted: Sequence[Array]) -> list[str]:
        """The variables that have held these values, in every case."""
        if all(np.size(one) == 1 or not np.any(one) for one in wanted):
            return []  # a number may be anything
        return [name for name in self.runs[0].values if self.held(name, wanted)]

    def called(self, wanted: Sequence[Array]) -> str:
        """The variable that has held these values, if there is one."""
        return next(iter(self.holders(wanted)), "")

    def last(self, name: str) -> Values | None:
        """The last value of a variable in every case; None where a case has none."""
        values = [run.values[name][-1] for run in self.runs if run.values.get(name)]
        return values if len(values) == len(self.runs) else None

    @property
    def passed(self) -> bool:
        results = [(self.result(q), q.name) for q in self.exercise.quantities if self.result(q) is not None]
        right = all(self.same(values or (), self.true(name)) for values, name in results)
        return right and not self.failed and not self.changed_inputs

    @property
    def changed_inputs(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for run in self.runs for name in run.changed))

    def true(self, name: str) -> Values:
        return [truth[name] for truth in self.truth]

    def value_of(self, quantity: Quantity) -> Values | None:
        result = self.result(quantity)
        if result is None:
            return self.last(quantity.name)
        values = [value for value in result if value is not None]
        return values if len(values) == len(result) else None

    def unchanged(self, quantity: Quantity, value: Values) -> bool:
        return self.same(value, [case.values[quantity.name] for case in self.cases])

    def follow(self, quantity: Quantity, environments: list[dict[str, Any]]) -> Values:
        with np.errstate(all="ignore"):
            return [np.asarray(evaluate(quantity.expression, values)) for values in environments]

    def around(self, i: int, values: Mapping[str, Any]) -> dict[str, Any]:
        """What could have been used in a quantity's place: parameters before and after, numbers of the file."""
        case, found = self.cases[i], dict(values)
        for name in (*case.parameters, *case.state):
            found[BEFORE + name], found[AFTER + name] = (
                case.values[name],
                self.truth[i][name] if (name in self.truth[i]) else case.values[name],
            )
        first = self.cases[0]
        found |= {f"hard_{name}": value for name, value in first.hyperparameters.items()}
        return found | {"hard_N": first.rows, "hard_t": first.t or 1}

    def known(self, quantity: Quantity) -> dict[str, tuple[int | str, ...]]:
        """The names that could stand in an expression, with their shapes as the program has them."""
        program = self.exercise.full
        shapes: dict[str, tuple[int | str, ...]] = {**program.inputs}
        shapes |= dict.fromkeys(program.hyperparameters, ())
        for name, variable in {**program.parameters, **program.state}.items():
            shapes |= {name: variable.shape, AFTER + name: variable.shape, BEFORE + name: variable.shape}
        for other in self.exercise.quantities:
            if other.name == quantity.name:
                break
            shapes[other.name] = other.shape
        return shapes | {f"hard_{name}": () for name in (*program.hyperparameters, "N", "t")}

    def made(self, expression: Expr, environments: list[dict[str, Any]]) -> Values | None:
        with np.errstate(all="ignore"):
            try:
                return [np.asarray(evaluate(expression, values)) for values in environments]
            except (ValueError, TypeError, IndexError):
                return None

    def chain(
        self, given: Mapping[str, Values], between: Sequence[Quantity], environments: list[dict[str, Any]]
    ) -> dict[str, Values] | None:
        """What follows from other values of some quantities; None where NumPy would not have done it."""
        moved = [
            {**values, **{name: given[name][i] for name in given}} for i, values in enumerate(environments)
        ]  # fmt: skip
        found: dict[str, Values] = {}
        for quantity in between:
            values = given.get(quantity.name) or self.made(quantity.expression, moved)
            if values is None:
                return None
            found[quantity.name] = values
            for environment, value in zip(moved, values, strict=True):
                environment[quantity.name] = value
        return found

    @cached_property
    def parts(self) -> list[Values]:
        """What a variable may rightly hold though no step has it: the values of the parts of the right expressions."""
        found = dict.fromkeys(
            node for q in self.exercise.quantities if not q.changed for node in walk(q.expression)
            if isinstance(node, Call) and node is not q.expression and node.shape
        )  # fmt: skip
        environments = [{**case.values, **truth} for case, truth in zip(self.cases, self.truth, strict=True)]
        for environment, case in zip(environments, self.cases, strict=True):
            environment |= case.parameters | case.state  # as they were when the gradients were computed
        return [values for node in found if (values := self.made(node, environments)) is not None]

    def after_the_update(self) -> Values | None:
        """The loss with the parameters as the learner leaves them."""
        found = []
        for case, run in zip(self.cases, self.runs, strict=True):
            values: dict[str, Any] = {**case.values, **run.after}
            try:
                with np.errstate(all="ignore"):
                    for quantity in self.exercise.quantities:
                        if quantity.phase in ("forward", "loss"):
                            values[quantity.name] = np.asarray(evaluate(quantity.expression, values))
            except (ValueError, TypeError, IndexError):
                return None
            found.append(values[self.exercise.program.loss])
        return found

    def is_shown(self, quantity: Quantity) -> bool:
        return any(step.name == quantity.name for step in self.exercise.program.steps)
