"""Builder: what a layer writes its forward steps into. It owns the names of a program.

A name is a letter and a number: the number counts Dense layers, 0 is the input, what follows a Dense shares its number,
and a repeat adds `_2`. The adjoint of z is `delta`, of a is `error`, of anything else `d` and its name.
"""

from __future__ import annotations

from typing import Any

from .expr import Expr, N, Name
from .ops import Shape
from .simplify import as_number, simplify
from .steps import Mask, Step, Update, Variable
from .text import rule

ADJOINTS = {"z": "delta", "a": "error"}


class Builder:
    """Collects the steps, parameters and state of one forward pass, in training or in prediction mode."""

    def __init__(self, features: int, *, training: bool) -> None:
        self.training = training
        self.number = 0
        self.trainable = True
        self.steps: list[Step] = []
        self.updates: list[Update] = []
        self.parameters: dict[str, Variable] = {}
        self.state: dict[str, Variable] = {}
        self.masks: list[Mask] = []
        self.weights: list[str] = []  # the parameters that a penalty applies to
        self.constant: set[str] = set()  # steps without adjoint
        self.slopes: dict[str, str] = {}  # a value that an activation is applied to -> the name of the slope there
        self.letters: dict[str, tuple[str, str]] = {}  # name -> its letter and its number
        self.input = Name("X", (N, features))
        self.letters["X"] = ("X", "")

    def name(self, letter: str) -> str:
        """The next free name for this letter at the present layer."""
        suffix, repeat = str(self.number), 1
        while f"{letter}{suffix}" in self.letters:
            repeat += 1
            suffix = f"{self.number}_{repeat}"
        self.letters[f"{letter}{suffix}"] = (letter, suffix)
        return f"{letter}{suffix}"

    def adjoint(self, name: str) -> str:
        """What dL/d(name) is called."""
        letter, suffix = self.letters[name]
        return f"{ADJOINTS[letter]}{suffix}" if letter in ADJOINTS else f"d{name}"

    def dense(self) -> None:
        """A Dense layer begins: the number goes up."""
        self.number += 1

    def step(self, letter: str, expression: Expr, note: str, *, differentiable: bool = True) -> Name:
        """`letter` + number = expression. Unless `differentiable`, no gradient passes: another op's rule sees to it."""
        name = self.name(letter)
        self.steps.append(Step(name, as_number(simplify(expression)), "forward", note, self.number))
        if not differentiable:
            self.constant.add(name)
        return Name(name, expression.shape)

    def activation(self, expression: Expr, x: Name, note: str) -> Name:
        """An activation of x: a step whose slope gets a name of its own."""
        activated = self.step("a", expression, note)
        self.slopes[x.name] = "slope" + self.letters[activated.name][1]
        return activated

    def parameter(self, letter: str, shape: Shape, *, penalised: bool = False, **start: Any) -> Name:
        """A parameter; `start`, `limit` or `values` say how it begins (`Variable`)."""
        name = self.name(letter)
        self.parameters[name] = Variable(name, shape, trainable=self.trainable, **start)
        if penalised:
            self.weights.append(name)
        return Name(name, shape)

    def mask(self, units: int, keep: float) -> Name:
        """A dropout mask (N, units) of zeros and ones, an input of the program."""
        name = self.name("mask")
        self.masks.append(Mask(name, units, keep))
        return Name(name, (N, units))

    def running(self, letter: str, statistic: Name, start: float, formula: str) -> Name:
        """A running statistic for prediction; `formula` is its update in terms of `running`, `batch` and N."""
        name = self.name(f"running_{letter}")
        running = Name(name, statistic.shape)
        self.state[name] = Variable(name, running.shape, start, trainable=False, of=statistic.name)
        if self.training:
            after = rule(formula, running=running, batch=statistic, N=Name("N"))
            self.updates.append(Update(name, ((name, after),), None, (), (formula,), ("running",), self.number))
        return running
