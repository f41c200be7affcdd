"""Every row of the op table: its shape, its derivative rule, its definition, NaN and kinks."""

import numpy as np
import pytest

from chainrule.engines.reference import FUNCTIONS, evaluate, evaluate_definition
from chainrule.program.builder import Builder
from chainrule.program.expr import Expr, Name, call
from chainrule.program.ops import COMPARISON, OPS, REDUCTIONS, Shape, ShapeError, broadcast, format_shape
from chainrule.program.reverse import Reverse, differentiate, size, unbroadcast
from chainrule.program.simplify import simplify
from chainrule.program.steps import ProgramError, Step
from chainrule.program.text import rule
from tests.zoo import Array, Arrays

ROWS, COLUMNS = 5, 3
DOMAINS: dict[str, tuple[tuple[float, float], ...]] = {  # where an op is smooth, by argument
    "divide": ((-2, 2), (0.5, 2)),
    "power": ((0.3, 3), (-2, 2)),
    "log": ((0.3, 3),),
    "sqrt": ((0.3, 3),),
    "clip": ((-3, 3), (-1.5, -0.5), (0.5, 1.5)),
    "normalize": ((-2, 2), (-1, 1), (0.5, 2)),
    "huber": ((-3, 3),),
    "erf": ((-7, 7),),
    "normal_cdf": ((-8, 8),),
}
NO_RULE = {"full_like", "max", "variance"}  # refused by name where a gradient would have to pass
ELEMENTWISE = [name for name, row in OPS.items() if row.elementwise]
PULLED = [name for name, row in OPS.items() if row.pullbacks]
DEFINED = [name for name, row in OPS.items() if row.definition]


def arguments(op: str, seed: int = 0) -> Arrays:
    """Arguments in the op's domain, (N, 3) each; a matrix product gets (N, 3) and (3, 4)."""
    random = np.random.RandomState(seed)
    found: Arrays = {}
    for i, name in enumerate(OPS[op].arguments):
        low, high = DOMAINS[op][i] if op in DOMAINS else (-2, 2)
        shape = (COLUMNS, 4) if op == "matmul" and i == 1 else (ROWS, COLUMNS)
        found[name] = random.uniform(low, high, shape)
    if op == "where":
        found["condition"] = found["condition"] > 0
    if op == "normalize":
        found |= {"mean": found["z"].mean(axis=0), "std": np.sqrt(found["z"].var(axis=0) + 1e-5)}
    return found


def named(op: str) -> dict[str, Name]:
    others: dict[str, list[Shape]] = {"matmul": [("N", 3), (3, 4)], "normalize": [("N", 3), (3,), (3,)]}
    shapes = others.get(op, [("N", 3)] * 3)
    return {name: Name(name, shape) for name, shape in zip(OPS[op].arguments, shapes, strict=False)}


def forward_mode(op: str, values: Arrays, moved: str, along: Array, **options: object) -> Array:
    """J v by a complex step where the op is analytic, else by central differences."""

    def f(step: complex) -> Array:
        shifted = values | {moved: values[moved] + step * along}
        if op == "normalize":  # mean and std are those of the batch
            z = shifted["z"]
            mean = z.mean(axis=0)
            shifted |= {"mean": mean, "std": np.sqrt(((z - mean) ** 2).mean(axis=0) + 1e-5)}
        return np.asarray(FUNCTIONS[op](*shifted.values(), **options)) * 1.0

    if OPS[op].analytic:
        return np.asarray(np.imag(f(1e-100j)) / 1e-100)
    return np.asarray((f(1e-6) - f(-1e-6)) / 2e-6)


def test_every_op_has_a_rule_or_is_known_to_have_none():
    assert {name for name, row in OPS.items() if not row.elementwise and not row.pullbacks} == NO_RULE


def test_every_op_is_evaluated_by_the_reference():
    assert set(OPS) == set(FUNCTIONS)


