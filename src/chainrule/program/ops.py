"""The op table: one row an op.

A row says how an op is written (`head`, `symbol`, `precedence`), what shape it has, and how it is differentiated:

* an *element-wise* op has one `slope` per argument: the derivative of the output by that argument, as text, in terms of
  the arguments and of the output where that is shorter (`a * (1 - a)`);
* a *linear* op names the arguments in which it is jointly linear: its derivative is the op itself, of the derivatives;
* any other op has one `pullback` per argument: what the adjoint `g` of the output contributes to the adjoint of that
  argument; empty where no gradient reaches it, and then the op is for derivations only, not for typed formulas. An op
  with neither is refused by name when a gradient has to pass through it.

`definition` spells an op in smaller ops, for the languages that lack it: an expression, or assignments and an
expression separated by semicolons. With `inline=True` the definition takes the op's place as soon as the derivative has
been taken (fused losses, `normalize`). `shared=True` marks what is worth a name of its own when it occurs twice.
`probability` marks an op that gives probabilities: `element`, each element is one; `row`, those of a row sum to one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

Dimension = int | str
Shape = tuple[Dimension, ...]
Options = Mapping[str, object]
ShapeRule = Callable[[tuple[Shape, ...], Options], Shape]


class OperandError(ValueError):
    """An op that cannot be applied to what it is given."""


class ShapeError(OperandError):
    """Shapes that do not fit; the message shows them."""


def format_shape(shape: Shape) -> str:
    """`(N, 3)`, as it is written in comments and messages."""
    return "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"


# --- shape rules ---------------------------------------------------------------------------------------------------


def padded(shape: Iterable[Dimension], length: int) -> list[Dimension]:
    """The shape with ones in front, as broadcasting sees it."""
    dimensions = list(shape)
    return [1] * (length - len(dimensions)) + dimensions


def broadcast(shapes: tuple[Shape, ...], options: Options | None = None) -> Shape:
    """NumPy's broadcasting, with N as a dimension that equals only itself."""
    result: Shape = ()
    for shape in shapes:
        if shape == result or not shape:
            continue
        if not result:
            result = shape
            continue
        length = max(len(shape), len(result))
        pairs = zip(padded(shape, length), padded(result, length), strict=True)
        merged: list[Dimension] = []
        for one, other in pairs:
            if one != other and one != 1 and other != 1:
                raise ShapeError("shapes do not fit: " + " and ".join(map(format_shape, shapes)))
            merged.append(other if one == 1 else one)
        result = tuple(merged)
    return result


def contraction(shapes: tuple[Shape, ...], options: Options) -> Shape:
    x, y = shapes
    if len(x) != 2 or len(y) != 2 or x[1] != y[0]:
        raise ShapeError(f"shapes do not fit: {format_shape(x)} @ {format_shape(y)}")
    return (x[0], y[1])


def transposed(shapes: tuple[Shape, ...], options: Options) -> Shape:
    if len(shapes[0]) != 2:
        raise ShapeError(f"only a matrix has a transpose, not shape {format_shape(shapes[0])}")
    return shapes[0][::-1]


def reduced(shapes: tuple[Shape, ...], options: Options) -> Shape:
    (x,) = shapes
    axis, keepdims = options.get("axis"), options.get("keepdims", False)
    if not x:
        raise ShapeError("a single number has nothing to reduce")
    if axis is None:
        return tuple([1] * len(x)) if keepdims else ()
    if not isinstance(axis, int) or not 0 <= axis < len(x):
        raise ShapeError(f"axis {axis} does not exist in shape {format_shape(x)}")
    return tuple(1 if i == axis else n for i, n in enumerate(x) if keepdims or i != axis)


def first(shapes: tuple[Shape, ...], options: Options) -> Shape:
    return shapes[0]


def matrix(shapes: tuple[Shape, ...], options: Options) -> Shape:
    if len(shapes[0]) != 2:
        raise ShapeError(f"this op works on the rows of a matrix, not on shape {format_shape(shapes[0])}")
    return broadcast(shapes)


