"""From what was seen to a verdict: quantity by quantity, in the order of the program.

A quantity is right where a variable of its name, or of any other, has held the reference's value, on all data. What
comes after a wrong one is compared with what would follow from the learner's own value. Where loss, parameters and
state come out right, all is: names, order and ways are the learner's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..engines.engine import Array
from ..engines.reference import evaluate
from ..program.expr import Call, Expr, Name, names, walk
from .cases import Case, cases_of
from .exercise import Exercise, Quantity
from .measuring import agreement, measured_at
from .reasons import why
from .running import Limits, Report, Seen, run_file, run_function
from .slips import AFTER, BEFORE, RANK, slips_of
from .verdict import RIGHT, Judged, Measured, Reason, Verdict

TOLERANCE = 1e-6  # of the largest element; a gradient by central differences passes
FATAL = ("syntax", "load", "no_step", "time", "memory", "output", "exit", "crash")

WEAK = ("unknown", "shape", "nearly", "is_other", "factor", "broadcast", "summed_twice")

Values = list[Array]  # one a case


def check_file(exercise: Exercise, path: Path, limits: Limits | None = None) -> Verdict:
    """Run a learner's file and judge it."""
    cases = cases_of(exercise)
    return judge(exercise, cases, run_file(path, cases, limits or Limits()))


def check_function(exercise: Exercise, step: Callable[..., Any]) -> Verdict:
    """Judge a function of this process, as a notebook has it."""
    cases = cases_of(exercise)
    return judge(exercise, cases, run_function(step, cases))


def judge(exercise: Exercise, cases: Sequence[Case], report: Report) -> Verdict:
    verdict = Verdict(exercise, printed=report.printed, flags=report.flags)
    if report.problem in FATAL:
        kind = (report.error or {}).get("kind")
        return replace(verdict, problem="exit" if kind == "SystemExit" else report.problem, error=report.error)
    return Judge(exercise, cases, report).verdict(verdict)


def close(value: Any, wanted: Any) -> bool:
    """The same shape and, but for rounding, the same numbers."""
    value, wanted = np.asarray(value), np.asarray(wanted, dtype=float)
    if value.shape != wanted.shape:
        return False
    with np.errstate(all="ignore"):
        largest = float(np.max(np.abs(wanted), initial=0.0))
        return bool(np.max(np.abs(value - wanted), initial=0.0) <= TOLERANCE * largest + 1e-12)


def rank_of(reason: Reason) -> int:
    """How telling a reason is: those of `slips.RANK` in its order, before them what the numbers show beyond doubt."""
    return RANK.index(reason.key) if reason.key in RANK else len(RANK) if reason.key in WEAK else -1


class Suspect(NamedTuple):
    """A slip that may be the reason: how well it explains what was seen, in which quantity, and the learner's name."""

    order: tuple[bool, bool, bool, int]
    quantity: Quantity
    called: str
    reason: Reason

    @property
    def seen(self) -> bool:
        return not self.order[2]

    @property
    def rank(self) -> int:
        return rank_of(self.reason)


