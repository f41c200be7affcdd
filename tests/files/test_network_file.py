"""Network files: what is read back identical, and what is refused, with the place."""

import json
import tracemalloc
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chainrule as cr
from chainrule.data import DataError
from chainrule.files import FileError, NetworkFile, read_network
from chainrule.files.json_text import read_json
from chainrule.formulas.layers import LAYERS
from chainrule.formulas.losses import LOSSES, Loss
from chainrule.formulas.optimizers import OPTIMIZERS
from chainrule.formulas.penalties import PENALTIES, Penalty
from tests.tools import ALL
from tests.zoo import ZOO

SMALL: dict[str, Any] = {
    "format": "chainrule network 1",
    "inputs": 2,
    "layers": [{"layer": "dense", "units": 3, "activation": "tanh"}, {"layer": "dense", "units": 1}],
}


def back(declared: NetworkFile) -> NetworkFile:
    return NetworkFile.from_dict(read_json(declared.text().encode(), "net.json"))


@pytest.mark.parametrize("name", ZOO)
def test_every_network_is_read_back_identical(name):
    declared = NetworkFile.of(ZOO[name]().declaration)
    again = back(declared)
    assert again.text() == declared.text()
    program, derived = ZOO[name](), again.derive()
    assert str(derived) == str(program)
    assert derived.hyperparameters == program.hyperparameters


def test_every_row_of_the_book_can_be_written():
    for loss in LOSSES.values():
        output = loss.outputs[0] if loss.outputs else "linear"
        declared = NetworkFile(cr.Network(2, [cr.Dense(3), cr.Dense(2, output)]), loss=loss)
        assert back(declared) == declared
    for optimizer in OPTIMIZERS.values():
        declared = NetworkFile(cr.Network.parse("2-1"), optimizer=optimizer())
        assert back(declared) == declared
    for penalty in PENALTIES.values():
        strengths = (0.1, 0.2) if penalty is cr.ElasticNet else (0.1,)
        declared = NetworkFile(cr.Network.parse("2-1"), penalty=penalty(*strengths))
        assert back(declared) == declared
    book = {c for c in Penalty.__subclasses__() if c.__module__.startswith("chainrule.formulas")}
    assert set(PENALTIES.values()) == book
    given: dict[str, Any] = {"dense": {"units": 2}, "dropout": {"rate": 0.5}, "activation": {"name": "tanh"}}
    for name in LAYERS:
        data = SMALL | {"layers": [{"layer": name, **given.get(name, {})}, {"layer": "dense", "units": 1}]}
        assert isinstance(NetworkFile.from_dict(data).network.layers[0], LAYERS[name])


def test_formulas_schedules_and_bounds():
    swish = cr.formula("swish", "z * sigmoid(beta * z)", beta=1.5, trainable=["beta"], initial="he")
    own = cr.Dense(4, swish, initial=[[1, 2, 3, 4], [0.1, 0.2, 0.3, 1e-300]])
    network = cr.Network(2, [own, cr.Dense(1, "z * 2", trainable=False)])
    logcosh = cr.formula("logcosh", "softplus(k * (p - y)) - (p - y)", k=2.0)
    program = cr.derive(
        network, Loss("logcosh", logcosh, "sum", 0.5, target="nonnegative"), cr.Adam(cr.CosineDecay(0.1, steps=30)),
        cr.ElasticNet(0.1, 1 / 3), clip_norm=1.5, clip_delta=2, weighted=True,
    )  # fmt: skip
    declared = NetworkFile.of(program.declaration)
    assert back(declared) == declared
    assert str(back(declared).derive()) == str(program)


def test_a_short_file():
    found = NetworkFile.from_dict({**SMALL, "optimizer": "adam", "loss": "huber(p - y)", "penalty": None})
    assert found.network == cr.Network.parse("2-3-1", "tanh")
    assert found.optimizer == cr.Adam()
    assert found.penalty is None
    assert found.loss is not None
    assert found.loss.terms.text == "huber(p - y)"


def test_from_a_file(tmp_path):
    path = tmp_path / "net.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(SMALL).encode())
    assert read_network(path).network.notation == "2-3-1"
    with pytest.raises(DataError, match="no such file"):
        read_network(tmp_path / "other.json")
    path.write_bytes(b" " * (4 * 2**20 + 1))
    with pytest.raises(DataError, match=r"larger than 4,194,304 bytes"):
        read_network(path)


