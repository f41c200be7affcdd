"""Network files: a declaration as JSON, written and read back identical. Formulas are text in the one grammar.

    {
      "format": "chainrule network 1",
      "inputs": 4,
      "layers": [
        {"layer": "dense", "units": 16, "activation": "relu"},
        {"layer": "dropout", "rate": 0.2},
        {"layer": "dense", "units": 3, "activation": "softmax"}
      ],
      "loss": "softmax_cross_entropy",
      "optimizer": {"name": "adam", "rate": {"schedule": "cosine", "rate": 0.003, "steps": 3000}},
      "penalty": {"name": "l2", "strength": 0.0001}
    }

Only format, inputs and layers must be there. A layer has the fields of its class, an optimizer, a schedule and a
penalty theirs; what is left out has its default. An activation of one's own is its formula, "z * sigmoid(1.702 * z)",
or, with scalars, {"name": "swish", "formula": "z * sigmoid(beta * z)", "scalars": {"beta": 1}, "trainable": ["beta"]}.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import TYPE_CHECKING, Any

from ..data import read_regular, shown_path
from ..formulas.activations import ACTIVATIONS
from ..formulas.formula import Formula
from ..formulas.initial import LIMITS
from ..formulas.layers import LAYERS, Dense, Layer
from ..formulas.losses import LOSSES, Loss
from ..formulas.losses import loss as find_loss
from ..formulas.optimizers import OPTIMIZERS, Optimizer
from ..formulas.penalties import PENALTIES, Penalty
from ..formulas.schedules import SCHEDULES, Schedule
from ..network import MAXIMUM_UNITS, Network
from ..program.expr import Name, size_of
from ..program.text import parse
from .errors import FileError
from .json_text import Record, check_number, check_text, read_json

if TYPE_CHECKING:
    from ..derivation import Declaration
    from ..program.steps import Program

FORMAT = "chainrule network 1"
MOST_BYTES = 4 * 2**20
MOST_LAYERS = 100
MOST_PARAMETERS = 2**28  # a gigabyte in float32
MOST_OPERATIONS = 500  # in all formulas of one's own: what deriving takes grows with their square
REDUCTIONS = dict.fromkeys(("elements", "rows", "sum"))
TARGETS = dict.fromkeys(("real", "nonnegative", "unit", "probabilities"))
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_ -]{0,39}")


@dataclass(frozen=True)
class NetworkFile:
    """What a network file declares; None where it says nothing."""

    network: Network
    loss: Loss | None = None
    optimizer: Optimizer | None = None
    penalty: Penalty | None = None
    clip_delta: float | None = None
    clip_norm: float | None = None
    weighted: bool = False

    @classmethod
    def of(cls, declaration: Declaration) -> NetworkFile:
        """All of what a program is derived from."""
        return cls(**{field.name: getattr(declaration, field.name) for field in fields(cls)})

    def derive(self) -> Program:
        """The program of a complete declaration."""
        from ..derivation import Declaration

        given: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        return Declaration(**given).derive()

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON.  ValueError: what a file cannot hold, or none could be read with."""
        layers = [layer_data(layer) for layer in self.network.layers]
        data: dict[str, object] = {"format": FORMAT, "inputs": self.network.inputs, "layers": layers}
        if self.loss is not None:
            data["loss"] = loss_data(self.loss)
        if self.optimizer is not None:
            data["optimizer"] = row_data("name", self.optimizer, OPTIMIZERS)
        if self.penalty is not None:
            data["penalty"] = row_data("name", self.penalty, PENALTIES)
        data |= {name: value for name in ("clip_delta", "clip_norm") if (value := getattr(self, name)) is not None}
        data |= {"weighted": True} if self.weighted else {}
        NetworkFile.from_dict(json.loads(json.dumps(data)))  # a file that nobody can read is not written
        return data

    def text(self) -> str:
        """The file: JSON, a layer a line."""
        entries = []
        for key, value in self.to_dict().items():
            if key == "layers" and isinstance(value, list):
                rows = ",\n".join(f"    {json.dumps(layer, ensure_ascii=False)}" for layer in value)
                entries.append(f'  "layers": [\n{rows}\n  ]')
            else:
                entries.append(f'  "{key}": {json.dumps(value, ensure_ascii=False)}')
        return "{\n" + ",\n".join(entries) + "\n}\n"

    @classmethod
    def from_dict(cls, data: object, where: str = "network") -> NetworkFile:
        """What plain data declares.  FileError: an entry that is missing, unknown or not as it must be."""
        record = Record(data, where)
        if record.take("format", None) != FORMAT:
            raise FileError(f'{where}: no network file; it must have the entry "format": "{FORMAT}"')
        try:
            return read(record)
        except FileError:
            raise
        except ValueError as error:  # from the constructors, which know best
            raise FileError(f"{where}: {error}") from None


