"""Telling: elements of the steps of a program with their numbers, from the gradient of a weight back to the loss.

A `Teller` writes a line an element, `delta1[1,2] = error1 * slope1 = 0.5 * 0.2 = 0.1`, and remembers which elements it
named, to write them next.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engines.engine import Array
from ..engines.reference import evaluate
from ..program.expr import Call, Expr, Name, Number, call, names, walk
from ..program.reverse import expand
from ..program.steps import Program, Step
from ..program.text import to_text

SHOWN = 4  # terms of a sum, and elements of one value, that are written out: those that weigh most
DIGITS = 6


@dataclass(frozen=True)
class Line:
    """One element of one step: `delta1[1,2] = error1 * slope1 = 0.5 * 0.2 = 0.1`.

    note        the key of the catalogue that says what the value is
    """

    target: str
    formula: str
    numbers: str
    value: float
    note: str = ""


class Teller:
    """Writes elements of steps with their numbers, and remembers which to write next."""

    def __init__(self, program: Program, values: Mapping[str, Any]) -> None:
        self.values = values
        self.steps = {s.name: s for s in program.steps if isinstance(s, Step)}
        self.wanted: dict[str, dict[tuple[int, ...], None]] = {}

    def share(self, gradient: Step, place: tuple[int, ...], row: int) -> tuple[Line, float]:
        """What one row adds to a gradient: input x delta."""
        for node in walk(expand(gradient.expression)):
            if not isinstance(node, Call):
                continue
            if node.op == "matmul" and isinstance(node.args[0], Call) and node.args[0].op == "transpose":
                left, right = node.args[0].args[0], node.args[1]
                x, d = self.at(left, (row, place[0])), self.at(right, (row, place[1]))
                parts = [self.shown(left, (row, place[0])), self.shown(right, (row, place[1]))]
                value = x * d
                numbers = to_text(Number(rounded(x)) * Number(rounded(d)))
            elif node.op == "sum" and node.option("axis") == 0:
                inner = node.args[0]
                parts, value = [self.shown(inner, (row, *place))], self.at(inner, (row, *place))
                numbers = short(value)
            else:
                continue
            factor = self.factor(gradient.expression, node)
            label = f"{gradient.name}[{','.join(map(str, place))}]"
            return Line(label, " * ".join(parts), numbers, value * factor, gradient.note), value * factor
        raise ValueError(f"{gradient.name} = {to_text(gradient.expression)} is no sum over the samples")

    def factor(self, whole: Expr, node: Call) -> float:
        """What the sum over the rows is multiplied with in the gradient; 1 unless it was edited."""
        while isinstance(whole, Call) and whole != node:
            scalars = [a for a in whole.args if a.shape == ()]
            rest = [a for a in whole.args if a.shape != ()]
            if whole.op in ("multiply", "divide") and len(scalars) == 1 and len(rest) == 1:
                by = float(evaluate(scalars[0], self.values))
                return (by if whole.op == "multiply" else 1 / by) * self.factor(rest[0], node)
            whole = next((a for a in whole.args if node in list(walk(a))), node)
        return 1.0

    def shown(self, expr: Expr, place: tuple[int, ...]) -> str:
        """`delta1[1,2]`, which is written next."""
        if isinstance(expr, Name):
            if expr.name in self.steps:
                self.wanted.setdefault(expr.name, {})[place] = None
            return f"{expr.name}[{','.join(map(str, place))}]"
        for name in names(expr):
            self.want(Name(name, self.shape(name)), place)
        return f"({to_text(expr)})"

    def shape(self, name: str) -> tuple[int, ...]:
        return np.shape(self.values[name])

    def want(self, name: Name, place: tuple[int, ...]) -> None:
        """Notes an element to be written."""
        shape = self.shape(name.name)
        if name.name in self.steps and shape:
            own = place[len(place) - len(shape) :]
            self.wanted.setdefault(name.name, {})[
                tuple(0 if n == 1 else i for i, n in zip(own, shape, strict=True))
            ] = None

    def at(self, expr: Expr, place: tuple[int, ...]) -> float:
        """The value of an expression at a place."""
        value = np.asarray(evaluate(expr, self.values), dtype=float)
        own = place[len(place) - value.ndim :] if value.ndim else ()
        return float(value[tuple(0 if n == 1 else i for i, n in zip(own, value.shape, strict=True))])

    def lines(self) -> Iterator[Line]:
        """The elements that were asked for, and those that they ask for, from the last step to the first."""
        for name, step in reversed(list(self.steps.items())):
            if name not in self.wanted:
                continue
            places = sorted(self.wanted[name], key=lambda place: -abs(self.at(Name(name, step.shape), place)))
            for place in places[:SHOWN]:
                label = f"{name}[{','.join(map(str, place))}]"
                numbers = self.numbers(step.expression, place)
                yield Line(label, to_text(step.expression), numbers, self.at(Name(name, step.shape), place), step.note)
                if step.phase == "backward":
                    self.ask(step.expression, place)

    def ask(self, expr: Expr, place: tuple[int, ...]) -> None:
        """Notes what an element of a backward step is made of: errors, slopes, deltas, and the values of this row."""
        if isinstance(expr, Name):
            self.want(expr, place)
        elif isinstance(expr, Call) and expr.op == "matmul":
            for k in self.heaviest(expr, place)[0]:
                self.ask(expr.args[0], (place[0], k))
        elif isinstance(expr, Call) and (expr.row.elementwise or expr.op == "full_like"):
            for arg in expr.args:
                self.ask(arg, place)

    def heaviest(self, product: Call, place: tuple[int, ...]) -> tuple[list[int], Array, Array]:
        """Which terms of a sum of products weigh most, and all factors."""
        left = np.asarray(evaluate(product.args[0], self.values), dtype=float)[place[0]]
        right = np.asarray(evaluate(product.args[1], self.values), dtype=float)[:, place[1]]
        order = np.argsort(-abs(left * right), kind="stable")[:SHOWN]
        return sorted(int(k) for k in order), left, right

    def numbers(self, expr: Expr, place: tuple[int, ...]) -> str:
        """The expression at one element, with numbers in the place of names."""
        rest: list[int] = []

        def change(node: Expr) -> Expr:
            if isinstance(node, Number) or (node.shape == () and isinstance(node, Call) and not node.leaves):
                return node
            if isinstance(node, Call) and node.op == "matmul":
                chosen, left, right = self.heaviest(node, place)
                total: Expr | None = None
                for k in chosen:
                    term = Number(rounded(left[k])) * Number(rounded(right[k]))
                    total = term if total is None else total + term
                if len(left) > len(chosen):
                    others = float((left * right).sum() - sum(left[k] * right[k] for k in chosen))
                    rest.append(len(left) - len(chosen))
                    assert total is not None
                    total = total + Number(rounded(others))
                assert total is not None
                return total
            if isinstance(node, Call) and node.row.elementwise:
                return call(node.op, *(change(arg) for arg in node.args))
            return Number(rounded(self.at(node, place)))

        text = to_text(change(expr))
        return f"{text} (+{sum(rest)})" if rest else text


def short(value: float) -> str:
    """A number in six digits."""
    return f"{value:.{DIGITS}g}"


def rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


__all__ = ["Line", "Teller", "short"]