@pytest.mark.parametrize("op", ELEMENTWISE)
@pytest.mark.parametrize("through_output", [True, False])
def test_slope(op, through_output):
    row, names, values = OPS[op], named(op), arguments(op)
    if op == "where":
        names["condition"] = call("greater", names["condition"], 0)  # type: ignore[assignment]  # an expression
    expression = call(op, *names.values())
    random = np.random.RandomState(1)
    values["output"] = np.asarray(evaluate(expression, values))
    for moved in row.arguments if row.slopes else row.linear:
        u, v = random.standard_normal((2, ROWS, COLUMNS))
        output = Name("output", expression.shape) if through_output else None
        slope = evaluate(differentiate(expression, names[moved], output), values)
        given = {name: values[name] for name in row.arguments}
        forward = forward_mode(op, given, moved, v)
        assert np.sum(v * (slope * u)) == pytest.approx(np.sum(forward * u), rel=1e-8, abs=1e-8)


AXES = [dict(axis=0), dict(axis=0, keepdims=True), dict(axis=1, keepdims=True)]


@pytest.mark.parametrize(
    ("op", "options"), [(op, {}) for op in PULLED] + [(op, axis) for op in ("sum", "mean") for axis in AXES]
)
def test_pullback(op, options):
    row, names, values = OPS[op], named(op), arguments(op)
    expression = call(op, *names.values(), **options)
    random = np.random.RandomState(1)
    output = np.asarray(FUNCTIONS[op](*values.values(), **options))
    u = random.standard_normal(output.shape)
    if op == "softmax_cross_entropy":  # rows of y sum to one, and all of a row counts alike
        values["y"] = np.exp(values["y"]) / np.exp(values["y"]).sum(axis=1, keepdims=True)
        u = np.broadcast_to(u[:, :1], u.shape)
    bound: dict[str, Expr] = {**names, "g": Name("g", expression.shape), row.output: Name("output", expression.shape)}
    if op in REDUCTIONS:
        bound["size"] = size(expression.args[0].shape, options.get("axis"))
    for moved, text in zip(row.arguments, row.pullbacks, strict=True):
        if text:
            v = random.standard_normal(values[moved].shape)
            pulled = evaluate(simplify(rule(text, **bound)), {**values, "g": u, "output": output, "N": ROWS})
            forward = forward_mode(op, values, moved, v, **options)
            assert np.sum(v * pulled) == pytest.approx(np.sum(forward * u), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("op", DEFINED)
def test_definition(op):
    for seed in range(5):
        values = list(arguments(op, seed).values())
        if op == "variance":
            assert evaluate_definition(op, *values) == pytest.approx(np.var(values[0], axis=0), rel=1e-14)
        else:
            assert evaluate_definition(op, *values) == pytest.approx(FUNCTIONS[op](*values), rel=4e-15, abs=4e-16)


def test_definition_of_erf_is_good_to_the_last_digits():
    x = np.linspace(-8, 8, 20_001)
    assert np.abs(evaluate_definition("erf", x) - FUNCTIONS["erf"](x)).max() <= 2.3e-16


@pytest.mark.parametrize("op", ["softmax", "log_softmax", "softplus", "softmax_cross_entropy"])
def test_definition_does_not_overflow(op):
    z = np.array([[1000.0, -1000.0, 0.0]])
    values = [z, np.eye(3)[:1]][: len(OPS[op].arguments)]
    with np.errstate(over="raise"):
        assert np.isfinite(FUNCTIONS[op](*values)).all()
        if op != "softmax_cross_entropy":
            assert np.isfinite(evaluate_definition(op, *values)).all()


@pytest.mark.parametrize("op", [op for op in ELEMENTWISE if OPS[op].precedence != COMPARISON])
def test_nan_passes(op):
    values = arguments(op)
    for name in OPS[op].arguments:
        if (op, name) != ("where", "condition"):
            with_nan = list((values | {name: np.full((ROWS, COLUMNS), np.nan)}).values())
            if op == "where":
                with_nan[0] = np.full((ROWS, COLUMNS), name == "x")
            with np.errstate(invalid="ignore"):
                assert np.isnan(FUNCTIONS[op](*with_nan)).all()
                if OPS[op].definition:
                    assert np.isnan(evaluate_definition(op, *with_nan)).all()


@pytest.mark.parametrize(
    ("op", "at", "expected"),
    [
        ("relu", 0.0, 0.0),
        ("leaky_relu", 0.0, 0.01),
        ("leaky_relu", -5.0, 0.01),
        ("elu", 0.0, 1.0),
        ("abs", 0.0, 0.0),
        ("sign", 0.0, 0.0),
        ("huber", 1.0, 1.0),
        ("huber", -3.0, -1.0),
        ("sigmoid", 0.0, 0.25),
        ("tanh", 0.0, 1.0),
        ("softplus", 0.0, 0.5),
        ("normal_cdf", 0.0, 0.3989422804014327),
    ],
)
def test_slope_at(op, at, expected):
    names = named(op)
    slope = differentiate(call(op, *names.values()), *names.values())
    assert evaluate(slope, {next(iter(names)): np.array([[at]])}) == pytest.approx(expected, abs=1e-15)


# --- shapes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ([("N", 3), (3,)], ("N", 3)),
        ([("N", 3), ("N", 1)], ("N", 3)),
        ([(), ("N", 3)], ("N", 3)),
        ([(1, 3), ("N", 1)], ("N", 3)),
        ([(3,), (1,), ()], (3,)),
    ],
)
def test_broadcasting(shapes, expected):
    assert broadcast(tuple(shapes)) == expected