def read_network(path: str | os.PathLike[str]) -> NetworkFile:
    """The network in a file. Raises DataError where there is none that can be read, and says why."""
    where = shown_path(path)
    return NetworkFile.from_dict(read_json(read_regular(path, MOST_BYTES), where), where)


# --- reading -------------------------------------------------------------------------------------------------------


def read(record: Record) -> NetworkFile:
    inputs = record.whole("inputs", least=1, most=MAXIMUM_UNITS)
    layers = record.items("layers", most=MOST_LAYERS)
    network = Network(inputs, [read_layer(layer, f"{record.where}, layer {i}") for i, layer in enumerate(layers, 1)])
    check_size(network, record.where)
    found = NetworkFile(
        network,
        loss=read_loss(record.take("loss"), f"{record.where}, loss") if record.has("loss") else None,
        optimizer=read_optimizer(record) if record.has("optimizer") else None,
        penalty=read_penalty(record) if record.has("penalty") else None,
        clip_delta=read_bound(record, "clip_delta"),
        clip_norm=read_bound(record, "clip_norm"),
        weighted=record.boolean("weighted", default=False),
    )
    record.done()
    return found


def read_layer(data: object, where: str) -> Layer:
    record = Record(data, where)
    kind: type[Layer] = record.chosen("layer", LAYERS)
    values = {}
    for field in fields(kind):
        if field.init and (field.name in record.data or field.default is MISSING):
            values[field.name] = FIELDS[str(field.type)](record, field.name)
    record.done()
    try:
        return kind(**values)
    except ValueError as error:
        raise FileError(f"{where}: {error}") from None


def read_units(record: Record, key: str) -> int:
    return record.whole(key, least=1, most=MAXIMUM_UNITS)


def read_activation(record: Record, key: str) -> str | Formula:
    given = record.take(key)
    where = f"{record.where}, {key}"
    return read_formula(given, where) if isinstance(given, dict) else check_text(given, where)


def read_initial(record: Record, key: str) -> Any:
    """A row of `LIMITS`, or a matrix."""
    given = record.take(key)
    where = f"{record.where}: {key}"
    if given is None or isinstance(given, str):
        return given
    if not isinstance(given, list) or not all(isinstance(row, list) for row in given):
        raise FileError(f"{where} must be {', '.join(LIMITS)}, or a matrix of numbers, [[...], ...]")
    return [[check_number(number, where) for number in row] for row in given]


FIELDS: dict[str, Callable[[Record, str], Any]] = {
    "int": read_units,
    "float": Record.number,
    "bool": Record.boolean,
    "ActivationLike": read_activation,
    "Any": read_initial,
}


def read_formula(data: object, where: str) -> Formula:
    record = Record(data, where)
    scalars = record.record("scalars") if record.has("scalars") else Record({}, where)
    name = record.text("name")
    if not NAME.fullmatch(name):
        raise FileError(f"{where}: a name has at most 40 letters, digits, blanks, hyphens and underscores")
    made = Formula(
        name,
        record.text("formula"),
        {str(key): check_number(value, f"{where}, {key!r:.40}") for key, value in scalars.data.items()},
        tuple(record.texts("trainable", default=[])),
        record.text("initial", default="glorot"),
    )
    record.done()
    return made


def read_loss(data: object, where: str) -> Loss:
    if not isinstance(data, dict):
        return find_loss(check_text(data, where))
    record = Record(data, where)
    kept = {key: data[key] for key in ("name", "formula", "scalars") if key in data}
    terms = Formula(data["formula"], data["formula"]) if same_name(data) else read_formula(kept, where)
    for key in kept:
        record.take(key)
    reduction, target = record.text("reduction", "elements"), record.text("target", "real")
    for key, value, known in (("reduction", reduction, REDUCTIONS), ("target", target, TARGETS)):
        if value not in known:
            raise FileError(f"{where}: unknown {key} '{value[:40]}'; known: {', '.join(known)}")
    factor = record.number("factor", 1.0)
    record.done()
    plain = find_loss(terms)
    return Loss(plain.name, plain.terms, reduction, factor, target=target)  # type: ignore[arg-type]  # checked above


def same_name(data: Mapping[str, Any]) -> bool:
    """Whether a formula has no name but its own text."""
    formula = data.get("formula")
    return isinstance(formula, str) and data.get("name") in (None, formula) and not data.get("scalars")


