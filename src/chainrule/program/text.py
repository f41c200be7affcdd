"""The one expression grammar: typed formulas <-> expressions.

    z * sigmoid(beta * z)        (delta2 @ W2.T) * (a1 * (1 - a1))        ((p - y)**2).mean()

Infix operators with Python's precedence (`^` is another way to write `**`), the ops of the table as functions, `.T`,
and `.sum()`, `.mean()`, `.max()`, `.var()` with `axis` and `keepdims`. Never `eval`: a formula is data. The printer
writes the same grammar, and the writers of the array languages build on it.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NoReturn

from .expr import Call, Expr, Name, Number, as_expr, call
from .ops import ATOM, COMPARISON, INFIX, NUMBER, OPS, POWER, PRODUCT, REDUCTIONS, SIGN, OperandError, ShapeError

MAXIMUM_LENGTH = 10_000
MAXIMUM_WHOLE = 2**53  # beyond, a whole number is written as a real one
MAXIMUM_DEPTH = 100  # of brackets, and of operations inside operations: passes walk expressions by recursion
OPTIONS = {("axis", "0"): 0, ("axis", "1"): 1, ("keepdims", "True"): True, ("keepdims", "False"): False}
METHODS = {"sum": "sum", "mean": "mean", "max": "max", "var": "variance"}
CONSTANTS = {"pi": math.pi}
METHOD_OPS = REDUCTIONS | {"transpose"}
DERIVED_OPS = {name for name, op in OPS.items() if op.inline}  # of derivations only
FUNCTIONS = tuple(name for name, op in OPS.items() if not op.symbol and name not in METHOD_OPS | DERIVED_OPS)


class FormulaError(ValueError):
    """A formula that cannot be read: what is wrong, and where."""

    def __init__(self, message: str, text: str, position: int) -> None:
        start = max(0, position - 30)
        shown = ("..." if start else "") + text[start : position + 40].replace("\n", " ")
        marker = " " * (position - start + (3 if start else 0)) + "^"
        shown = "".join(c if c.isprintable() else "?" for c in shown)
        super().__init__(f"{message}, at position {position + 1}\n    {shown}\n    {marker}")
        self.position = position


# --- reading -------------------------------------------------------------------------------------------------------

TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)|(?P<name>[A-Za-z_][A-Za-z_0-9]*)"
    r"|(?P<symbol>\*\*|<=|>=|==|[-+*/@^<>()=,.]))"
)


def tokens(text: str) -> list[tuple[str, str, int]]:
    """(kind, text, position) of every token; the last one is the end."""
    found, position = [], 0
    end = len(text.rstrip())
    while position < end:
        match = TOKEN.match(text, position)
        if match is None:
            position += len(text[position:]) - len(text[position:].lstrip())
            raise FormulaError(f"unexpected character {text[position]!r}", text, position)
        kind = match.lastgroup or ""
        found.append((kind, match[kind], match.start(kind)))
        position = match.end()
    return [*found, ("end", "", end)]


class Parser:
    """Precedence climbing over the tokens; `names` maps what may be named to expressions.

    functions       the ops that may be called
    strict          refuse arithmetic with numbers alone that has no finite real result
    """

    def __init__(
        self, text: str, names: Mapping[str, Expr], functions: tuple[str, ...] = FUNCTIONS, strict: bool = True
    ) -> None:
        if len(text) > MAXIMUM_LENGTH:
            raise FormulaError(f"the formula is longer than {MAXIMUM_LENGTH:,} characters", text, MAXIMUM_LENGTH)
        self.text, self.names, self.tokens, self.next, self.depth = text, names, tokens(text), 0, 0
        self.functions, self.strict = functions, strict

    def parse(self) -> Expr:
        if self.tokens[0][0] == "end":
            raise FormulaError("the formula is empty", self.text, 0)
        expr = self.expression(0)
        kind, value, position = self.tokens[self.next]
        if kind != "end":
            hint = "a closing bracket without an opening one" if value == ")" else f"unexpected {value!r}"
            if kind in ("name", "number") or value == "(":
                hint = f"an operator is missing before {value!r}"
            raise FormulaError(hint, self.text, position)
        return expr

    def take(self, symbol: str) -> bool:
        if self.tokens[self.next][:2] == ("symbol", symbol):
            self.next += 1
            return True
        return False

    def expression(self, minimum: int) -> Expr:
        self.depth += 1
        if self.depth > MAXIMUM_DEPTH:
            raise FormulaError(f"brackets nested deeper than {MAXIMUM_DEPTH}", self.text, self.tokens[self.next][2])
        left = self.prefix()
        while True:
            kind, value, position = self.tokens[self.next]
            row = INFIX.get("**" if value == "^" else value) if kind == "symbol" else None
            if row is None or row.precedence < minimum:
                break
            self.next += 1
            right = self.expression(row.precedence + (0 if row.precedence == POWER else 1))
            left = self.build(position, row.name, left, right)
            if row.precedence == COMPARISON:
                minimum = COMPARISON + 1  # a < b < c is not a chain
        self.depth -= 1
        return left

    def prefix(self) -> Expr:
        kind, value, position = self.tokens[self.next]
        if self.take("-"):
            operand = self.expression(SIGN)
            return Number(-operand.value) if isinstance(operand, Number) else self.build(position, "negative", operand)
        if self.take("+"):
            return self.expression(SIGN)
        self.next += 1
        if kind == "number":
            number = float(value)
            if math.isinf(number):
                raise FormulaError(f"the number {value} is too large", self.text, position)
            return self.postfix(Number(number))
        if kind == "name":
            return self.postfix(self.named(value, position))
        if (kind, value) == ("symbol", "("):
            inner = self.expression(0)
            self.close(position)
            return self.postfix(inner)
        if kind == "end":
            raise FormulaError("the formula ends where a value is expected", self.text, position)
        raise FormulaError(f"a value is expected, not {value!r}", self.text, position)

    def close(self, opened: int) -> None:
        if not self.take(")"):
            kind, value, position = self.tokens[self.next]
            if kind == "end":
                raise FormulaError("this opening bracket is never closed", self.text, opened)
            raise FormulaError(f"')' or an operator is expected, not {value!r}", self.text, position)

    def named(self, name: str, position: int) -> Expr:
        if self.tokens[self.next][:2] == ("symbol", "(") and name not in self.names:
            if name not in self.functions:
                self.unknown("function", name, self.functions, position)
            opened = self.tokens[self.next][2]
            self.next += 1
            args = [self.expression(0)]
            while self.take(","):
                args.append(self.expression(0))
            self.close(opened)
            expected = OPS[name].arguments
            if len(args) != len(expected):
                arguments = f"{len(expected)} argument{'s' * (len(expected) > 1)} ({', '.join(expected)})"
                raise FormulaError(f"{name} takes {arguments}, not {len(args)}", self.text, position)
            return self.build(position, name, *args)
        if name in self.names:
            return self.names[name]
        if name in CONSTANTS:
            return Number(CONSTANTS[name])
        self.unknown("name", name, (*self.names, *CONSTANTS), position)

    def unknown(self, what: str, name: str, known: tuple[str, ...], position: int) -> NoReturn:
        near = difflib.get_close_matches(name, known, 1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        raise FormulaError(f"unknown {what} '{name}'{hint}; known: {', '.join(known)}", self.text, position)

    def postfix(self, expr: Expr) -> Expr:
        while self.take("."):
            _, value, position = self.tokens[self.next]
            self.next += 1
            if value == "T":
                expr = self.build(position, "transpose", expr)
            elif value in METHODS:
                expr = self.build(position, METHODS[value], expr, **self.options(position))
            else:
                known = f".T, .{'(), .'.join(METHODS)}()"
                raise FormulaError(f"unknown method '.{value}'; known: {known}", self.text, position)
        return expr

    def options(self, position: int) -> dict[str, object]:
        options: dict[str, object] = {}
        opened = self.tokens[self.next][2]
        if not self.take("("):
            raise FormulaError(f"'(' is expected after .{self.tokens[self.next - 1][1]}", self.text, opened)
        while not self.take(")"):
            (_, key, at), (_, equals, _), (_, value, _) = (*self.tokens[self.next :], *[("end", "", position)] * 3)[:3]
            if equals != "=" or (key, value) not in OPTIONS:
                raise FormulaError("axis=0, axis=1 or keepdims=True is expected", self.text, at)
            options[key] = OPTIONS[key, value]
            self.next += 3
            if not self.take(","):
                self.close(opened)
                break
        return options

    def build(self, position: int, op: str, *args: Expr, **options: object) -> Expr:
        try:
            built = call(op, *args, **options)
        except OperandError as error:
            if not self.strict and not isinstance(error, ShapeError):
                raise  # it is not for the rule that the expression is too large
            raise FormulaError(str(error), self.text, position) from None
        if self.strict and built.depth > MAXIMUM_DEPTH:
            raise FormulaError(f"more than {MAXIMUM_DEPTH} operations inside one another", self.text, position)
        return self.checked(built, position) if self.strict else built

    def checked(self, built: Call, position: int) -> Expr:
        """What was built. Numbers alone must have a finite real result; 2 / 3 stays as it is written.

        Nothing may be divided by a number that is 0.
        A whole number that is too long for an array of real ones becomes a real one: `2**100`.
        """
        try:
            result = constant(built)
        except (ArithmeticError, ValueError):
            result = math.nan
        if result is None:
            if built.op != "divide" or constant(built.args[1]) != 0:
                return built
            result = math.nan
        if not math.isfinite(result):
            raise FormulaError(f"{to_text(built)} is no finite real number", self.text, position)
        whole = result.is_integer() and abs(result) >= MAXIMUM_WHOLE
        return Number(result) if whole and built.op in ARITHMETIC else built


def parse(text: str, names: Mapping[str, Expr]) -> Expr:
    """Read a formula.

    Raises
        FormulaError: an unknown name (with the known ones), an unbalanced bracket, a shape that does not fit; the
        message shows the position.
    """
    return _read(text, tuple(names.items()))


@lru_cache(maxsize=1024)  # a derivation reads the same few formulas for the same few names over and over
def _read(text: str, names: tuple[tuple[str, Expr], ...]) -> Expr:
    return Parser(text, dict(names)).parse()


@lru_cache(maxsize=4096)
def _parsed(text: str, names: tuple[tuple[str, Expr], ...]) -> Expr:
    return Parser(text, dict(names), tuple(OPS), strict=False).parse()


def rule(text: str, **names: Expr | float) -> Expr:
    """A rule of the book, with its names bound; rules are parsed once per shape."""
    return _parsed(text, tuple((name, as_expr(value)) for name, value in names.items()))


ARITHMETIC: dict[str, Callable[..., float]] = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "negative": lambda x: -x,
    "divide": lambda x, y: x / y,
    "power": math.pow,
}
VALUES: dict[str, Callable[..., float]] = ARITHMETIC | {
    "less": lambda x, y: float(x < y),
    "less_equal": lambda x, y: float(x <= y),
    "greater": lambda x, y: float(x > y),
    "greater_equal": lambda x, y: float(x >= y),
    "equal": lambda x, y: float(x == y),
    "where": lambda condition, x, y: x if condition else y,
    "minimum": min,
    "maximum": max,
    "clip": lambda x, low, high: min(max(x, low), high),
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "sin": math.sin,
    "cos": math.cos,
    "tanh": math.tanh,
    "sigmoid": lambda z: 0.5 + 0.5 * math.tanh(0.5 * z),
    "abs": abs,
    "sign": lambda x: float((x > 0) - (x < 0)),
    "floor": lambda x: float(math.floor(x)),
    "erf": math.erf,
}


def constant(expr: Expr) -> float | None:
    """The value of an expression of numbers alone, None of any other.

    Raises
        ArithmeticError, ValueError: it has none: a division by zero, beyond the largest number, not real.
    """
    if isinstance(expr, Number):
        return expr.value
    if not isinstance(expr, Call):
        return None
    found = [constant(arg) for arg in expr.args]
    args = [value for value in found if value is not None]
    if len(args) < len(found):
        return None
    if expr.op in VALUES:
        return float(VALUES[expr.op](*args))
    assigned, result = expr.row.definition_steps
    known = result and not assigned
    return constant(rule(result, **dict(zip(expr.row.arguments, args, strict=True)))) if known else None


# --- writing -------------------------------------------------------------------------------------------------------


def number_text(value: float) -> str:
    """`2`, `0.5`, `1e-5`: the shortest text that reads back as the same number."""
    if float(value).is_integer() and abs(value) < 1e15:
        return str(int(value))
    return re.sub(r"e\+?(-?)0*(\d)", r"e\1\2", repr(float(value)))


class Printer:
    """Writes an expression in the grammar above. A language overrides how it spells numbers, functions, reductions."""

    def __call__(self, expr: Expr) -> str:
        return self.text(expr, 0)

    def text(self, expr: Expr, minimum: int) -> str:
        """The expression, in brackets if it binds less tightly than `minimum`."""
        text, precedence = self.spell(expr)
        return f"({text})" if precedence < minimum else text

    def spell(self, expr: Expr) -> tuple[str, int]:
        """The text of an expression and how tightly it binds."""
        if isinstance(expr, Name):
            return self.name(expr), ATOM
        if isinstance(expr, Number):
            return self.number(expr.value), SIGN if expr.value < 0 else NUMBER
        assert isinstance(expr, Call)
        if expr.op == "transpose":
            return f"{self.text(expr.args[0], ATOM)}.T", ATOM
        if expr.op in REDUCTIONS:
            return self.reduction(expr), ATOM
        row = expr.row
        if row.symbol and len(expr.args) == 2:
            return self.infix(expr)
        if row.symbol:
            return f"{row.symbol}{self.text(expr.args[0], SIGN)}", SIGN
        return self.function(expr), ATOM

    def infix(self, expr: Call) -> tuple[str, int]:
        row, (left, right) = expr.row, expr.args
        precedence = row.precedence
        if precedence == POWER:
            return f"{self.text(left, POWER + 1)}**{self.text(right, POWER + 1)}", POWER
        # a product of matrices keeps its brackets inside another product: (delta2 @ W2.T) * slope
        product = precedence == PRODUCT and self.is_contraction(left) and not self.is_contraction(expr)
        chain = precedence == COMPARISON  # Python reads a < b < c as another thing
        before, after = self.text(left, precedence + (product or chain)), self.text(right, precedence + 1)
        return f"{before} {row.symbol} {after}", precedence

    @staticmethod
    def is_contraction(expr: Expr) -> bool:
        return isinstance(expr, Call) and expr.op == "matmul"

    def name(self, expr: Name) -> str:
        return expr.name

    def number(self, value: float) -> str:
        return "pi" if value == math.pi else number_text(value)

    def reduction(self, expr: Call) -> str:
        method = next(method for method, op in METHODS.items() if op == expr.op)
        options = ", ".join(f"{key}={value}" for key, value in expr.options)
        return f"{self.text(expr.args[0], ATOM)}.{method}({options})"

    def function(self, expr: Call) -> str:
        return f"{expr.op}({', '.join(map(self, expr.args))})"


to_text = Printer()
