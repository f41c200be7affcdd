"""Emitted C: compiled without a warning, run beside the reference, and read."""

import subprocess

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines.reference import run_steps
from chainrule.writers import write
from chainrule.writers.c import CWriter
from tests.tools import find_tool
from tests.writers.compiled import FUNCTIONS, SHARED, Compiled, compile_c, together
from tests.zoo import ZOO, sample

PREDICTED = ("relu_softmax_adam", "deep_batch_norm", "every_layer", "founding_3_1")


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """All of PREDICTED, compiled as one unit."""
    written = {f"{name}_": CWriter(ZOO[name](), real="double", prefix=f"{name}_") for name in PREDICTED}
    modules = {prefix: writer.module(FUNCTIONS) for prefix, writer in written.items()}
    return compile_c(together(modules), tmp_path_factory.mktemp("predicted"), *SHARED)


@pytest.mark.parametrize("name", PREDICTED)
def test_prediction_and_evaluation(name, library):
    program = ZOO[name]()
    given = sample(program)
    compiled = Compiled(program, library=library, prefix=f"{name}_")
    output = np.full((given.rows, int(program.inputs["y"][1])), np.nan)
    compiled.call("predict", given.inputs, compiled.carry(given), output=output)
    values = run_steps(program.evaluation_steps, given.values)
    np.testing.assert_allclose(output, values[program.prediction], rtol=1e-10, atol=1e-13)
    output[...] = np.nan
    loss = compiled.call("evaluate", given.inputs, compiled.carry(given), output=output)
    np.testing.assert_allclose(output, values[program.prediction], rtol=1e-10, atol=1e-13)
    assert loss == pytest.approx(float(values["data_loss"]), rel=1e-10)


@pytest.mark.parametrize("name", ["gelu_adamw", "cosine_warm_up", "every_layer", "own_of_rows"])
def test_float_is_float_throughout(name, tmp_path):
    """Where it is not, compilers see it (-Wconversion, -Wdouble-promotion) before they make code."""
    for compiler in ("gcc", "clang"):
        text = CWriter(ZOO[name](), real="float").module(FUNCTIONS)
        compile_c(text, tmp_path, "-c", "-fsyntax-only", compiler=compiler, output="none")


def test_a_double_among_floats_is_seen(tmp_path):
    text = CWriter(ZOO["linear"](), real="float").module(FUNCTIONS)
    assert "return x * x;" in text
    for compiler in ("gcc", "clang"):
        with pytest.raises(AssertionError, match="double-promotion"):
            compile_c(
                text.replace("return x * x;", "return 1.0 * x * x;"), tmp_path, "-c", "-fsyntax-only", compiler=compiler
            )


def test_a_prefix_is_on_every_name_that_others_see(tmp_path):
    writer = CWriter(ZOO["deep_batch_norm"](), prefix="iris_")
    library = compile_c(writer.module(FUNCTIONS), tmp_path, "-shared", "-fPIC")
    listed = subprocess.run(
        [find_tool("nm"), "-D", "--defined-only", str(library)], capture_output=True, text=True, check=True
    )
    functions = {line.split()[2] for line in listed.stdout.splitlines() if " T " in line}
    assert {name for name in functions if not name.startswith("_")} == {f"iris_{name}" for name in FUNCTIONS}


def test_header_and_source_are_the_module_in_two_files(tmp_path):
    program = ZOO["relu_softmax_adam"]()
    header, source = (write(program, "c", form=form, prefix="iris_") for form in ("header", "source"))
    (tmp_path / "iris.h").write_text(header)
    compile_c(source, tmp_path, "-c", "-I", str(tmp_path), output="emitted.o")
    module = write(program, "c", prefix="iris_")
    for part in (header.split("\n#endif")[0].split("_H\ntypedef")[1], source.split("\n\n", 1)[1]):
        assert part in module


def test_fast_math_is_refused(tmp_path):
    (tmp_path / "emitted.c").write_text(write(ZOO["linear"](), "c"))
    command = [
        find_tool("gcc"),
        "-std=c99",
        "-ffast-math",
        "-c",
        str(tmp_path / "emitted.c"),
        "-o",
        str(tmp_path / "emitted.o"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "-ffast-math" in done.stderr


def test_a_reader_finds_the_phases():
    program = cr.derive(cr.Network.parse("20-64-64-2", output="softmax"), "softmax_cross_entropy", cr.Adam())
    text = write(program, "c")
    phases = [text.index(f"    /* {phase} */") for phase in ("forward", "loss", "backward", "update")]
    assert phases == sorted(phases)
    assert len(text.splitlines()) <= 150
    assert max(map(len, text.splitlines())) <= 120


def test_nan_passes(tmp_path):
    program = cr.derive(cr.Network.parse("3-4-2", "relu"), "mean_squared_error", clip_delta=1.0)
    given = sample(program)
    given.inputs["X"][0, 0] = np.nan
    values = Compiled(program, tmp_path).trace(given)
    for name in ("z1", "a1", "z2", "delta2"):
        assert np.isnan(values[name][0]).all(), name
        assert np.isfinite(values[name][1:]).all(), name


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"real": "half"}, "unknown type 'half'"),
        ({"prefix": "int main(){};"}, "use lower-case letters"),
        ({"rows": 0}, "rows must be at least 1"),
    ],
)
def test_options_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        CWriter(ZOO["linear"](), **options)