@pytest.mark.parametrize("shapes", [[("N", 3), ("N", 4)], [("N", 3), ("N",)], [(3,), (4,)], [("N", 3), (5, 3)]])
def test_n_equals_only_itself(shapes):
    with pytest.raises(ShapeError, match=r"shapes do not fit: \("):
        broadcast(tuple(shapes))


def test_refused_shapes():
    X, W, b = Name("X", ("N", 3)), Name("W", (4, 2)), Name("b", (3,))
    with pytest.raises(ShapeError, match=r"shapes do not fit: \(N, 3\) @ \(4, 2\)"):
        X @ W
    with pytest.raises(ShapeError, match=r"axis 2 does not exist in shape \(N, 3\)"):
        X.sum(axis=2)
    with pytest.raises(ShapeError, match=r"rows of a matrix, not on shape \(3,\)"):
        call("softmax", b)


@pytest.mark.parametrize(("shape", "text"), [((), "()"), ((3,), "(3,)"), (("N", 3), "(N, 3)")])
def test_shape_as_text(shape, text):
    assert format_shape(shape) == text


@pytest.mark.parametrize(
    ("held", "shape", "target"),
    [
        (("N", 3), ("N", 3), ("N", 3)),
        (("N", 3), ("N", 3), (3,)),
        (("N", 3), ("N", 3), ("N", 1)),
        (("N", 3), ("N", 3), (1, 3)),
        (("N", 3), ("N", 3), ()),
        (("N", 1), ("N", 3), (3,)),
        (("N", 1), ("N", 3), ("N", 1)),
        (("N", 1), ("N", 3), ()),
        ((3,), ("N", 3), ()),
        ((3,), ("N", 3), (3,)),
        ((), ("N", 3), ()),
        ((1, 3), ("N", 3), (3,)),
        (("N", 1), ("N", 1), (1,)),
        (("N", 3), ("N", 3), (1,)),
    ],
)
def test_unbroadcast_sums_what_was_repeated(held, shape, target):
    def filled(dimensions):
        return tuple(ROWS if n == "N" else n for n in dimensions)

    g = np.random.RandomState(0).standard_normal(filled(held))
    expression = unbroadcast(Name("g", held), shape, target)
    assert broadcast((expression.shape, target)) == target
    full = np.broadcast_to(g, filled(shape))
    wanted = (1,) * (len(shape) - len(target)) + filled(target)
    expected = full.sum(axis=tuple(i for i, n in enumerate(wanted) if n == 1), keepdims=True).reshape(filled(target))
    found = evaluate(expression, {"g": g, "N": ROWS})
    assert np.broadcast_to(found, expected.shape) == pytest.approx(expected)


@pytest.mark.parametrize("op", sorted(NO_RULE))
def test_an_op_without_a_rule_is_refused_by_name(op):
    build = Builder(3, training=True)
    z = build.step("z", build.input @ build.parameter("W", (3, 2)), "pre_activation")
    loss = call(op, z.sum(), z.sum()) if op == "full_like" else call(op, z)
    step = Step("data_loss", loss, "loss", "data_loss")
    with pytest.raises(ProgramError, match=f"no gradient passes through {op}: the op table has no rule for it"):
        Reverse(build, [*build.steps, step], ["W0"]).run("data_loss")
