"""From what was seen to a verdict: quantity by quantity, in the order of the program.

A quantity is right where a variable of its name, or of any other, has held the reference's value, on all data. What
comes after a wrong one is compared with what would follow from the learner's own value. Where loss, parameters and
state come out right, all is: names, order and ways are the learner's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..engines.reference import evaluate
from ..program.expr import Call, Expr, Name, names, walk
from .cases import Case, cases_of
from .evidence import Evidence, Values, close
from .exercise import Exercise, Quantity
from .measuring import agreement, measured_at
from .reasons import why
from .running import Limits, Report, run_file, run_function
from .slips import slips_of
from .suspects import Search, rank_of
from .verdict import RIGHT, Judged, Measured, Reason, Verdict

FATAL = ("syntax", "load", "no_step", "time", "memory", "output", "exit", "crash")


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


class Judge(Evidence):
    """The verdict on one attempt."""

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
        environments = [self.around(i, values) for i, values in enumerate(at_first)]
        reason = self.of_this(quantity, value, wanted, environments)
        absent = self.absent_before(verdict, quantity)
        suspect = Search(self, at_first, absent).best(quantity, value)
        if suspect is not None and (suspect.seen or suspect.rank < rank_of(reason)):
            if suspect.quantity is not quantity:
                return replace(
                    verdict, first=suspect.quantity, called=suspect.called, reason=suspect.reason,
                    **self.shown(suspect.quantity, suspect.called),
                )  # fmt: skip
            reason = suspect.reason
        if self.changed_inputs and reason.key in ("unknown", "nearly", "shape"):
            return replace(verdict, problem="changed", error={"kind": self.changed_inputs[0], "text": "", "line": 0})
        if quantity.name == self.exercise.program.loss and reason.key in ("unknown", "nearly", "factor"):
            after = self.after_the_update()
            reason = Reason("loss_after") if after is not None and self.same(value, after) else reason
        if reason.key in ("unknown", "nearly"):
            doubtful = [q for q in absent if q.name not in self.cleared(verdict)]
            lost = next((q for q in self.leading_to(quantity, doubtful) if self.is_shown(q) and q.shape), None)
            if lost is not None:
                return replace(verdict, first=lost, reason=Reason("not_found"))
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
        seen = dict.fromkeys(name for run in self.runs for name in run.values)
        waiting = [q for q in waiting if not any(self.held(name, self.true(q.name)) for name in seen)]  # a loss
        if self.failed:
            first = waiting[0] if waiting else None
            if self.report.dots:
                return replace(verdict, first=first, reason=Reason("open", {"line": min(self.report.dots.values())}))
            problem = "exit" if self.failed["kind"] == "SystemExit" else "raised"
            return replace(verdict, problem=problem, error=self.failed, first=first)
        name = next(iter(self.changed_inputs), "")
        return replace(verdict, problem="changed", error={"kind": name, "text": "", "line": 0})

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
        needed = self.needs(quantity)
        for one in reversed(self.exercise.quantities[: self.exercise.quantities.index(quantity)]):
            if one.name in needed and not one.changed:
                needed |= self.needs(one)
        return [one for one in candidates if one.name in needed]

    def needs(self, quantity: Quantity) -> set[str]:
        """What a quantity is made of; the loss may be made of the output as well as of what comes before it."""
        found = set(names(quantity.expression))
        return found | {self.exercise.program.prediction} if quantity.phase == "loss" else found

    def cleared(self, verdict: Verdict) -> set[str]:
        """What has led to something right; a parameter may hide what is nearly right."""
        found: set[str] = set()
        for judged in reversed(verdict.judged):
            seen = judged.called or judged.name
            right = judged.status in ("right", "elsewhere") and self.held(seen, self.true(judged.name))
            if judged.name in found or (right and not judged.quantity.changed):
                found |= set(names(judged.quantity.expression))
        return found

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


__all__ = ["RIGHT", "Judge", "check_file", "check_function", "close", "judge"]
