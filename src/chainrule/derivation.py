"""derive: from a declared network to its complete training step.

forward     every layer writes its named steps
loss        terms and reduction, and the penalty
backward    reverse mode over those steps (`program/reverse.py`), with the rules of the op table (`program/ops.py`)
update      the optimizer's rule for every parameter, and the running statistics
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from .formulas.activations import ACTIVATIONS
from .formulas.layers import Dense
from .formulas.losses import Loss, LossLike
from .formulas.losses import loss as find_loss
from .formulas.optimizers import GradientDescent, Optimizer
from .formulas.optimizers import optimizer as find_optimizer
from .formulas.penalties import Penalty
from .formulas.schedules import Schedule
from .network import Network
from .program.builder import Builder
from .program.condense import condense
from .program.expr import Call, Expr, N, Name, Number, call, names
from .program.reverse import Reverse
from .program.share import share
from .program.simplify import simplify
from .program.steps import Program, ProgramError, Statement, Step, Update, Variable, rename
from .program.text import parse, rule
from .program.verify import verify

CLIPS = ("clip_delta", "clip_norm")


@dataclass(frozen=True)
class Declaration:
    """What a program is derived from: plain data."""

    network: Network
    loss: Loss
    optimizer: Optimizer
    penalty: Penalty | None = None
    clip_delta: float | None = None
    clip_norm: float | None = None
    weighted: bool = False

    def __post_init__(self) -> None:
        for name in CLIPS:
            value = getattr(self, name)
            if value is not None and not (isinstance(value, (int, float)) and 0 < value < float("inf")):
                raise ValueError(f"{name} must be a number above 0, not {value!r}")
        layer = self.network.layers[-1]
        formula = layer.activation_formula
        assert formula is not None
        op = formula.op
        known = op in ACTIVATIONS or formula.name in ACTIVATIONS
        self.loss.check_output(op if op in ACTIVATIONS else formula.name, known)
        if formula.probability == "row" and self.network.outputs == 1:
            raise ValueError("softmax over a single output is always 1; use sigmoid, or two outputs")

    @property
    def title(self) -> str:
        """What it is, in words: `5-6-1 relu, sigmoid, batch norm; binary cross entropy; momentum`."""
        named = dict.fromkeys(layer.activation_name for layer in self.network.layers if layer.activation_name)
        extras = dict.fromkeys(extra for layer in self.network.layers for extra in layer.extras)
        parts = [", ".join([f"{self.network.notation} {', '.join(named)}", *extras]), self.loss.name.replace("_", " ")]
        rate = self.optimizer.rate
        schedule = [words] if isinstance(rate, Schedule) and (words := rate.words) else []
        parts.append(", ".join([self.optimizer.words, *schedule]))
        parts += [f"{self.penalty.title or type(self.penalty).__name__} penalty"] if self.penalty else []
        parts += ["clipped deltas"] * (self.clip_delta is not None)
        parts += ["clipped gradient"] * (self.clip_norm is not None)
        return "; ".join(parts)

    @property
    def hyperparameters(self) -> dict[str, float]:
        """The numbers that are given at run time, by the names that the program has for them."""
        values = dict(self.optimizer.hyperparameters)
        values |= self.penalty.hyperparameters if self.penalty else {}
        values |= {"clip_delta": self.clip_delta} if self.clip_delta is not None else {}
        values |= {"clip_norm": self.clip_norm} if self.clip_norm is not None else {}
        return {name: float(value) for name, value in values.items()}

    @property
    def structure(self) -> Declaration:
        """The declaration with every number that is given at run time left out: what decides how the program looks."""
        optimizer, penalty = self.optimizer, self.penalty
        rate = replace(optimizer.rate, rate=0.0) if isinstance(optimizer.rate, Schedule) else 0.0
        zeros = {field.name: 0.0 for field in fields(optimizer)} | {"rate": rate}
        nothing = None if penalty is None else replace(penalty, **{field.name: 0.0 for field in fields(penalty)})
        clips: dict[str, Any] = {name: None if getattr(self, name) is None else 1.0 for name in CLIPS}
        return replace(self, optimizer=replace(optimizer, **zeros), penalty=nothing, **clips)

    def derive(self) -> Program:
        return condense(Derivation(self).program())

    def changed(self, **changes: Any) -> Declaration:
        return replace(self, **changes)


def derive(
    network: Network,
    loss: LossLike = "half_squared_error",
    optimizer: Optimizer | str = GradientDescent(1.0),  # noqa: B008  frozen
    penalty: Penalty | None = None,
    *,
    clip_delta: float | None = None,
    clip_norm: float | None = None,
    weighted: bool = False,
) -> Program:
    """The complete training step of a network, as a Program.

    network         the declaration
    loss            a name of the book, or a formula in p (the output) and y
    optimizer       `Adam(0.001)`, or a name of the book for its defaults
    penalty         `L1(strength)`, `L2(strength)`, `ElasticNet(l1, l2)`
    clip_delta      bound for every element of every delta ("delta trimming")
    clip_norm       bound for the norm of the whole gradient
    weighted        whether rows have weights, `sample_weight` (N, 1)

    Raises
        ValueError: an unknown name, or a loss that does not fit the output.
    """
    if isinstance(optimizer, str):
        optimizer = find_optimizer(optimizer)()
    if not isinstance(network, Network):
        raise ValueError(f"derive takes a Network (Network.parse reads '3-4-1'), not {network!r}")
    if not isinstance(optimizer, Optimizer):
        raise ValueError(f"derive takes an optimizer such as Adam(0.001), not {optimizer!r}")
    if penalty is not None and not isinstance(penalty, Penalty):
        raise ValueError(f"derive takes a penalty such as L2(1e-4), not {penalty!r}")
    return Declaration(network, find_loss(loss), optimizer, penalty, clip_delta, clip_norm, weighted).derive()


def retuned(program: Program, **changes: Any) -> Program:
    """The same program with another optimizer or penalty that differs in numbers only, rates and strengths: these are
    given at run time, so nothing is derived anew, and what runs it can go on.

    Raises
        ValueError: the change is one of structure.
    """
    declared: Declaration = program.declaration
    changed = declared.changed(**changes)
    if changed.structure != declared.structure:
        raise ValueError("retuned: more than rates and strengths would change; derive the program anew")
    new: dict[str, Any] = {"hyperparameters": changed.hyperparameters, "declaration": changed}
    unfolded = None if program.unfolded is None else replace(program.unfolded, **new)
    return replace(program, unfolded=unfolded, **new)


class Derivation:
    """One derivation, phase by phase."""

    def __init__(self, declaration: Declaration) -> None:
        self.declared = declaration
        self.build = Builder(declaration.network.inputs, training=True)
        self.weights = Name("sample_weight", (N, 1)) if declaration.weighted else None

    def program(self) -> Program:
        """The program with every value named, verified."""
        declared = self.declared
        forward, output, fused = self.forward(self.build)
        y = Name("y", (N, declared.network.outputs))
        loss_steps = self.loss(forward, output, y, fused)
        loss = loss_steps[-1].name
        backward = self.backward([*forward, *loss_steps], fused, loss)
        scalars, updates, state = self.updates(backward)

        named = share([*forward, *loss_steps, *backward])
        prediction, predicted, fused_in_prediction = self.forward(Builder(declared.network.inputs, training=False))
        evaluated = self.data_loss(prediction, predicted, y, fused_in_prediction, None, training=False)
        evaluation = share([*prediction, evaluated])
        steps: list[Statement] = [*named, *scalars, *updates]

        renamed = {output.name: "p"} if self.is_probability(fused) else {}
        masks = {mask.name: (N, mask.units) for mask in self.build.masks}
        inputs = {"X": self.build.input.shape, "y": y.shape, **masks}
        if self.weights is not None:
            inputs["sample_weight"] = self.weights.shape
        return verify(
            Program(
                steps=tuple(retitled(rename(step, renamed), renamed) for step in steps),
                prediction_steps=renamed_steps(share(prediction), renamed),
                evaluation_steps=renamed_steps(evaluation, renamed),
                inputs=inputs,
                parameters=self.build.parameters,
                state=state,
                hyperparameters=self.declared.hyperparameters,
                masks=tuple(self.build.masks),
                prediction=renamed.get(output.name, output.name),
                loss=loss,
                title=declared.title,
                declaration=declared,
            )
        )

    # --- forward ---

    def forward(self, build: Builder) -> tuple[list[Step], Name, str]:
        """The forward steps, the output, and the op that takes output activation and loss in one, if there is one."""
        x = build.input
        for layer in self.declared.network.layers:
            x = layer.forward(build, x)
        last = build.steps[-1]
        if last.note != "activation":
            return build.steps, x, ""
        build.steps[-1] = replace(last, note="output")
        expression, fused = last.expression, ""
        if isinstance(expression, Call) and isinstance(expression.args[0], Name):
            fused = self.declared.loss.fused.get(expression.op, "")
        return build.steps, x, fused

    def is_probability(self, fused: str) -> bool:
        """Whether the output is called p: a row of probabilities, or one by itself that goes into its own loss."""
        formula = self.declared.network.layers[-1].activation_formula
        probability = formula.probability if formula is not None else ""
        return probability == "row" or (probability == "element" and bool(fused))

    # --- loss ---

    def loss(self, forward: list[Step], output: Name, y: Name, fused: str) -> list[Step]:
        steps = []
        total: Name | None = None
        if self.weights is not None and self.declared.loss.reduction != "sum":
            total = Name("total_weight")
            steps.append(Step(total.name, self.weights.sum(), "loss", "total_weight"))
            self.build.constant.add(total.name)
        steps.append(self.data_loss(forward, output, y, fused, total, training=True))
        if self.declared.penalty is not None and self.build.weights:
            data_loss: Expr = Name("data_loss")
            for factor, term in self.declared.penalty.terms:
                strengths: dict[str, Expr] = {name: Name(name) for name in self.declared.penalty.hyperparameters}
                strengths |= {N: Name(N), "total_weight": Name(N) if total is None else total}
                summed: Expr = Number(0.0)
                for name in self.build.weights:
                    weight = Name(name, self.build.parameters[name].shape)
                    summed = simplify(summed + rule(term, W=weight))
                data_loss = data_loss + rule(factor, **strengths) * summed
            steps.append(Step("loss", simplify(data_loss), "loss", "penalty"))
        return steps

    def data_loss(
        self, forward: list[Step], output: Name, y: Name, fused: str, total: Name | None, *, training: bool
    ) -> Step:
        """The loss of the data; rows have weights in training only."""
        weighted = training and (total is not None or self.declared.loss.reduction == "sum")
        weights = self.weights if weighted else None
        taken: Expr = output
        if fused:
            last = next(step for step in forward if step.name == output.name)
            assert isinstance(last.expression, Call)
            taken = last.expression.args[0]
        return Step("data_loss", self.declared.loss.of(taken, y, fused, weights, total), "loss", "data_loss")

    # --- backward ---

    def backward(self, steps: Sequence[Step], fused: str, loss: str) -> list[Step]:
        wanted = [name for name, variable in self.build.parameters.items() if variable.trainable]
        if not wanted:
            raise ValueError("nothing to train: every layer has trainable=False")
        value = ""
        if fused:
            last = [step for step in steps if step.note == "output"][-1]
            value = names(last.expression)[0]
        try:
            return Reverse(self.build, steps, wanted, value, self.trim).run(loss)
        except ProgramError:
            self.check_slopes()
            raise

    def check_slopes(self) -> None:
        """ValueError: an activation that lets no gradient pass."""
        number = 0
        for layer in self.declared.network.layers:
            number += isinstance(layer, Dense)
            formula = layer.activation_formula
            if formula is not None and formula.is_flat:
                raise ValueError(
                    f"activation '{formula.name}' of layer {number} has slope 0 everywhere: no gradient reaches what "
                    "comes before it"
                )

    def trim(self, name: str, adjoint: Expr) -> Expr:
        """Delta trimming: every delta, before it is passed back."""
        if self.declared.clip_delta is None or self.build.letters[name][0] != "z":
            return adjoint
        bound = Name("clip_delta")
        return call("clip", adjoint, -bound, bound)

    # --- update ---

    def updates(self, backward: list[Step]) -> tuple[list[Step], list[Update], dict[str, Variable]]:
        """The scalars of the update phase, the updates, and all state: slots, then running statistics."""
        optimizer = self.declared.optimizer
        trainable = {name: v for name, v in self.build.parameters.items() if v.trainable}
        environment = {name: Name(name) for name in (*self.declared.hyperparameters, "t")}
        scalars = []
        if isinstance(optimizer.rate, Schedule):
            scalars.append(Step("learning_rate", optimizer.rate.learning_rate(), "update", "learning_rate"))
            environment["learning_rate"] = Name("learning_rate")
        for text in optimizer.scalars:
            name, formula = (part.strip() for part in text.split("=", 1))
            scalars.append(Step(name, simplify(parse(formula, environment)), "update", "correction"))
            environment[name] = Name(name)
        gradients: dict[str, Expr] = {name: Name(self.build.adjoint(name), v.shape) for name, v in trainable.items()}
        if self.declared.clip_norm is not None:
            scalars += self.clipping(gradients)
            gradients = {name: Name("clip_scale") * gradient for name, gradient in gradients.items()}
        updates, state = [], dict[str, Variable]()
        for name, variable in trainable.items():
            slots = {letter: Name(f"{letter}{name}", variable.shape) for letter in optimizer.slots}
            state |= {slot.name: Variable(slot.name, slot.shape, trainable=False) for slot in slots.values()}
            bound = {**environment, **slots, "w": Name(name, variable.shape), "g": gradients[name]}
            assignments = tuple(assigned(text, bound) for text in optimizer.update)
            slot_names = tuple(slot.name for slot in slots.values())
            number = next(step.number for step in backward if step.of == name)
            rule, notes = optimizer.update, optimizer.notes_of_update
            updates.append(Update(name, assignments, gradients[name], slot_names, rule, notes, number))
        return scalars, [*updates, *self.build.updates], {**state, **self.build.state}

    def clipping(self, gradients: Mapping[str, Expr]) -> list[Step]:
        """PyTorch's clip_grad_norm_."""
        squares: Expr = Number(0.0)
        for gradient in gradients.values():
            square = gradient**2
            squares = simplify(squares + (square.sum() if square.shape else square))
        norm = call("sqrt", squares)
        scale = rule("minimum(1, clip_norm / (norm + 1e-6))", clip_norm=Name("clip_norm"), norm=Name("gradient_norm"))
        return [
            Step("gradient_norm", norm, "update", "gradient_norm"),
            Step("clip_scale", scale, "update", "clip_scale"),
        ]