def read_optimizer(record: Record) -> Optimizer:
    given = record.take("optimizer")
    made: Optimizer = read_row({"name": given} if isinstance(given, str) else given, record, "optimizer", OPTIMIZERS)
    return made


def read_penalty(record: Record) -> Penalty:
    made: Penalty = read_row(record.take("penalty"), record, "penalty", PENALTIES)
    return made


def read_row(data: object, parent: Record, kind: str, table: Mapping[str, type[Any]], key: str = "name") -> Any:
    """An object of a table of classes whose fields are numbers, or a schedule in place of one."""
    record = Record(data, f"{parent.where}, {kind}")
    made = record.chosen(key, table)
    values: dict[str, Any] = {}
    for field in fields(made):
        if field.name not in record.data and field.default is not MISSING:
            record.known.append(field.name)
        elif isinstance(record.data.get(field.name), dict) and "Schedule" in str(field.type):
            schedule = read_row(record.take(field.name), record, field.name, SCHEDULES, "schedule")
            schedule.learning_rate()  # checks the settings now
            values[field.name] = schedule
        else:
            values[field.name] = record.number(field.name)
    record.done()
    return made(**values)


def read_bound(record: Record, key: str) -> float | None:
    if not record.has(key):
        return None
    bound = record.number(key)
    if bound <= 0:
        raise FileError(f"{record.where}: {key} must be above 0, not {bound}")
    return bound


def check_size(network: Network, where: str) -> None:
    """Refuse a network that is far larger than any memory, before anything is made for it."""
    pairs = zip(network.widths, network.widths[1:], network.layers, strict=False)
    count = sum(inputs * outputs for inputs, outputs, layer in pairs if isinstance(layer, Dense))
    if count > MOST_PARAMETERS:
        raise FileError(f"{where}: {count:,} weights; at most {MOST_PARAMETERS:,} are accepted")
    own = [layer.activation_formula for layer in network.layers if layer.activation_name not in (None, *ACTIVATIONS)]
    operations = sum(operations_in(formula) for formula in own if formula is not None)
    if operations > MOST_OPERATIONS:
        raise FileError(
            f"{where}: its formulas have {operations:,} operations in all; at most {MOST_OPERATIONS:,} are accepted"
        )


def operations_in(formula: Formula) -> int:
    known = {name: Name(name) for name in formula.scalars}
    return size_of(parse(formula.text, {"z": Name("z", ("N", "K")), **known}))


# --- writing -------------------------------------------------------------------------------------------------------


def layer_data(layer: Layer) -> dict[str, object]:
    data: dict[str, object] = {"layer": next(name for name, kind in LAYERS.items() if kind is type(layer))}
    for field in fields(layer):
        value = getattr(layer, field.name)
        if field.init and value is not None:
            data[field.name] = formula_data(value) if field.type == "ActivationLike" else value
    return data


def formula_data(given: str | Formula) -> str | dict[str, object]:
    """A name of the book, a text, or all that belongs to a formula of one's own."""
    if isinstance(given, str):
        return given
    if given == ACTIVATIONS.get(given.name) or (given.name == given.text and not given.scalars):
        return given.name
    name = given.name if NAME.fullmatch(given.name) else "formula"
    return {
        "name": name,
        "formula": given.text,
        "scalars": dict(given.scalars),
        "trainable": list(given.trainable),
        "initial": given.initial,
    }


def loss_data(loss: Loss) -> str | dict[str, object]:
    if loss == LOSSES.get(loss.name):
        return loss.name
    if loss.fused or loss.outputs:
        raise ValueError(f"loss {loss.name} cannot be stored in a file: it is neither of the book nor a formula alone")
    plain = formula_data(loss.terms)
    if isinstance(plain, str) and loss == find_loss(plain):
        return plain
    data: dict[str, object] = {"name": loss.name if NAME.fullmatch(loss.name) else loss.terms.text}
    data |= {"formula": loss.terms.text, "scalars": dict(loss.terms.scalars)}
    return data | {"reduction": loss.reduction, "factor": loss.factor, "target": loss.target}


def row_data(key: str, row: Any, table: Mapping[str, type[Any]]) -> dict[str, object]:
    called = next((name for name, kind in table.items() if kind is type(row)), None)
    if called is None:
        raise ValueError(f"{type(row).__name__} cannot be stored in a file: it is not of the book")
    data: dict[str, object] = {key: called}
    for field in fields(row):
        value = getattr(row, field.name)
        data[field.name] = row_data("schedule", value, SCHEDULES) if isinstance(value, Schedule) else value
    return data
