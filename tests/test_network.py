"""Network: the declaration, its notation, and how it prints."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr


def test_the_notation():
    network = cr.Network.parse("3-4-1", activation="sigmoid", output="sigmoid", bias=False)
    assert network == cr.Network(3, [cr.Dense(4, "sigmoid", bias=False), cr.Dense(1, "sigmoid", bias=False)])
    assert (network.inputs, network.outputs, network.widths, network.notation) == (3, 1, (3, 4, 1), "3-4-1")


def test_options_of_the_notation():
    network = cr.Network.parse(" 3 - 5-4 -2 ", "relu", "softmax", batch_norm=True, dropout=0.25)
    hidden = [[cr.Dense(n, "relu", batch_norm=True), cr.Dropout(0.25)] for n in (5, 4)]
    assert network.layers == (*hidden[0], *hidden[1], cr.Dense(2, "softmax"))
    assert network.widths == (3, 5, 5, 4, 4, 2)
    assert network.notation == "3-5-4-2"


@given(st.lists(st.integers(1, 1_000_000), min_size=2, max_size=8))
def test_the_notation_reads_back(widths):
    notation = "-".join(map(str, widths))
    assert cr.Network.parse(notation).notation == notation


@pytest.mark.parametrize(
    "notation", ["", "3", "3-", "-3-1", "3--1", "3-a", "3-4.5-1", "3,4,1", "3-4-١", "x" * 500, "3-\n", "3-4\n"]
)
def test_what_is_no_notation(notation):
    with pytest.raises(ValueError, match=r"write the number of inputs, of units .* joined by hyphens, as in 3-4-1"):
        cr.Network.parse(notation)


@pytest.mark.parametrize(
    ("notation", "message"),
    [
        ("0-4-1", "Network: inputs must be a whole number of at least 1, not 0"),
        ("3-0-1", r"Dense\(0\): units must be at least 1"),
        ("3-4-0", r"Dense\(0\): units must be at least 1"),
        ("3-9999999-1", "network '3-9999999-1': a layer holds at most 1,000,000 units"),
    ],
)
def test_units_of_a_notation(notation, message):
    with pytest.raises(ValueError, match=message):
        cr.Network.parse(notation)


@pytest.mark.parametrize(
    ("inputs", "layers", "message"),
    [
        (0, [cr.Dense(1)], "Network: inputs must be a whole number of at least 1, not 0"),
        (2.5, [cr.Dense(1)], "Network: inputs must be a whole number of at least 1, not 2.5"),
        ("3", [cr.Dense(1)], "Network: inputs must be a whole number of at least 1, not '3'"),
        (True, [cr.Dense(1)], "Network: inputs must be a whole number"),
        (3, [], "Network: at least one Dense layer is needed"),
        (3, [cr.Activation("tanh")], "Network: at least one Dense layer is needed"),
        (3, [4, cr.Dense(1)], "Network: 4 is no layer; use Dense, Dropout, BatchNorm or Activation"),
        (3, [cr.Dense(1), cr.Dropout(0.5)], r"the last layer must be a Dense or an Activation, not Dropout\(rate"),
        (3, [cr.Dense(1), cr.BatchNorm()], "the last layer must be a Dense or an Activation, not BatchNorm"),
    ],
)
def test_refused(inputs, layers, message):
    with pytest.raises(ValueError, match=message):
        cr.Network(inputs, layers)


def test_printing():
    network = cr.Network(3, [
        cr.Dense(4, "relu", batch_norm=True), cr.Dropout(0.2), cr.Dense(1000, lambda z: z * cr.sigmoid(z)),
        cr.Activation("tanh"), cr.Dense(1, "sigmoid", bias=False, trainable=False),
    ])  # fmt: skip
    assert str(network).splitlines() == [
        "layer                                           output     parameters                          count",
        "input                                           (N, 3)",
        "Dense(4, relu, batch_norm=True)                 (N, 4)     W1 (3, 4), gamma1 (4,), beta1 (4,)     20",
        "Dropout(0.2)                                    (N, 4)",
        "Dense(1000, formula)                            (N, 1000)  W2 (4, 1000), b2 (1000,)            5,000",
        "Activation(tanh)                                (N, 1000)",
        "Dense(1, sigmoid, bias=False, trainable=False)  (N, 1)     W3 (1000, 1)                        1,000",
        "                                                           in all                              6,020",
    ]
    assert network._repr_html_() == f"<pre>{network}</pre>"


def test_a_network_is_plain_data():
    network = cr.Network.parse("3-4-1", "z * (z > 0)")
    assert pickle.loads(pickle.dumps(network)) == network
    with pytest.raises(AttributeError):
        network.inputs = 4  # type: ignore[misc]


def test_no_bias_stands_right_before_batch_norm():
    net = cr.Network(2, [cr.Dense(3), cr.BatchNorm(), cr.Activation("relu"), cr.Dense(1)])
    assert list(cr.derive(net).parameters) == ["W1", "gamma1", "beta1", "W2", "b2"]
    net = cr.Network(2, [cr.Dense(3, "tanh"), cr.BatchNorm(), cr.Dense(1)])
    assert list(cr.derive(net).parameters) == ["W1", "b1", "gamma1", "beta1", "W2", "b2"]
