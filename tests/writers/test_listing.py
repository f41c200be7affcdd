"""The listing of a step: every statement stands in one block, in every language, with lines of its own."""

import pytest

from chainrule.writers import LANGUAGES
from chainrule.writers.listing import listing
from tests.writers.product import ALL
from tests.zoo import ZOO

FEW = ("founding_3_4_1", "relu_softmax_adam", "every_layer")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ZOO if ALL else FEW)
def test_every_statement_stands_in_one_block(name, language):
    program = ZOO[name]()
    blocks = listing(program, language)
    listed = [statement for block in blocks for statement in block.names]
    assert sorted(listed) == sorted(step.name for step in program.full.steps if step.phase != "observe")
    assert all(block.lines and all(block.lines) for block in blocks)
    phases = [block.phase for block in blocks]
    assert phases == sorted(phases, key=["forward", "loss", "backward", "update"].index)


def test_a_call_comes_with_what_it_calls():
    blocks = listing(ZOO["founding_3_4_1"](), "c")
    assert blocks[0].names == ("z1", "a1")
    assert blocks[0].lines[0].startswith("forward_sigmoid(N, INPUTS, UNITS1, X, w->W1, s->z1, s->a1);")
    assert "static void forward_sigmoid(" in blocks[0].calls[0]