class Judge:
    """One attempt, looked at."""

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

    # --- in program order ---

    @cached_property
    def right_parameters(self) -> dict[int, bool]:
        """For the number of a layer, whether all its parameters come out right."""
        found: dict[int, bool] = {}
        for quantity in self.exercise.quantities:
            if quantity.changed and quantity.name in self.exercise.program.parameters:
                right = self.same(self.result(quantity) or (), self.true(quantity.name))
                found[quantity.number] = found.get(quantity.number, True) and right and not self.failed
        return found

    def excused(self, quantity: Quantity) -> bool:
        """Whether what follows from a quantity is right all the same: a sign of its own, a name used otherwise."""
        if quantity.phase == "backward":
            return self.right_parameters.get(quantity.number, False)
        if quantity.phase == "forward":
            name = self.exercise.program.prediction
            fine = quantity.name != name and (self.held(name, self.true(name)) or bool(self.called(self.true(name))))
            return fine and self.right_parameters.get(quantity.number, False)
        return False

    def verdict(self, verdict: Verdict) -> Verdict:
        environments = [case.values for case in self.cases]
        judged: list[Judged] = []
        first: Judged | None = None
        at_first: list[dict[str, Any]] = []
        for quantity in self.exercise.quantities:
            with np.errstate(all="ignore"):
                follows = [np.asarray(evaluate(quantity.expression, values)) for values in environments]
            found, value = self.look(quantity, follows)
            judged.append(found)
            if first is None and found.status in ("wrong", "open"):
                first, at_first = found, [dict(values) for values in environments]
            for i, values in enumerate(environments):
                values[quantity.name] = follows[i] if value is None else value[i]
        verdict = replace(verdict, judged=tuple(judged))
        if self.passed:
            return replace(verdict, passed=True, agreement=agreement(self.exercise, self.cases[0], self.truth[0]))
        return self.explained(verdict, first, at_first)

    def look(self, quantity: Quantity, follows: Values) -> tuple[Judged, list[Any] | None]:
        """The status of a quantity, and the learner's value where the rest has to reckon with it."""
        name, true = quantity.name, self.true(quantity.name)
        result = self.result(quantity)
        if result is not None:
            if self.same(result, true):
                return Judged(quantity, "right"), None
            if self.same(result, follows):
                return Judged(quantity, "consistent"), result
            if self.failed:
                return Judged(quantity, "open" if name in self.report.dots else "absent"), None
            usable = all(v is not None and v.shape == t.shape for v, t in zip(result, true, strict=True))
            return Judged(quantity, "wrong"), result if usable else None
        if self.held(name, true):
            return Judged(quantity, "right"), None
        if self.held(name, follows):
            return Judged(quantity, "consistent"), None
        last = self.last(name)
        if last is None and any(name in run.dots for run in self.runs):
            return Judged(quantity, "open"), None
        if last is None:
            called = self.called(true) or self.called(follows)
            if called:
                return Judged(quantity, "elsewhere", called), None
            if name in self.report.dots and not self.passed:
                return Judged(quantity, "open"), None
            return Judged(quantity, "folded" if self.excused(quantity) or self.passed else "absent"), None
        fits = all(v.shape == t.shape for v, t in zip(last, true, strict=True))
        if self.passed or self.excused(quantity):
            return Judged(quantity, "convention"), last if fits else None
        return Judged(quantity, "wrong"), last if fits else None

    # --- the first wrong one ---

    def explained(self, verdict: Verdict, first: Judged | None, at_first: list[dict[str, Any]]) -> Verdict:
        if first is None:
            return self.without_a_wrong_value(verdict)
        quantity = first.quantity
        if first.status == "open":
            line = self.report.dots.get(quantity.name, 0)
            return replace(verdict, first=quantity, reason=Reason("open", {"line": line}))
        value = self.value_of(quantity)
        if value is None and "" in self.report.dots and all(j.status not in RIGHT for j in verdict.asked):
            return replace(verdict, first=quantity, reason=Reason("open", {"line": self.report.dots[""]}))
        if value is None:
            missing = Reason("nothing_returned", {"name": quantity.name})
            return replace(verdict, first=quantity, reason=missing)
        wanted = self.follow(quantity, at_first)
        environments = [self.around(quantity, i, values) for i, values in enumerate(at_first)]
        reason = self.of_this(quantity, value, wanted, environments)
        absent = self.absent_before(verdict, quantity)
        suspect = self.of_something_before(quantity, value, at_first, absent)
        if suspect is not None and (suspect.seen or suspect.rank < rank_of(reason)):
            if suspect.quantity is not quantity:
                return replace(
                    verdict, first=suspect.quantity, called=suspect.called, reason=suspect.reason,
                    **self.shown(suspect.quantity, suspect.called),
                )  # fmt: skip
            reason = suspect.reason
        if reason.key in ("unknown", "nearly"):
            lost = next((q for q in self.leading_to(quantity, absent) if self.is_shown(q) and q.shape), None)
            if lost is not None:
                return replace(verdict, first=lost, reason=Reason("not_found"))
        if self.changed_inputs and reason.key in ("unknown", "shape"):
            return replace(verdict, problem="changed", error={"kind": self.changed_inputs[0], "text": "", "line": 0})
        if quantity.changed and reason.key != "not_updated" and self.held(quantity.name, self.true(quantity.name)):
            reason = Reason("not_in_place", {"name": quantity.name})
        elif quantity.changed and self.unchanged(quantity, value):
            moved = self.held(quantity.name, wanted) or bool(self.called(wanted))
            reason = Reason("not_in_place" if moved else "not_updated", {"name": quantity.name})
        return replace(verdict, first=quantity, reason=reason, **self.shown(quantity, quantity.name))

    def without_a_wrong_value(self, verdict: Verdict) -> Verdict:
        """It raised, or wrote to its inputs, or something is missing."""
        asked = {quantity.name for quantity in self.exercise.asked}
        waiting = [j.quantity for j in verdict.judged if j.status in ("absent", "open") and j.name in asked]
        if self.failed:
            first = waiting[0] if waiting else None
            if self.report.dots:
                return replace(verdict, first=first, reason=Reason("open", {"line": min(self.report.dots.values())}))
            problem = "exit" if self.failed["kind"] == "SystemExit" else "raised"
            return replace(verdict, problem=problem, error=self.failed, first=first)
        name = next(iter(self.changed_inputs), "")
        return replace(verdict, problem="changed", error={"kind": name, "text": "", "line": 0})

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

    def around(self, quantity: Quantity, i: int, values: Mapping[str, Any]) -> dict[str, Any]:
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

    def of_this(self, quantity: Quantity, value: Values, wanted: Values, environments: list[dict[str, Any]]) -> Reason:
        """Why a value is not what it should be."""

        def make(expression: Expr) -> Values:
            return [np.asarray(evaluate(expression, values)) for values in environments]

        slips = slips_of(self.exercise, quantity, self.known(quantity))
        others = {name: [values[name] for values in environments] for name in self.known(quantity)
                  if "_" not in name or name in self.exercise.full.environment}  # fmt: skip
        others |= {q.name: self.true(q.name) for q in self.exercise.quantities if q.name not in others}
        starts = [case.values[quantity.name] for case in self.cases] if quantity.changed else None
        rates = [case.hyperparameters.get("learning_rate", 1.0) for case in self.cases]
        sizes = [(case.rows, int(np.size(case.inputs["y"]) / case.rows)) for case in self.cases]
        averaging = any(
            (isinstance(node, Name) and node.name == "N") or (isinstance(node, Call) and node.op == "mean")
            for node in walk(quantity.expression)
        )
        return why(quantity, value, wanted, slips, make, others, starts, rates, sizes if averaging else None)

    def absent_before(self, verdict: Verdict, quantity: Quantity) -> list[Quantity]:
        """What comes before a quantity and has no variable of its own, in program order."""
        before = self.exercise.quantities[: self.exercise.quantities.index(quantity)]
        absent = {judged.name for judged in verdict.judged if judged.status == "absent"}
        return [one for one in before if one.name in absent and not one.changed]

    def leading_to(self, quantity: Quantity, candidates: Sequence[Quantity]) -> list[Quantity]:
        """Those of the candidates that a quantity depends on."""
        needed = set(names(quantity.expression))
        for one in reversed(self.exercise.quantities[: self.exercise.quantities.index(quantity)]):
            if one.name in needed and not one.changed:
                needed |= set(names(one.expression))
        return [one for one in candidates if one.name in needed]

    def of_something_before(
        self, quantity: Quantity, value: Values, environments: list[dict[str, Any]], absent: list[Quantity]
    ) -> Suspect | None:
        """The slip in a quantity without a variable of its name that best explains the wrong value that was seen.

        Better is what explains every result, then what explains this one, then what a variable has held, then the rank.
        """
        best: Suspect | None = None
        for i, before in enumerate(absent):
            after = absent[i + 1 :]
            around = [self.around(before, c, values) for c, values in enumerate(environments)]
            right = self.follow(before, environments)
            for slip in slips_of(self.exercise, before, self.known(before)):
                made = self.made(slip.expression, around)
                if made is None or self.same(made, right):
                    continue
                chain = self.chain(before, made, [*after, quantity], environments)
                leads = chain is not None and self.same(value, chain[quantity.name])
                moved = {before.name: made} | (chain or {})
                seen = self.seen_among([before, *after], moved)
                if not leads and (seen is None or self.known_as(moved[seen[0].name]) != 0):
                    continue
                explains = leads and self.explains(before, made, environments)
                order = (not explains, not leads, seen is None, slip.rank)
                if best is None or order < best.order:
                    named, called = seen or (next(filter(self.is_shown, (before, *after)), quantity), "")
                    if leads and self.is_shown(before) and named is not before:
                        named, called = before, ""
                    best = Suspect(order, named, called, slip.reason)
        return best

    def made(self, expression: Expr, environments: list[dict[str, Any]]) -> Values | None:
        with np.errstate(all="ignore"):
            try:
                return [np.asarray(evaluate(expression, values)) for values in environments]
            except (ValueError, TypeError, IndexError):
                return None

    def chain(
        self, before: Quantity, made: Values, between: Sequence[Quantity], environments: list[dict[str, Any]]
    ) -> dict[str, Values] | None:
        """What follows from another value of a quantity; None where NumPy would not have done it."""
        moved = [{**values, before.name: value} for values, value in zip(environments, made, strict=True)]
        found: dict[str, Values] = {}
        for quantity in between:
            values = self.made(quantity.expression, moved)
            if values is None:
                return None
            found[quantity.name] = values
            for environment, value in zip(moved, values, strict=True):
                environment[quantity.name] = value
        return found

    def explains(self, before: Quantity, made: Values, environments: list[dict[str, Any]]) -> bool:
        """Whether this one slip makes every result what it is."""
        position = self.exercise.quantities.index(before)
        following = self.exercise.quantities[position + 1 :]
        chain = self.chain(before, made, following, environments)
        if chain is None:
            return False
        results = [(self.result(q), chain[q.name]) for q in following if self.result(q) is not None]
        return all(self.same(value or (), wanted) for value, wanted in results)

    def seen_among(self, quantities: Sequence[Quantity], moved: Mapping[str, Values]) -> tuple[Quantity, str] | None:
        """The first of these whose wrong value a variable has held, and its name."""
        for quantity in quantities:
            values = moved.get(quantity.name)
            if values is None or self.same(values, self.true(quantity.name)):
                continue
            holders, known = self.holders(values), self.known_as(values)
            spare = [] if known is None else holders[known:]  # one of them is the step that has these values
            if spare:
                return quantity, spare[0]
        return None

    def is_shown(self, quantity: Quantity) -> bool:
        return any(step.name == quantity.name for step in self.exercise.program.steps)

    def known_as(self, made: Values) -> int | None:
        """How many variables rightly hold these values: 1 where they are those of a step; a second one may be wrong.

        None, all of them: where they are those of something given, or of a result.
        """
        for case_values in ([case.values[name] for case in self.cases] for name in self.cases[0].values):
            if self.same(made, case_values):
                return None
        alike = [q for q in self.exercise.quantities if self.same(made, self.true(q.name))]
        return None if any(q.changed for q in alike) else len(alike[:1])

    def shown(self, quantity: Quantity, called: str) -> dict[str, Any]:
        """The learner's shape, and an element beside what a finite difference measures."""
        values = self.last(called) if not quantity.changed else self.value_of(quantity)
        found: dict[str, Any] = {"shape": None if values is None else values[0].shape, "measured": None}
        if values is None or not quantity.of or values[0].shape != self.truth[0][quantity.name].shape:
            return found
        off = np.abs(values[0] - self.truth[0][quantity.name])
        index = tuple(int(i) for i in np.unravel_index(int(np.argmax(np.nan_to_num(off, nan=np.inf))), off.shape))
        number = measured_at(self.exercise, self.cases[0], quantity, index)
        if number is not None:
            found["measured"] = Measured(index, float(values[0][index]), number)
        return found


__all__ = ["RIGHT", "Judge", "Name", "check_file", "check_function", "close", "judge"]