def changed(**entries: Any) -> dict[str, Any]:
    return {**SMALL, **entries}


def layer(**entries: Any) -> dict[str, Any]:
    return changed(layers=[{"layer": "dense", "units": 1, **entries}])


REFUSED: list[tuple[Any, str]] = [
    ([], "net.json: an object with named entries is expected, {...}, not an empty list"),
    ({}, 'no network file; it must have the entry "format": "chainrule network 1"'),
    (changed(format="chainrule network 2"), "no network file"),
    ({k: v for k, v in SMALL.items() if k != "inputs"}, "'inputs' is missing"),
    ({"format": SMALL["format"], "input": 3, "layers": []}, "'inputs' is missing; is 'input' meant?"),
    (changed(inputs=0), "inputs must be a whole number from 1 to 1,000,000, not 0"),
    (changed(inputs=True), "inputs must be a whole number from 1 to 1,000,000, not true"),
    (changed(inputs="3"), "not '3'"),
    (changed(inputs=2.0), "not 2.0"),
    (changed(layers={}), "layers must be a list of at most 100 entries, not an object"),
    (changed(layers=[{"layer": "dense", "units": 1}] * 101), "not a list of 101"),
    (changed(layers=[]), "at least one Dense layer"),
    (changed(layers=[3]), "layer 1: an object with named entries is expected"),
    (changed(layers=[{"layer": "dropout", "rate": 0.5}]), "at least one Dense layer"),
    (changed(layers=[{"layer": "conv", "units": 1}]), "layer 1: unknown layer 'conv'; known: dense"),
    (changed(colour="red"), "there is no entry 'colour'; there is format, inputs"),
    (layer(units=1.5), "layer 1: units must be a whole number"),
    (layer(units=10**7), "layer 1: units must be a whole number from 1 to 1,000,000"),
    (layer(unit=3), "layer 1: there is no entry 'unit'; there is layer, units"),
    (layer(bias="yes"), "layer 1: bias must be true or false, not 'yes'"),
    (layer(activation="rleu"), "layer 1: unknown activation 'rleu'"),
    (layer(activation="z * exec(z)"), "layer 1: unknown function 'exec'"),
    (layer(activation="(" * 5000 + "z"), "nested deeper"),
    (layer(activation=7), "layer 1, activation must be a text, not 7"),
    (layer(activation="\ud800"), "is not valid Unicode"),
    (layer(activation={"name": "x */ y", "formula": "z"}), "a name has at most 40 letters"),
    (layer(activation={"name": "f", "formula": "k * z"}), "unknown name 'k'"),
    (layer(activation={"name": "f", "formula": "z", "scalars": {"import os": 1}}), "a scalar cannot be called"),
    (layer(activation={"name": "f", "formula": "k * z", "scalars": {"k": "1"}}), "must be a number, not '1'"),
    (layer(activation={"name": "f", "formula": "z", "trainable": ["k"]}), "trainable k has no initial value"),
    (layer(activation={"name": "f", "formula": "z", "scalars": [1]}), "scalars: an object"),
    (layer(initial="gauss"), "unknown initial weights 'gauss'"),
    (layer(initial=[[1, "2"]]), "initial must be a number, not '2'"),
    (layer(initial=[1, 2]), "or a matrix of numbers"),
    (layer(initial=[[1, 2], [3]]), "rows of the same length"),
    (changed(layers=[{"layer": "dense", "units": 10**6}] * 3), "2,000,002,000,000 weights"),
    (changed(layers=[{"layer": "dense", "units": 2, "activation": "exp(" * 50 + "z" + ")" * 50}] * 20),
     "net.json: its formulas have 1,000 operations in all; at most 500 are accepted"),
    (changed(loss="mse"), "unknown loss 'mse'"),
    (changed(loss=3), "loss must be a text"),
    (changed(loss={"formula": "p - y", "reduction": "product"}), "unknown reduction 'product'; known: elements"),
    (changed(loss={"formula": "p - y", "target": "x"}), "unknown target 'x'"),
    (changed(loss={"name": "f", "formula": "z"}), "is no loss"),
    (changed(loss={"name": "f"}), "loss: 'formula' is missing"),
    (changed(optimizer="sgd"), "optimizer: unknown name 'sgd'; known: gradient_descent"),
    (changed(optimizer=[1]), "optimizer: an object"),
    (changed(optimizer={"name": "adam", "mu": 1}), "there is no entry 'mu'; there is name, rate, rho1"),
    (changed(optimizer={"name": "adam", "rate": -1}), "rate must be a number of at least 0"),
    (changed(optimizer={"name": "adam", "rate": "fast"}), "rate must be a number, not 'fast'"),
    (changed(optimizer={"name": "adam", "rho1": {"schedule": "step", "rate": 1}}), "rho1 must be a number"),
    (changed(optimizer={"name": "adam", "rate": {"schedule": "sine", "rate": 1}}), "unknown schedule 'sine'"),
    (changed(optimizer={"name": "adam", "rate": {"schedule": "cosine", "rate": 1, "steps": 0}}), "steps must be"),
    (changed(penalty={"name": "l2"}), "penalty: 'strength' is missing"),
    (changed(penalty={"name": "l3", "strength": 1}), "unknown name 'l3'; known: l1, l2, elastic_net"),
    (changed(clip_norm=0), "clip_norm must be above 0"),
    (changed(clip_delta="1"), "clip_delta must be a number"),
    (changed(weighted=1), "weighted must be true or false, not 1"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "message"), REFUSED)