def assigned(text: str, bound: dict[str, Name | Expr]) -> tuple[str, Expr]:
    """`w -= learning_rate * g` as target and expression; the names are bound to those of one parameter."""
    target, operator, formula = split_assignment(text)
    name = bound[target]
    assert isinstance(name, Name)
    value = parse(formula, bound)
    if operator:
        value = call({"+": "add", "-": "subtract", "*": "multiply"}[operator], name, value)
    return name.name, simplify(value)


def split_assignment(text: str) -> tuple[str, str, str]:
    """Target, `+`, `-`, `*` or nothing, and formula of an assignment."""
    target, formula = text.split("=", 1)
    target = target.strip()
    operator = target[-1] if target[-1] in "+-*" else ""
    return target.rstrip("+-* "), operator, formula.strip()


def renamed_steps(steps: list[Step], renamed: Mapping[str, str]) -> tuple[Step, ...]:
    return tuple(step for s in steps if isinstance(step := retitled(rename(s, renamed), renamed), Step))


def retitled(statement: Statement, renamed: Mapping[str, str]) -> Statement:
    """The note of a probability."""
    if isinstance(statement, Step) and statement.name in renamed.values():
        return replace(statement, note="probability")
    return statement


__all__ = ["Declaration", "Derivation", "derive", "retuned"]
