"""A model as an ONNX graph: from the columns of a table to answers, for every runtime that knows the format.

Needs onnx, an extra. The standard operators of version 19 suffice: texts are compared with the categories by `Equal`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..program.expr import CONNECTIVES, Call, Expr, Name, Number, leaves_of
from ..program.ops import COMPARISON
from ..program.text import parse
from ..writers.model import CategoryColumn, NumberColumn, TrainedModel
from .standalone import trained_model

if TYPE_CHECKING:
    from .predictor import Predictor

OPERATORS, FORMAT = 19, 9  # of the operator set, and of the file: what runtimes of 2023 and later read
MOST_BYTES = 2**31 - 2**24
SPELLINGS = {
    "add": "Add", "subtract": "Sub", "negative": "Neg", "multiply": "Mul", "divide": "Div", "power": "Pow",
    "less": "Less", "less_equal": "LessOrEqual", "greater": "Greater", "greater_equal": "GreaterOrEqual",
    "equal": "Equal", "minimum": "Min", "maximum": "Max", "exp": "Exp", "log": "Log", "sqrt": "Sqrt", "sin": "Sin",
    "cos": "Cos", "abs": "Abs", "sign": "Sign", "floor": "Floor", "sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "Relu",
    "matmul": "MatMul", "transpose": "Transpose",
}  # fmt: skip
ROW_WISE = {"softmax": "Softmax", "log_softmax": "LogSoftmax"}
REDUCED = {"sum": "ReduceSum", "mean": "ReduceMean", "max": "ReduceMax"}
BOTH = {"multiply": "And", "minimum": "And", "maximum": "Or"}  # of conditions


def to_onnx(predictor: Predictor) -> bytes:
    """The file.

    Inputs      each column of the table by its name, (N, 1): numbers as double, NaN where one is missing, whatever the
                dtype of the model, for float would round 1600000001; texts without blanks around them
    Outputs     prediction (N,), labels or numbers; with classes also probability (N, K), or output where they are none
    A model that was trained on arrays takes X (N, D) and gives its outputs (N, K) as prediction.

    Raises
        ImportError: onnx is not installed.
        ValueError: an op that ONNX has not.
    """
    try:
        import onnx
    except ImportError:
        raise ImportError("ONNX files need onnx: pip install 'chainrule[onnx]'") from None
    from .. import __version__

    arrays = (*predictor.model.parameters.values(), *predictor.model.statistics.values())
    if sum(array.nbytes for array in arrays) > MOST_BYTES:
        raise ValueError(f"{predictor.name}: more than {MOST_BYTES:,} bytes of weights, the most that ONNX files hold")
    graph = Graph(predictor)

    made = onnx.helper.make_model(
        graph.made(),
        opset_imports=[onnx.helper.make_opsetid("", OPERATORS)],
        ir_version=FORMAT,
        producer_name="chainrule",
        producer_version=__version__,
    )
    onnx.checker.check_model(made, full_check=True)
    content: bytes = made.SerializeToString(deterministic=True)
    return content


class Graph:
    """One graph in the making."""

    def __init__(self, predictor: Predictor) -> None:
        from onnx import TensorProto, helper, numpy_helper

        self.helper, self.from_array, self.types = helper, numpy_helper.from_array, TensorProto
        self.predictor, self.program = predictor, predictor.engine.program
        self.dtype = predictor.engine.dtype
        self.real = TensorProto.FLOAT if self.dtype == np.float32 else TensorProto.DOUBLE
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.known: dict[Any, str] = {}  # constants, by their bytes
        self.taken: set[str] = set()
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []

    def made(self) -> Any:
        if self.predictor.model.preparation is None:
            width, K = self.predictor.network.inputs, self.predictor.network.outputs
            X = self.declared(self.inputs, "X", self.real, ["N", width])
            self.result("prediction", self.network(X), self.real, ["N", K])
        else:
            model = trained_model(self.predictor)
            self.answer(model, self.network(self.prepared(model)))
        return self.helper.make_graph(
            self.nodes, "chainrule", self.inputs, self.outputs, self.constants, doc_string=self.program.title
        )

    # --- parts ---

    def prepared(self, model: TrainedModel) -> str:
        """X (N, D) from the columns."""
        names = [column.name for column in model.columns]
        self.taken |= set(names)
        parts: list[str] = []
        for column in model.columns:
            kind = self.types.STRING if isinstance(column, CategoryColumn) else self.types.DOUBLE
            self.inputs.append(self.helper.make_tensor_value_info(column.name, kind, ["N", 1]))
            parts += self.category(column) if isinstance(column, CategoryColumn) else self.number(column)
        return self.node("Concat", parts, "X", axis=1)

    def number(self, column: NumberColumn) -> list[str]:
        mean, median = (self.constant(np.array(value, float)) for value in (column.mean, column.median))
        deviation = self.constant(np.array(column.deviation or np.inf))  # a constant column becomes 0
        missing = self.node("IsNaN", [column.name], "missing")
        filled = self.node("Where", [missing, median, column.name], "filled")
        scaled = self.node("Div", [self.node("Sub", [filled, mean], "centred"), deviation], "scaled")
        cast = [scaled] if self.real == self.types.DOUBLE else [self.node("Cast", [scaled], "number", to=self.real)]
        return cast + [self.node("Cast", [missing], "indicator", to=self.real)] * column.indicated

    def category(self, column: CategoryColumn) -> list[str]:
        categories = self.constant(np.array([list(column.categories)], dtype=object))
        same = self.node("Equal", [column.name, categories], "same")
        return [self.node("Cast", [same], "one_hot", to=self.real)]

    def network(self, X: str) -> str:
        """The prediction steps, one after another."""
        values = {"X": X}
        weights = {**self.predictor.parameters, **self.predictor.state}
        for step in self.program.prediction_steps:
            for name in sorted(leaves_of(step.expression) & set(weights)):
                values[name] = self.constant(weights[name], name)
            values[step.name] = self.value(step.expression, values)
        return values[self.program.prediction]

    def answer(self, model: TrainedModel, p: str) -> None:
        """Labels and probabilities, or numbers in the units of the table."""
        if not model.classes:
            found = self.node("Squeeze", [p, self.constant(np.array([1]))], "output")
            if model.is_scaled or self.real != self.types.DOUBLE:
                found = self.node("Cast", [found], "number", to=self.types.DOUBLE)
            for op, value in (("Mul", model.deviation), ("Add", model.mean)):
                found = self.node(op, [found, self.constant(np.array(value))], "scaled")
            self.result("prediction", found, self.types.DOUBLE, ["N"])
            return
        if self.predictor.network.outputs == 1:
            other = self.node("Sub", [self.constant(np.array(1, self.dtype)), p], "other")
            p = self.node("Concat", [other, p], "both", axis=1)
        best = self.node("ArgMax", [p], "best", axis=1, keepdims=0)
        labels = self.constant(np.array(list(model.classes), dtype=object), "labels")
        self.result("prediction", self.node("Gather", [labels, best], "label"), self.types.STRING, ["N"])
        self.result(model.kind, p, self.real, ["N", len(model.classes)])

    # --- expressions ---

    def value(self, expr: Expr, values: dict[str, str]) -> str:
        """The name of the tensor that holds it: a number of the model's dtype."""
        if isinstance(expr, Name):
            return values[expr.name]
        if isinstance(expr, Number):
            return self.constant(np.array(expr.value, self.dtype))
        assert isinstance(expr, Call)
        if expr.row.precedence == COMPARISON:
            return self.node("Cast", [self.condition(expr, values)], "truth", to=self.real)
        if expr.op == "where":
            condition = self.condition(expr.args[0], values)
            return self.node("Where", [condition, *(self.value(arg, values) for arg in expr.args[1:])], "chosen")
        if expr.op in REDUCED:
            return self.reduced(expr, values)
        args = [self.value(arg, values) for arg in expr.args]
        if expr.op in ROW_WISE:
            return self.node(ROW_WISE[expr.op], args, expr.op, axis=1)
        if expr.op == "clip":
            return self.node("Min", [self.node("Max", args[:2], "least"), args[2]], "clipped")
        if expr.op == "full_like":
            return self.node("Expand", [args[1], self.node("Shape", args[:1], "shape")], "full")
        if expr.op in SPELLINGS:
            return self.node(SPELLINGS[expr.op], args, expr.op)
        if expr.row.definition:
            return self.defined(expr, args)
        raise ValueError(f"{expr.op} cannot be exported: ONNX has no such operator")

    def condition(self, expr: Expr, values: dict[str, str]) -> str:
        """A comparison, or several with and and or between them, as truth values."""
        assert isinstance(expr, Call)
        if expr.op in CONNECTIVES:
            return self.node(BOTH[expr.op], [self.condition(arg, values) for arg in expr.args], "condition")
        return self.node(SPELLINGS[expr.op], [self.value(arg, values) for arg in expr.args], "condition")

    def reduced(self, expr: Call, values: dict[str, str]) -> str:
        axis, keepdims = expr.option("axis"), int(bool(expr.option("keepdims")))
        axes = [] if axis is None else [self.constant(np.array([axis]))]
        return self.node(REDUCED[expr.op], [self.value(expr.args[0], values), *axes], expr.op, keepdims=keepdims)

    def defined(self, expr: Call, args: Sequence[str]) -> str:
        """An op by its definition in smaller ones."""
        values = dict(zip(expr.row.arguments, args, strict=True))
        bound: dict[str, Expr] = {
            name: Name(name, arg.shape) for name, arg in zip(expr.row.arguments, expr.args, strict=True)
        }
        assigned, result = expr.row.definition_steps
        for name, text in assigned:
            step = parse(text, bound)
            values[name] = self.value(step, values)
            bound[name] = Name(name, step.shape)
        return self.value(parse(result, bound), values)

    # --- pieces ---

    def free(self, name: str) -> str:
        """A name that nothing else in the graph has."""
        found, number = name, 2
        while found in self.taken:
            found, number = f"{name}_{number}", number + 1
        self.taken.add(found)
        return found

    def node(self, op: str, inputs: Sequence[str], name: str, **attributes: Any) -> str:
        output = self.free(name)
        self.nodes.append(self.helper.make_node(op, list(inputs), [output], **attributes))
        return output

    def constant(self, values: Any, name: str = "constant") -> str:
        key = (values.dtype.str, values.shape, tuple(values.ravel()) if values.dtype == object else values.tobytes())
        if key not in self.known:
            self.known[key] = self.free(name)
            self.constants.append(self.from_array(values, self.known[key]))
        return self.known[key]

    def declared(self, where: list[Any], name: str, kind: int, shape: list[str | int]) -> str:
        found = self.free(name)
        where.append(self.helper.make_tensor_value_info(found, kind, shape))
        return found

    def result(self, name: str, value: str, kind: int, shape: list[str | int]) -> None:
        self.nodes.append(self.helper.make_node("Identity", [value], [self.declared(self.outputs, name, kind, shape)]))