def test_refused_with_place_and_reason(data, message):
    with pytest.raises(FileError) as caught:
        NetworkFile.from_dict(read_json(json.dumps(data).encode(), "net.json"), "net.json")
    told = str(caught.value)
    assert message in told
    assert told.startswith("net.json")
    assert told.count("\n") < 6
    assert len(told) < 600


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "net.json, line 1, column 1: no JSON"),
        (b'{"a": 1,\n "b" 2}', "net.json, line 2, column 6: no JSON"),
        (b'{"a": 1, "b": 2, "a": 3}', "the key 'a' occurs twice"),
        (b'{"a": {"b": 1, "b": 1}}', "the key 'b' occurs twice"),
        (b'{"a": NaN}', "NaN is no number that JSON knows"),
        (b'{"a": -Infinity}', "-Infinity is no number"),
        (b'{"a": 1e999}', "'1e999' does not fit into float64"),
        (b'{"a": ' + b"9" * 5000 + b"}", "a whole number of 5,000 digits"),
        (b'{"a": "\xff"}', "not UTF-8 at byte 8"),
        (b"[" * 100_000, "net.json"),
        (b'{"a":' * 100_000, "net.json"),
        (b'{"a": 1} {', "Extra data"),
        (b'{"\x1b[2J": 1, "\x1b[2J": 1}', "net.json"),
    ],
)
def test_text_that_is_no_json(content, message):
    with pytest.raises(FileError) as caught:
        read_json(content, "net.json")
    assert message in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_refusal_takes_no_memory():
    data = changed(inputs=10**6, layers=[{"layer": "dense", "units": 10**6}])
    tracemalloc.start()
    with pytest.raises(FileError, match="weights; at most"):
        NetworkFile.from_dict(data)
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


def test_a_loss_that_no_file_can_hold():
    odd = Loss("odd", LOSSES["poisson"].terms, fused={"exp": "poisson_deviance"})
    with pytest.raises(ValueError, match="loss odd cannot be stored"):
        NetworkFile(cr.Network.parse("1-1"), loss=odd).text()


def test_what_could_not_be_read_again_is_not_written():
    deep = NetworkFile(cr.Network(1, [cr.Dense(1)] * 101))
    with pytest.raises(FileError, match="layers must be a list of at most 100 entries"):
        deep.text()
    own = type("Own", (cr.Optimizer,), {"update": ("w -= learning_rate * g",)})
    with pytest.raises(ValueError, match="Own cannot be stored in a file"):
        NetworkFile(cr.Network.parse("1-1"), optimizer=own()).text()


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
keys = st.sampled_from(["format", "inputs", "layers", "loss", "optimizer", "penalty", "clip_norm", "weighted", "x"])


@settings(max_examples=150 if ALL else 50)
@given(st.dictionaries(keys, values, max_size=4))
def test_nothing_else_is_raised(entries):
    with suppress(FileError):
        NetworkFile.from_dict({**SMALL, **entries})
