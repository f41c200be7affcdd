"""Network: the declaration, and its compact notation "3-4-1"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from operator import index

from .formulas.activations import ActivationLike
from .formulas.layers import BatchNorm, Dense, Dropout, Layer
from .formulas.layers.dense import MAXIMUM_UNITS as MAXIMUM_UNITS


@dataclass(frozen=True)
class Network:
    """A declared network: the number of input columns and the layers in order.

        Network(3, [Dense(4, "sigmoid"), Dropout(0.2), Dense(1, "sigmoid")])
        Network.parse("3-4-1", activation="sigmoid", output="sigmoid", bias=False)

    Raises
        ValueError: inputs < 1, something that is no layer, or no Dense layer at all.
    """

    inputs: int
    layers: tuple[Layer, ...]

    def __init__(self, inputs: int, layers: Iterable[Layer]) -> None:
        if isinstance(inputs, bool) or not hasattr(inputs, "__index__") or inputs < 1:
            raise ValueError(f"Network: inputs must be a whole number of at least 1, not {inputs!r}")
        if inputs > MAXIMUM_UNITS:
            raise ValueError(f"Network: at most {MAXIMUM_UNITS:,} inputs")
        object.__setattr__(self, "inputs", index(inputs))
        if isinstance(layers, (Layer, str)) or not isinstance(layers, Iterable):
            raise ValueError(f"Network: layers must be a list of layers, such as [Dense(4)], not {layers!r:.60}")
        object.__setattr__(self, "layers", without_idle_biases(tuple(layers)))
        for layer in self.layers:
            if not isinstance(layer, Layer):
                raise ValueError(f"Network: {layer!r} is no layer; use Dense, Dropout, BatchNorm or Activation")
        if not any(isinstance(layer, Dense) for layer in self.layers):
            raise ValueError("Network: at least one Dense layer is needed")
        if self.layers[-1].activation_name is None:
            raise ValueError(f"Network: the last layer must be a Dense or an Activation, not {self.layers[-1]!r}")

    @classmethod
    def parse(
        cls,
        notation: str,
        activation: ActivationLike = "relu",
        output: ActivationLike = "linear",
        *,
        bias: bool = True,
        batch_norm: bool = False,
        dropout: float = 0.0,
        initial: str | None = None,
    ) -> Network:
        """A network of Dense layers from "inputs-units-...-outputs".

        activation, bias, batch_norm and dropout are those of the hidden layers (bias and initial also of the output).

        Raises
            ValueError: a notation that is not whole numbers joined by hyphens, at least two of them, each at least 1.
        """
        if not isinstance(notation, str):
            raise ValueError(f"Network.parse reads a text such as '3-4-1', not {notation!r:.60}")
        widths = notation.replace(" ", "").split("-")
        if len(widths) < 2 or not all(re.fullmatch(r"[0-9]{1,100}", width) for width in widths):
            raise ValueError(
                f"network {notation[:60]!r}: write the number of inputs, of units in each layer and of outputs, "
                "joined by hyphens, as in 3-4-1"
            )
        numbers = [int(width) for width in widths]
        if max(numbers) > MAXIMUM_UNITS:
            raise ValueError(f"network {notation[:60]!r}: a layer holds at most {MAXIMUM_UNITS:,} units")
        layers: list[Layer] = []
        for width in numbers[1:-1]:
            layers.append(Dense(width, activation, bias=bias, batch_norm=batch_norm, initial=initial))
            if dropout:
                layers.append(Dropout(dropout))
        layers.append(Dense(numbers[-1], output, bias=bias, initial=initial))
        return cls(numbers[0], layers)

    @property
    def outputs(self) -> int:
        return self.widths[-1]

    @property
    def widths(self) -> tuple[int, ...]:
        """The number of columns before the first layer and after each."""
        widths = [self.inputs]
        for layer in self.layers:
            widths.append(layer.width(widths[-1]))
        return tuple(widths)

    @property
    def notation(self) -> str:
        """`3-4-1`: the inputs and the units of the Dense layers."""
        dense = [layer.units for layer in self.layers if isinstance(layer, Dense)]
        return "-".join(map(str, (self.inputs, *dense)))

    def __str__(self) -> str:
        from .program.builder import Builder
        from .program.ops import format_shape

        build = Builder(self.inputs, training=True)
        x = build.input
        rows = [("layer", "output", "parameters", "count"), ("input", format_shape(x.shape), "", "")]
        total = 0
        for layer in self.layers:
            known = set(build.parameters)
            x = layer.forward(build, x)
            new = [variable for name, variable in build.parameters.items() if name not in known]
            count = sum(count_elements(variable.shape) for variable in new)
            total += count
            text = ", ".join(f"{v.name} {format_shape(v.shape)}" for v in new)
            rows.append((describe(layer), format_shape(x.shape), text, f"{count:,}" if new else ""))
        rows.append(("", "", "in all", f"{total:,}"))
        return table(rows)

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(str(self))}</pre>"


def without_idle_biases(layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
    """No bias right before batch norm, which would subtract it again."""

    def idle(layer: Layer, after: Layer | None) -> bool:
        return getattr(layer, "activation", None) == "linear" and isinstance(after, BatchNorm)

    following = (*layers[1:], None)[: len(layers)]
    return tuple(
        replace(layer, bias=False) if isinstance(layer, Dense) and idle(layer, after) else layer
        for layer, after in zip(layers, following, strict=True)
    )


def describe(layer: Layer) -> str:
    """A layer in the words of its declaration, without what is left at its default."""
    from dataclasses import fields

    shown = []
    for field in fields(layer):
        value = getattr(layer, field.name)
        if not field.init or value == field.default:
            continue
        text = f"{value:g}" if isinstance(value, float) else str(getattr(value, "name", value))
        if isinstance(value, tuple):
            text = "given"
        shown.append(text if field.name in ("units", "activation", "name", "rate") else f"{field.name}={text}")
    return f"{type(layer).__name__}({', '.join(shown)})"


def count_elements(shape: Iterable[int | str]) -> int:
    product = 1
    for n in shape:
        product *= int(n)
    return product


def table(rows: Sequence[tuple[str, ...]]) -> str:
    """Rows as text in columns; the last column is flush right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths[:-1], strict=True)]
        lines.append("  ".join([*cells, row[-1].rjust(widths[-1])]).rstrip())
    return "\n".join(lines)