# --- the row -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Op:
    """One row. `head` reads `a = sigmoid(z)`: the names its rules use for output and arguments."""

    head: str
    shape: ShapeRule
    slopes: tuple[str, ...] = ()
    linear: tuple[str, ...] = ()
    pullbacks: tuple[str, ...] = ()
    definition: str = ""
    inline: bool = False
    shared: bool = False
    symbol: str = ""
    precedence: int = 100
    analytic: bool = True
    probability: str = ""

    @property
    def name(self) -> str:
        return self._parts[1]

    @property
    def output(self) -> str:
        return self._parts[0]

    @property
    def arguments(self) -> tuple[str, ...]:
        return tuple(self._parts[2].replace(" ", "").split(","))

    @property
    def elementwise(self) -> bool:
        return bool(self.slopes or self.linear)

    @property
    def definition_steps(self) -> tuple[tuple[tuple[str, str], ...], str]:
        """The definition as assignments, (name, text), and the text of the result."""
        *assigned, result = self.definition.split(";")
        steps = []
        for text in assigned:
            name, formula = text.split("=", 1)
            steps.append((name.strip(), formula.strip()))
        return tuple(steps), result.strip()

    @property
    def _parts(self) -> tuple[str, str, str]:
        match = re.fullmatch(r"(\w+) = (\w+)\((.*)\)", self.head)
        assert match is not None, self.head
        return match[1], match[2], match[3]


def elementwise(head: str, *slopes: str, **rest: object) -> Op:
    return Op(head, broadcast, slopes=slopes, **rest)  # type: ignore[arg-type]  # rest holds Op's own fields


def comparison(head: str, symbol: str) -> Op:
    return elementwise(head, "0", "0", symbol=symbol, precedence=COMPARISON, analytic=False)


COMPARISON, SUM, PRODUCT, SIGN, POWER, NUMBER, ATOM = 40, 50, 60, 70, 80, 90, 100

