"""Emitted JavaScript under node, beside the reference."""

import json
import subprocess

import numpy as np
import pytest

from chainrule.engines.reference import run_steps
from chainrule.program.steps import Step
from chainrule.writers.javascript import FUNCTIONS, JavaScriptWriter
from tests.tools import find_tool
from tests.writers.agreement import assert_agree, reference_steps, reference_trace
from tests.zoo import ZOO, sample

DRIVER = """
const all = JSON.parse(require("fs").readFileSync(0, "utf8"));
const out = (arrays) => Object.fromEntries(Object.entries(arrays).map(([name, a]) => [name, Array.from(a)]));
const run = (given, net) => {
    const flat = (name) => Float64Array.from(given.arrays[name]);
    const fill = (arrays) => { for (const name in arrays) arrays[name].set(given.arrays[name]); return arrays; };
    const inputs = Object.fromEntries(given.inputs.map((name) => [name, flat(name)]));
    const N = given.rows, p = new Float64Array(N * given.outputs), h = net.settings;
    const w = fill(net.parameters()), m = net.state ? fill(net.state()) : {};
    const s = net.scratch ? net.scratch(N) : {}, trace = net.trace_scratch(N);
    const taken = (scratch, t) => ({ w, m, s: scratch, h, t, N, ...inputs, [given.prediction]: p });
    const call = (name, scratch, t) => net[name](...given.arguments[name].map((a) => taken(scratch, t)[a]));
    call("trace", trace, given.t);
    call("predict", s);
    const predicted = Array.from(p);
    const loss = call("evaluate", s), losses = [];
    for (let i = 0; i < 3; i++) losses.push(call("step", s, given.t + i));
    return { trace: out(trace), predicted, loss, losses, after: { ...out(w), ...out(m) } };
};
(async () => {
    const found = {};
    for (const name in all) {
        const classic = run(all[name], require(`./${name}.js`)), module = run(all[name], await import(`./${name}.mjs`));
        found[name] = { classic, module };
    }
    console.log(JSON.stringify(found));
})();
"""


def facts_of(program, given):
    """What the driver needs of a network."""
    writer = JavaScriptWriter(program)
    arrays = {**given.inputs, **given.parameters, **given.state}
    return {
        "rows": given.rows,
        "t": given.t,
        "inputs": list(given.inputs),
        "outputs": program.inputs["y"][1],
        "prediction": program.prediction,
        "arguments": {name: writer.arguments(writer.write_function(name)) for name in FUNCTIONS},
        "arrays": {name: np.ravel(array).tolist() for name, array in arrays.items()},
    }


def run_node(subjects, folder):
    """What programs, by name, compute of their samples in both flavours: one process of node for all of them."""
    facts = {}
    for name, (program, given) in subjects.items():
        (folder / f"{name}.mjs").write_text(JavaScriptWriter(program).module())
        (folder / f"{name}.js").write_text(JavaScriptWriter(program).classic())
        facts[name] = facts_of(program, given)
    (folder / "driver.js").write_text(DRIVER)
    command = [find_tool("node"), "driver.js"]
    done = subprocess.run(command, input=json.dumps(facts), capture_output=True, text=True, cwd=folder, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def computed(tmp_path_factory):
    programs = {name: make() for name, make in ZOO.items()}
    subjects = {name: (program, sample(program)) for name, program in programs.items()}
    return run_node(subjects, tmp_path_factory.mktemp("networks"))


@pytest.mark.parametrize("name", ZOO)
def test_javascript_computes_what_the_reference_computes(name, computed):
    program = ZOO[name]()
    given = sample(program)
    found = computed[name]["module"]
    assert computed[name]["classic"] == found
    expected = reference_trace(program, given)
    named = [step.name for step in program.full.steps if isinstance(step, Step)]
    shaped = {name: np.reshape(found["trace"][name], np.shape(expected[name])) for name in named}
    assert_agree(program.full, shaped, expected)
    values = run_steps(program.evaluation_steps, given.values)
    output = values[program.prediction]
    np.testing.assert_allclose(np.reshape(found["predicted"], output.shape), output, rtol=1e-10, atol=1e-13)
    assert found["loss"] == pytest.approx(float(values["data_loss"]), rel=1e-10)
    losses, after = reference_steps(program, given, 3)
    np.testing.assert_allclose(found["losses"], losses, rtol=1e-10)
    assert_agree(program, {name: np.reshape(found["after"][name], np.shape(after[name])) for name in after}, after)


def test_keep_leaves_every_named_step_in_scratch():
    program = ZOO["gelu_adamw"]()
    text = JavaScriptWriter(program, keep=True).module(["step"])
    for step in program.full.steps:
        if isinstance(step, Step):
            assert f"        {step.name}: new Float64Array(" in text


def test_float_uses_float_arrays():
    assert "Float64Array" not in JavaScriptWriter(ZOO["linear"](), real="float").module()


def test_options_are_checked():
    with pytest.raises(ValueError, match="unknown type 'half'"):
        JavaScriptWriter(ZOO["linear"](), real="half")  # type: ignore[arg-type]  # on purpose
