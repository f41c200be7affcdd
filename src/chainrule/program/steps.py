"""Step, Update, Phase, Program: a training step as a short list of named steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from .expr import Call, Expr, Name, call, leaves_of, names, rebuild, substitute
from .ops import Shape
from .text import parse, to_text

Phase = Literal["forward", "loss", "backward", "observe", "update"]
PHASES: tuple[Phase, ...] = ("forward", "loss", "backward", "observe", "update")


@dataclass(frozen=True)
class Step:
    """One line of the program: `name = expression`.

    note        a key of the message catalogue, without its `note.`: what this value is
    more        further keys: what has been done to it besides
    of          for an adjoint, the value it belongs to: `delta1` is of `z1`
    number      the number of the Dense layer it belongs to
    """

    name: str
    expression: Expr
    phase: Phase
    note: str
    number: int = 0
    of: str = ""
    more: tuple[str, ...] = ()

    @property
    def shape(self) -> Shape:
        return self.expression.shape

    @property
    def assignments(self) -> tuple[tuple[str, Expr], ...]:
        """What the step assigns, in order; an `Update` assigns several."""
        return ((self.name, self.expression),)

    def __str__(self) -> str:
        return f"{self.name} = {to_text(self.expression)}"


@dataclass(frozen=True)
class Update:
    """One parameter (or running statistic) and its state, written in place.

    assignments     in order, each sees the ones before: `mW1 = rho1 * mW1 + ...`, `W1 = W1 - ...`
    gradient        what the rule descends along, `dW1` or `clip_scale * dW1`; None for a running statistic
    slots           the optimizer state of this parameter, `("mW1", "vW1")`
    rule            the assignments once more, in terms of w, g and the slots' letters: updates with the same rule may
                    be printed as one loop
    notes           for each assignment a key of the message catalogue, without its `note.`
    """

    name: str
    assignments: tuple[tuple[str, Expr], ...]
    gradient: Expr | None
    slots: tuple[str, ...]
    rule: tuple[str, ...]
    notes: tuple[str, ...] = ("update",)
    number: int = 0
    phase: Phase = "update"

    @property
    def note(self) -> str:
        return self.notes[-1]

    @property
    def expression(self) -> Expr:
        return self.assignments[-1][1]

    @property
    def shape(self) -> Shape:
        return self.expression.shape

    def __str__(self) -> str:
        return "; ".join(f"{target} = {to_text(expression)}" for target, expression in self.assignments)


Statement = Step | Update


@dataclass(frozen=True)
class Variable:
    """A parameter or a piece of state: its shape and how it starts.

    start       every element, where neither of the following is given
    limit       a formula in numbers: uniform on [-limit, limit)
    values      given values, as nested tuples
    of          for a running statistic, the step whose average it is: `mean1`
    """

    name: str
    shape: Shape
    start: float = 0.0
    limit: str = ""
    values: tuple[tuple[float, ...], ...] | None = None
    trainable: bool = True
    of: str = ""


@dataclass(frozen=True)
class Mask:
    """A dropout mask, an input of zeros and ones drawn anew for every step."""

    name: str
    units: int
    keep: float


class ProgramError(ValueError):
    """A program that breaks one of the rules every program keeps."""


@dataclass(frozen=True)
class Program:
    """A complete training step: what it reads, what it changes, and the steps in between.

    steps               forward, loss, backward, update, in program order
    prediction_steps    the forward steps in prediction mode: running statistics, no dropout
    evaluation_steps    the same and then the data loss
    inputs              data: X (N, D), y (N, K), masks (N, units) and sample_weight (N, 1) where used
    parameters, state   what lives from step to step, in order
    hyperparameters     numbers given at run time, with their defaults; the first one is the learning rate
    prediction, loss    the names of the output and of the loss that `step` returns
    folded              the expressions that `condense` folded into their single use, by name
    full                the same program before `condense`, with every value named
    declaration         what it was derived from; `describe` says it in words
    edited              the steps that `replace` changed
    """

    steps: tuple[Statement, ...]
    prediction_steps: tuple[Step, ...]
    evaluation_steps: tuple[Step, ...]
    inputs: Mapping[str, Shape]
    parameters: Mapping[str, Variable]
    state: Mapping[str, Variable]
    hyperparameters: Mapping[str, float]
    masks: tuple[Mask, ...]
    prediction: str
    loss: str
    title: str
    declaration: Any = None
    edited: tuple[str, ...] = ()
    folded: Mapping[str, Expr] = field(default_factory=dict)
    unfolded: Program | None = None

    @property
    def full(self) -> Program:
        return self.unfolded or self

    @property
    def training_steps(self) -> tuple[Statement, ...]:
        """The steps that training needs: those of an emitted `step`. Observations are in its `trace`."""
        return tuple(step for step in self.steps if step.phase != "observe")

    @property
    def trainable(self) -> tuple[str, ...]:
        """The parameters that the program updates, in order."""
        return tuple(name for name, variable in self.parameters.items() if variable.trainable)

    @property
    def statistics(self) -> dict[str, Variable]:
        """The running statistics among the state: prediction reads them as it reads the parameters."""
        return {name: variable for name, variable in self.state.items() if variable.of}

    @property
    def probability(self) -> str:
        """Whether the output is a probability, in the words of the op table: `row`, `element`, or empty."""
        last = self.prediction_steps[-1].expression
        return last.row.probability if isinstance(last, Call) else ""

    @property
    def counts_steps(self) -> bool:
        """Whether the step counter t occurs."""
        return any("t" in names(e) for s in self.steps for _, e in s.assignments)

    @property
    def environment(self) -> dict[str, Name]:
        """Every name an expression of this program may use, with its shape."""
        shapes: dict[str, Shape] = {"N": (), "t": (), **self.inputs, **dict.fromkeys(self.hyperparameters, ())}
        shapes |= {name: v.shape for name, v in (*self.parameters.items(), *self.state.items())}
        shapes |= {step.name: step.shape for step in self.steps if isinstance(step, Step)}
        return {name: Name(name, shape) for name, shape in shapes.items()}

    def phase(self, phase: Phase) -> tuple[Statement, ...]:
        return tuple(step for step in self.steps if step.phase == phase)

    def __getitem__(self, name: str) -> Statement:
        """The step of this name, folded or not."""
        for step in (*self.steps, *self.full.steps):
            if step.name == name and (isinstance(step, Step) or name in self.parameters or name in self.state):
                return step
        raise KeyError(f"no step is named '{name}'; the steps are {', '.join(s.name for s in self.full.steps)}")

    def __iter__(self) -> Iterator[Statement]:
        return iter(self.steps)

    def replace(self, name: str, text: str) -> Program:
        """The program with one step's expression replaced: "what if delta2 were the error cubed?"

        The formula is written in the grammar of `chainrule.program.text` and may use every name that comes before the
        step; a single number stands for every element. The result is a Program like any other, but no longer the
        gradient of its declared loss: `check_gradients` says by how much.

        Raises
            ValueError: no such step.  FormulaError: the formula, with position.  ShapeError: a result of another shape.
        """
        from .condense import condense
        from .simplify import numeric
        from .verify import verify

        full = self.full
        position = next((i for i, s in enumerate(full.steps) if s.name == name and isinstance(s, Step)), None)
        if position is None:
            known = ", ".join(s.name for s in full.steps if isinstance(s, Step))
            raise ValueError(f"no step is named '{name}'; the steps that can be replaced are {known}")
        later = {step.name for step in full.steps[position:] if isinstance(step, Step)}
        if not full.counts_steps:
            later.add("t")
        visible = {key: value for key, value in full.environment.items() if key not in later}
        old = full.steps[position]
        assert isinstance(old, Step)
        expression = rebuild(parse(text, visible), numeric)
        if expression.shape == () != old.shape:
            candidates = (*names(old.expression), old.of, *visible)
            alike = (visible[key] for key in candidates if key in visible and visible[key].shape == old.shape)
            expression = call("full_like", next(alike, old.expression), expression)
        if expression.shape != old.shape:
            from .ops import ShapeError, format_shape

            raise ShapeError(
                f"{name} has shape {format_shape(old.shape)}, the new formula {format_shape(expression.shape)}: {text}"
            )
        steps = (*full.steps[:position], replace(old, expression=expression), *full.steps[position + 1 :])

        def same(listed: tuple[Step, ...]) -> tuple[Step, ...]:
            """The prediction's step of this name, with the formula in the names that prediction has."""
            if all(step.name != name for step in listed):
                return listed
            formula = full.in_prediction(expression, listed, name)
            return tuple(replace(step, expression=formula) if step.name == name else step for step in listed)

        changed = replace(
            full,
            steps=steps,
            prediction_steps=same(full.prediction_steps),
            evaluation_steps=same(full.evaluation_steps),
            edited=(*dict.fromkeys((*full.edited, name)),),
        )
        return condense(verify(changed)) if self.unfolded else verify(changed)

    def in_prediction(self, expression: Expr, listed: tuple[Step, ...], name: str) -> Expr:
        """An expression of the training in the names of prediction: no dropout, running statistics, nothing shared."""
        known = {"N", "X", "y", *self.parameters, *self.state, *(step.name for step in listed)}
        while unknown := [found for found in names(expression) if found not in known]:
            step = next((s for s in self.steps if s.name == unknown[0] and isinstance(s, Step)), None)
            average = next((v for v in self.statistics.values() if v.of == unknown[0]), None)
            if average is not None:
                value: Expr = Name(average.name, average.shape)
            elif step is not None and step.note == "shared":
                value = step.expression
            elif step is not None and step.note == "dropout":
                (before,) = (n for n in _leaves(step.expression) if n.name not in self.inputs)
                value = before
            else:
                raise ProgramError(f"{name}: prediction uses {unknown[0]}, which only training has")
            expression = substitute(expression, {unknown[0]: value})
        return expression

    def source(self, language: str = "numpy", **options: Any) -> str:
        """The program as source code; the options are those of `chainrule.writers.write`."""
        from ..writers import write

        return write(self, language, **options)

    def __str__(self) -> str:
        return self.source("numpy", form="step")

    def __repr__(self) -> str:
        return f"<Program {self.title}: {len(self.steps)} steps>"

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(str(self))}</pre>"


def rename(statement: Statement, renamed: Mapping[str, str]) -> Statement:
    """The statement with names changed, its own included."""

    def changed(expr: Expr) -> Expr:
        if leaves_of(expr).isdisjoint(renamed):
            return expr
        return substitute(expr, {n.name: Name(renamed[n.name], n.shape) for n in _leaves(expr) if n.name in renamed})

    if isinstance(statement, Step):
        return replace(
            statement,
            name=renamed.get(statement.name, statement.name),
            of=renamed.get(statement.of, statement.of),
            expression=changed(statement.expression),
        )
    return replace(statement, assignments=tuple((renamed.get(t, t), changed(e)) for t, e in statement.assignments))


def _leaves(expr: Expr) -> Iterator[Name]:
    from .expr import walk

    return (node for node in walk(expr) if isinstance(node, Name))


__all__ = [
    "PHASES", "Mask", "Phase", "Program", "ProgramError", "Statement", "Step", "Update", "Variable", "rename",
]  # fmt: skip