ROWS: tuple[Op, ...] = (
    # --- arithmetic ---
    Op("c = add(x, y)", broadcast, linear=("x", "y"), symbol="+", precedence=SUM),
    Op("c = subtract(x, y)", broadcast, linear=("x", "y"), symbol="-", precedence=SUM),
    Op("c = negative(x)", broadcast, linear=("x",), symbol="-", precedence=SIGN),
    elementwise("c = multiply(x, y)", "y", "x", symbol="*", precedence=PRODUCT),
    elementwise("c = divide(x, y)", "1 / y", "-(x / y**2)", symbol="/", precedence=PRODUCT),
    elementwise("c = power(x, y)", "y * x**(y - 1)", "c * log(x)", symbol="**", precedence=POWER),
    # --- comparison and choice ---
    comparison("c = less(x, y)", "<"),
    comparison("c = less_equal(x, y)", "<="),
    comparison("c = greater(x, y)", ">"),
    comparison("c = greater_equal(x, y)", ">="),
    comparison("c = equal(x, y)", "=="),
    Op("c = where(condition, x, y)", broadcast, linear=("x", "y"), analytic=False),
    elementwise("c = minimum(x, y)", "x <= y", "x > y", analytic=False),
    elementwise("c = maximum(x, y)", "x >= y", "x < y", analytic=False),
    Op("c = full_like(x, value)", first, analytic=False),
    elementwise("c = clip(x, low, high)", "(x > low) * (x < high)", "x <= low", "x >= high", analytic=False),
    # --- elementary functions ---
    elementwise("c = exp(x)", "c", shared=True),
    elementwise("c = log(x)", "1 / x", shared=True),
    elementwise("c = sqrt(x)", "0.5 / c", shared=True),
    elementwise("c = sin(x)", "cos(x)", shared=True),
    elementwise("c = cos(x)", "-sin(x)", shared=True),
    elementwise("c = abs(x)", "sign(x)", analytic=False),
    elementwise("c = sign(x)", "0", analytic=False),
    elementwise("c = floor(x)", "0", analytic=False),
    # For x >= 0, erf(x) = 1 - exp(-x**2) * (1 - w * P(w)) with w = x / (1 + 0.272 x). P is a minimax polynomial of
    # degree 12, fitted for chainrule; the error stays below 2.3e-16.
    elementwise(
        "c = erf(x)",
        "2 / sqrt(pi) * exp(-x**2)",
        definition="u = minimum(abs(x), 6); e = exp(-u**2); w = u / (1 + 0.272 * u);"
        "q = (((-2.4e-9 * w + 2.1645e-8) * w + 5.635e-9) * w - 6.00648e-7) * w - 9.262395e-7;"
        "q = ((q * w + 3.30039494e-5) * w - 4.94144233e-5) * w - 0.001668651313;"
        "q = ((q * w + 0.01651086865976) * w - 0.08540662788359) * w + 0.291734782358526;"
        "q = (q * w - 0.69308086654988) * w + 1.1283791670955097;"
        "sign(x) * (1 - e + e * w * q)",
        shared=True,
        analytic=False,
    ),
    elementwise(
        "c = normal_cdf(x)", "normal_pdf(x)", definition="0.5 * (1 + erf(x / sqrt(2)))", shared=True, analytic=False
    ),
    elementwise("c = normal_pdf(x)", "-x * c", definition="exp(-0.5 * x**2) / sqrt(2 * pi)", shared=True),
    # --- activations that have a name of their own; a is the output, so the slope needs nothing else ---
    elementwise("a = sigmoid(z)", "a * (1 - a)", definition="1 / (1 + exp(-z))", shared=True, probability="element"),
    elementwise("a = tanh(z)", "1 - a**2", shared=True),
    elementwise("a = relu(z)", "a > 0", definition="maximum(z, 0)", analytic=False),
    elementwise("a = leaky_relu(z)", "where(a > 0, 1, 0.01)", definition="where(z > 0, z, 0.01 * z)", analytic=False),
    elementwise(
        "a = elu(z)", "where(a > 0, 1, a + 1)", definition="where(z > 0, z, exp(minimum(z, 0)) - 1)", analytic=False
    ),
    elementwise("a = softplus(z)", "sigmoid(z)", definition="log(1 + exp(-abs(z))) + maximum(z, 0)", shared=True),
    # --- contractions ---
    Op("C = matmul(A, B)", contraction, pullbacks=("g @ B.T", "A.T @ g"), symbol="@", precedence=PRODUCT),
    Op("C = transpose(A)", transposed, pullbacks=("g.T",)),
    # --- reductions; `size` is the number of elements reduced ---
    Op("s = sum(x)", reduced, pullbacks=("g",)),
    Op("s = mean(x)", reduced, pullbacks=("g / size",)),
    Op("s = max(x)", reduced, analytic=False),
    Op("s = variance(x)", reduced, definition="((x - x.mean(axis=0))**2).mean(axis=0)"),
    # --- rows of a matrix ---
    Op(
        "a = softmax(z)",
        matrix,
        pullbacks=("a * (g - (g * a).sum(axis=1, keepdims=True))",),
        definition="e = exp(z - z.max(axis=1, keepdims=True)); e / e.sum(axis=1, keepdims=True)",
        shared=True,
        probability="row",
    ),
    Op(
        "c = log_softmax(z)",
        matrix,
        pullbacks=("g - softmax(z) * full_like(c, g).sum(axis=1, keepdims=True)",),
        definition="u = z - z.max(axis=1, keepdims=True); u - log(exp(u).sum(axis=1, keepdims=True))",
        shared=True,
    ),
    # --- batch normalisation: mean and std are those of the batch z; the pull-back accounts for their share ---
    # Ioffe & Szegedy (2015), section 3, the three terms gathered: n depends on z by itself, by mean and by variance.
    Op(
        "n = normalize(z, mean, std)",
        first,
        pullbacks=("(g - g.mean(axis=0) - n * (g * n).mean(axis=0)) / std", "", ""),
        definition="(z - mean) / std",
        inline=True,
    ),
    # --- a loss fused with its output: no division by a saturated output, and a delta of p - y ---
    # The rows of y sum to one, and all of a row counts alike: the derivative of -sum(y log p) by z is then p - y.
    Op(
        "c = softmax_cross_entropy(z, y)",
        matrix,
        pullbacks=("g * (softmax(z) - y)", ""),
        definition="-(y * log_softmax(z))",
        inline=True,
    ),
    elementwise(
        "c = binary_cross_entropy(z, y)", "sigmoid(z) - y", "-z", definition="softplus(z) - y * z", inline=True
    ),
    elementwise("c = poisson_deviance(z, y)", "exp(z) - y", "-z", definition="exp(z) - y * z", inline=True),
    # --- errors beyond 1 count linearly: Huber (1964) ---
    elementwise(
        "c = huber(x)",
        "clip(x, -1, 1)",
        definition="where(abs(x) <= 1, 0.5 * x**2, abs(x) - 0.5)",
        analytic=False,
    ),
)

OPS: dict[str, Op] = {row.name: row for row in ROWS}
INFIX: dict[str, Op] = {row.symbol: row for row in ROWS if row.symbol and len(row.arguments) == 2}
CONTRACTIONS = frozenset({"matmul"})
REDUCTIONS = frozenset({"sum", "mean", "max", "variance"})
