"""explain: the chain rule of one weight and one sample agrees with the derivative by that very weight."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.observe import contributions, explain
from tests.zoo import ZOO, sample

X = [[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]]
Y = [0, 1, 1, 0]
CLIPPED = {"clip_delta"}  # its deltas are not those of the loss
AGREEING = sorted({*ZOO} - CLIPPED)


def given_of(program, given):
    return {
        "state": given.state,
        "masks": {mask.name: given.inputs[mask.name] for mask in program.masks},
        "sample_weight": given.inputs["sample_weight"][:, 0] if "sample_weight" in given.inputs else None,
        "t": given.t,
    }


def test_all_others_of_the_zoo_agree():
    assert {name for name in ZOO if ZOO[name]().declaration.clip_delta} == CLIPPED


@pytest.mark.parametrize("name", AGREEING)
def test_five_hundred_pairs_of_weight_and_sample(name):
    """20 random pairs of each of the zoo's networks: 520 in all."""
    program = ZOO[name]()
    given, random = sample(program), np.random.RandomState(len(name))
    trained = [w for w in program.trainable if w[0] in "Wb" and program.parameters[w].shape and w[1].isdigit()]
    for _ in range(20):
        weight = trained[random.randint(len(trained))]
        place = ",".join(str(random.randint(int(n))) for n in program.parameters[weight].shape)
        found = explain(
            program, given.inputs["X"], given.inputs["y"], given.parameters,
            weight=f"{weight}[{place}]", sample=random.randint(given.rows), **given_of(program, given),
        )  # fmt: skip
        assert abs(found.contribution - found.measured) <= 1e-7, found
        assert found.agrees
        assert found.deviation < 1e-4 or abs(found.contribution) < 1e-3


def test_there_are_five_hundred():
    assert 20 * len(AGREEING) >= 500


def founding():
    net = cr.Network.parse("3-4-1", activation="sigmoid", output="sigmoid", bias=False, initial="uniform")
    return cr.derive(net)


def test_it_tells_the_chain_down_to_the_loss():
    found = explain(founding(), X, Y, weight="W1[0,2]", sample=2, seed=1)
    targets = [line.target for line in found.lines]
    assert targets[:4] == ["dW1[0,2]", "delta1[2,2]", "slope1[2,2]", "error1[2,2]"]
    assert "error2[2,0]" in targets
    assert "X[2,0] * delta1[2,2]" in str(found)
    assert "moves W1[0,2] from -0.999771 to -1.00353" in str(found)
    assert "<td><code>delta1[2,2]</code></td>" in found._repr_html_()
    for language in ("es", "de", "zh-Hans", "zh-Hant"):
        assert "0.019422" in found.text(language)


def test_an_edited_program_is_explained_and_told_apart():
    found = explain(founding().replace("error2", "(a2 - y)**3"), X, Y, weight="W1[2,2]", sample=2, seed=1)
    assert not found.agrees
    assert "error2 was edited" in str(found)


def test_of_a_wide_layer_the_heaviest_terms_are_written():
    program = cr.derive(cr.Network.parse("3-200-2", activation="tanh", output="softmax"), "softmax_cross_entropy")
    found = explain(program, np.eye(3), [0, 1, 1], weight="W1[1,150]", sample=1)
    assert found.agrees
    assert len(str(found)) < 4_000
    found = explain(program, np.eye(3), [0, 1, 1], weight="b2[1]", sample=1)
    assert found.agrees


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ("W9[0,0]", "there is no weight W9; there is W1[2,3], W2[3,0]"),
        ("W1", "write a name and a place counted from 0"),
        ("W1[3,0]", "W1 goes up to W1[2,3]"),
        ("W1[0]", "W1 goes up to W1[2,3]"),
        ("W1[0,-1]", "write a name and a place"),
    ],
)
def test_a_weight_that_does_not_exist(weight, message):
    with pytest.raises(ValueError, match=message.replace("[", r"\[").replace("]", r"\]")):
        explain(founding(), X, Y, weight=weight)


def test_a_sample_that_does_not_exist():
    with pytest.raises(ValueError, match="sample 4: there are 4 rows, counted from 0"):
        explain(founding(), X, Y, sample=4)


@pytest.mark.parametrize("name", ["founding_3_4_1", "deep_batch_norm", "gelu_adamw", "every_layer"])
def test_contributions_in_blocks_add_up_to_the_gradient(name):
    program = ZOO[name]()
    given = sample(program)
    more = given_of(program, given)
    inputs = given.inputs["X"], given.inputs["y"], given.parameters
    values = cr.trace(program, *inputs, **more)
    blocks = list(contributions(program, *inputs, layer=1, block=4, **more))
    assert [start for start, _ in blocks] == [0, 4]
    if program.declaration.penalty is None:
        np.testing.assert_allclose(sum(block.sum(axis=0) for _, block in blocks), values["dW1"], atol=1e-12)
    with pytest.raises(ValueError, match="there is no layer 9; there is 1"):
        next(contributions(program, *inputs, layer=9, **more))
