"""Op table x array languages: every cell is spelled, or defined in smaller ops, and has the reference's value."""

import numpy as np
import pytest

from chainrule.engines.reference import FUNCTIONS, evaluate
from chainrule.program.expr import Call, Expr, Name, Number, call
from chainrule.program.ops import OPS, REDUCTIONS
from chainrule.program.steps import ProgramError
from chainrule.writers import writer
from tests.writers.agreement import load
from tests.writers.networks import ARRAY_LANGUAGES, NETWORKS

RANDOM = np.random.RandomState(0)
VALUES = {name: RANDOM.uniform(0.1, 2.0, (4, 3)) for name in ("x", "y", "z", "A", "condition", "mean", "std", "value")}
ARRAYS = {name: Name(name, ("N", 3)) for name in VALUES}


def example(op: str) -> Call:
    """The op, applied to arrays of random numbers."""
    row = OPS[op]
    if op == "matmul":
        return call(op, ARRAYS["x"], call("transpose", ARRAYS["y"]))
    if op in REDUCTIONS:
        return call(op, ARRAYS["x"], axis=0)
    args: dict[str, Expr] = {name: ARRAYS[name] for name in row.arguments if name in ARRAYS}
    args |= {"low": Number(0.5), "high": Number(1.0)}
    args |= {"condition": call("less", ARRAYS["x"], ARRAYS["y"]), "value": Number(3.0)}
    return call(op, *(args[name] for name in row.arguments))


@pytest.mark.parametrize("language", ARRAY_LANGUAGES)
@pytest.mark.parametrize("op", OPS)
def test_every_op_is_spelled_in_every_language(op, language):
    if language == "jax":
        pytest.importorskip("jax")
    chosen = writer(language)(NETWORKS["founding_3_4_1"]())
    expression = example(op)
    text = chosen(expression)
    definitions = chosen.definitions()
    module = load("\n".join([*chosen.import_lines(), "import numpy as np", *definitions]))
    single = {name: value.astype(np.float32) for name, value in VALUES.items()}
    found = np.asarray(eval(text, module, single))  # noqa: S307  our own writer's text
    np.testing.assert_allclose(found, evaluate(expression, VALUES), rtol=1e-5, atol=1e-6)
    assert found.dtype == (bool if OPS[op].symbol in ("<", "<=", ">", ">=", "==") else np.float32)


def test_the_reference_knows_every_op():
    assert set(FUNCTIONS) == set(OPS)


def test_an_op_without_a_cell_is_refused_by_name(monkeypatch):
    monkeypatch.delitem(writer("numpy").spellings, "cos")
    with pytest.raises(ProgramError, match="numpy has no spelling for cos"):
        writer("numpy")(NETWORKS["founding_3_4_1"]())(example("cos"))


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1"), (0.001, "0.001"), (1e-4, "1e-4"), (-0.00025, "-2.5e-4"), (1e-8, "1e-8"), (1e300, "1e300")],
)
def test_numbers_are_short_and_exact(value, text):
    assert writer("numpy")(NETWORKS["founding_3_4_1"]()).number(value) == text
    assert float(text) == value
