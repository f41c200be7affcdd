"""The C engine: compiles what is emitted, agrees with the reference on every named step, and fails clearly."""

from __future__ import annotations

import os
import pickle
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines import compiler, make_engine, say_once
from chainrule.engines.c import BLOCK
from chainrule.engines.compiler import CompilerError, known_compiler
from chainrule.engines.emitted import kernel_set
from chainrule.engines.engine import Batches, Engine, aligned, packed
from chainrule.writers import writer
from tests.writers.agreement import reference_trace, single
from tests.writers.compiled import SHARED, Compiled, compile_c, together
from tests.writers.product import ALL
from tests.zoo import ZOO, Sample, sample

KERNELS = ("plain", "tiled", "lanes")


@pytest.fixture(autouse=True)
def compiling_is_allowed(monkeypatch):
    monkeypatch.delenv("CHAINRULE_ENGINE", raising=False)


def run(engine: Engine, given: Sample, steps: int) -> np.ndarray:
    inputs = {name: array for name, array in given.inputs.items() if name in ("X", "y", "sample_weight")}
    masks = {name: np.tile(array, (steps, 1)) for name, array in given.inputs.items() if name not in inputs}
    batches = Batches.whole(given.rows, steps)
    return engine.run(inputs, batches, masks, given.parameters, given.state, given.t, given.hyperparameters)


def agree(found, wanted, scale=None, tolerance=1e-10):
    """DESIGN.md section 3."""
    scale = np.abs(wanted).max(initial=0.0) if scale is None else scale
    return bool((np.abs(found - wanted) <= tolerance * max(scale, 1e-300)).all())


# Between them all that the engine hands to the emitted C: masks, weights of rows, state, rates, a counter.
SOME = ("founding_3_1", "relu_softmax_adam", "l2_weighted", "constant_warm_up", "every_layer", "own_formulas")


@pytest.mark.usefixtures("quick_compiler")
@pytest.mark.parametrize("name", ZOO if ALL else SOME)
def test_every_named_step_and_several_steps_agree_with_the_reference(name, tmp_path):
    """That the text is right is shown in tests/writers; here, that the engine hands it what it needs."""
    program = ZOO[name]()
    cr.build(program, tmp_path / "all.so", target="native", dtype="float64", kernels=KERNELS[len(name) % 3])
    ours = make_engine(program, "c", "float64", library=tmp_path / "all.so")
    wanted = make_engine(program, "reference", "float64")
    given = sample(program, 7, 3)
    arguments = (given.inputs, given.parameters, given.state, given.t, given.hyperparameters)
    full = make_engine(program.full, "reference", "float64").trace(*arguments)
    values = ours.trace(*arguments)
    gradients = [step.name for step in program.full.phase("backward")]
    largest = max((float(np.abs(full[g]).max()) for g in gradients if g.startswith("d")), default=1.0)
    for step, value in full.items():
        scale = largest if step in gradients else None
        assert agree(values[step], value, scale), step
    mine, theirs = sample(program, 7, 3), sample(program, 7, 3)
    assert agree(run(ours, mine, 4), run(wanted, theirs, 4))
    for after, reference in ((mine.parameters, theirs.parameters), (mine.state, theirs.state)):
        for key, array in after.items():
            assert agree(array, reference[key], max(1.0, np.abs(reference[key]).max())), key
    X, y = given.inputs["X"], given.inputs["y"]
    (output, loss), (right, total) = (e.evaluate(X, y, mine.parameters, mine.state) for e in (ours, wanted))
    assert agree(output, right)
    assert agree(np.array(loss), np.array(total))
    assert agree(ours.predict(X, mine.parameters, mine.state), right)


def digits() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.RandomState(0)
    X = random.standard_normal((3000, 6))
    return X, (X[:, 0] * X[:, 1] > 0).astype(int)


@pytest.mark.parametrize("kernels", KERNELS)
def test_a_training_follows_the_numpy_engine(kernels):
    X, y = digits()
    program = cr.derive(
        cr.Network.parse("6-20-2", output="softmax", dropout=0.2, batch_norm=True),
        "softmax_cross_entropy",
        cr.Adam(0.01),
    )
    weights = {}
    for engine in ("numpy", "c"):
        training = cr.Training(
            program, X, y, epochs=3, batch_size=64, engine=engine, dtype="float64", class_weight="balanced"
        )
        if engine == "c":
            training.engine = make_engine(training.program, "c", "float64", kernels=kernels)
        weights[engine] = training.fit().parameters
    for name, array in weights["numpy"].items():
        assert agree(weights["c"][name], array, 1.0, 1e-9), name


def test_float32_gradients_are_near_those_of_float64(tmp_path):
    errors = []
    programs = {f"{name}_": ZOO[name]() for name in list(ZOO)[:: 1 if ALL else 5]}
    modules = {p: writer("c", "tiled")(of, real="float", prefix=p).module(("trace",)) for p, of in programs.items()}
    flags = known_compiler().flags()
    library = compile_c(together(modules), tmp_path, *SHARED, strict=flags)
    for prefix, program in programs.items():
        given = sample(program, 16, 1)
        exact = reference_trace(program, given)
        options: dict[str, Any] = {"functions": ("trace",), "real": "float", "kernels": "tiled", "prefix": prefix}
        values = Compiled(program, library=library, **options).trace(single(given))
        for gradient in (step.name for step in program.phase("backward") if step.name.startswith("d")):
            if gradient in exact:
                scale = np.abs(exact[gradient]).max()
                off = np.abs(values[gradient].reshape(exact[gradient].shape) - exact[gradient])
                errors += (off / max(scale, 1e-30)).ravel().tolist()
    assert np.median(errors) <= 1e-6
    assert np.percentile(errors, 95) <= 5e-5


def test_the_text_that_runs_is_the_text_that_is_printed():
    program = ZOO["founding_3_4_1"]()
    engine = make_engine(program, "c", "float64", kernels="plain")
    assert "/* a1 = sigmoid(X @ W1) */" in engine.source()
    assert "cr_train" in engine.source()


def test_a_new_rate_or_strength_is_the_same_text():
    def text(rate: float, strength: float) -> str:
        network = cr.Network.parse("4-5-3", activation="relu", output="softmax")
        program = cr.derive(network, "softmax_cross_entropy", cr.Adam(rate), cr.ElasticNet(strength, strength))
        return make_engine(program, "c").source()

    assert text(0.001, 1e-4) == text(0.5, 0.25)


def test_blocks_of_rows_change_nothing():
    X, y = digits()
    program = cr.derive(cr.Network.parse("6-20-2", output="softmax"), "softmax_cross_entropy")
    run = cr.Training(program, X, y, epochs=1, batch_size=100, engine="c", dtype="float64").fit()
    parts = np.concatenate([run.predict(X[i : i + 700]) for i in range(0, len(X), 700)])
    assert agree(run.predict(X), parts)
    numpy = make_engine(program, "numpy", "float64")
    whole = numpy.evaluate(run.X, run.y, run.parameters, run.state)[1]
    assert run.evaluate(X, y)["loss"] == pytest.approx(whole, rel=1e-12)


def test_more_rows_than_an_int_counts_are_refused():
    program = next(iter(ZOO.values()))()
    engine = make_engine(program, "c", "float32")
    given, rows = sample(program), 2**30
    wide = {name: np.broadcast_to(array[:1], (rows, array.shape[1])) for name, array in given.inputs.items()}
    with pytest.raises(ValueError, match=r"use batch_size=.* or less, or engine='numpy'"):
        engine.run(wide, Batches.whole(rows, 1), {}, given.parameters, given.state, 1, program.hyperparameters)


def test_threads_do_not_share_scratch():
    X, y = digits()
    program = cr.derive(cr.Network.parse("6-50-2", output="softmax"), "softmax_cross_entropy")
    run = cr.Training(program, X, y, epochs=1, batch_size=100, engine="c").fit()
    wanted = run.predict(X)
    wrong: list[int] = []

    def predict() -> None:
        wrong.extend(1 for _ in range(20) if not np.array_equal(run.predict(X), wanted))

    threads = [threading.Thread(target=predict) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_an_engine_survives_pickling():
    X, y = digits()
    program = cr.derive(cr.Network.parse("6-4-1"), "mean_squared_error", cr.Momentum(0.01))
    run = cr.Training(program, X, y, epochs=1, batch_size=50, engine="c").fit()
    again = pickle.loads(pickle.dumps(run))
    assert np.array_equal(again.predict(X), run.predict(X))
    assert np.array_equal(again.fit(1).losses, run.fit(1).losses)


def test_the_same_run_twice_is_bit_identical():
    X, y = digits()
    program = cr.derive(cr.Network.parse("6-32-2", output="softmax"), "softmax_cross_entropy", cr.AdamW())
    first, second = (cr.Training(program, X, y, epochs=2, batch_size=33, engine="c").fit() for _ in range(2))
    assert all(np.array_equal(first.parameters[name], second.parameters[name]) for name in first.parameters)


# --- the compiler and its cache ------------------------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


SOURCE = "int answer(void) { return 42; }\n"


def fake_compiler(tmp_path, script: str, monkeypatch) -> None:
    path = tmp_path / "fake-cc"
    path.write_text(f"#!/bin/sh\nif [ \"$1\" = --version ]; then echo 'fake 1.0'; exit 0; fi\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setenv("CC", str(path))


def test_a_library_is_compiled_once(cache, monkeypatch):
    assert compiler.library(SOURCE).answer() == 42
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700
    monkeypatch.setattr(compiler, "compile_to", lambda *args: pytest.fail("compiled again"))
    assert compiler.library(SOURCE).answer() == 42


@pytest.mark.parametrize("damage", [b"", b"not a library", None])
def test_a_damaged_library_is_made_again(cache, damage):
    compiler.library(SOURCE)
    (kept,) = cache.glob("*.so")
    whole = kept.read_bytes()
    kept.unlink()
    kept.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    assert compiler.library(SOURCE).answer() == 42
    assert kept.stat().st_size > 1000


def test_a_cache_that_others_may_write_is_not_used(cache):
    cache.mkdir()
    cache.chmod(0o777)
    assert compiler.cache_directory() is None
    assert compiler.library(SOURCE).answer() == 42
    assert list(cache.iterdir()) == []


def test_a_cache_that_cannot_be_made_is_done_without(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "file" / "cache"))
    assert compiler.library(SOURCE).answer() == 42


def test_a_full_cache_is_done_without(cache, monkeypatch):
    monkeypatch.setattr(shutil, "copyfile", no_space)
    assert compiler.library(SOURCE + "/* full */").answer() == 42
    assert list(cache.iterdir()) == []
    monkeypatch.undo()
    monkeypatch.setenv("CHAINRULE_CACHE", str(cache))
    assert compiler.library(SOURCE).answer() == 42
    assert len(list(cache.iterdir())) == 2


def test_nowhere_to_write_is_told(cache, monkeypatch):
    monkeypatch.setattr(tempfile, "TemporaryDirectory", no_space)
    with pytest.raises(CompilerError, match=r"no place for temporary files.*No space"):
        compiler.library(SOURCE)


def no_space(*args, **options):
    raise OSError(28, "No space left on device")


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only to root")
def test_a_read_only_cache_is_done_without(cache):
    cache.mkdir(mode=0o500)
    assert compiler.library(SOURCE).answer() == 42
    assert list(cache.iterdir()) == []


def test_a_library_of_somebody_else_is_made_again(cache):
    compiler.library(SOURCE)
    (kept,) = cache.glob("*.so")
    other = kept.with_name("other.so")
    compiler.compile_to(compiler.known_compiler(), "int answer(void) { return 13; }", (), other)
    kept.unlink()
    other.rename(kept)
    assert compiler.library(SOURCE).answer() == 42


def test_a_new_rate_or_strength_is_no_other_program(cache):
    """Titles and usual rates stand in comments, and comments are not compiled."""
    for rate, strength, notation in ((0.1, 0.01, "3-4-1"), (0.2, 0.03, "3-4-1")):
        program = cr.derive(cr.Network.parse(notation), "mean_squared_error", cr.Adam(rate), penalty=cr.L2(strength))
        make_engine(program, "c")
    assert len(list(cache.glob("*.so"))) == 1


def test_two_processes_compile_the_same_program_at_once(cache):
    code = f"from chainrule.engines.compiler import library; print(library({SOURCE!r}).answer())"
    started = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=dict(os.environ))
        for _ in range(3)
    ]
    assert [process.communicate()[0].strip() for process in started] == ["42"] * 3


def test_no_compiler(monkeypatch, cache):
    monkeypatch.setenv("CC", "/nowhere/cc")
    with pytest.raises(CompilerError, match=r"there is no C compiler here \(CC=/nowhere/cc.*apt-get install gcc"):
        make_engine(ZOO["founding_3_4_1"](), "c")
    monkeypatch.setenv("CC", '"')
    with pytest.raises(CompilerError, match="there is no C compiler here"):
        make_engine(ZOO["founding_3_4_1"](), "c")


def test_without_a_compiler_auto_says_so_once_and_uses_numpy(cache):
    code = (
        "import warnings; warnings.simplefilter('always'); import chainrule as cr\n"
        "p = cr.derive(cr.Network.parse('2-2-1'))\n"
        "for _ in range(3): print(cr.Training(p, [[0, 1], [1, 0]], [0, 1], epochs=1).engine.name)"
    )
    environment = {**os.environ, "CC": "/nowhere/cc", "CHAINRULE_ENGINE": ""}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.split() == ["numpy"] * 3
    assert done.stderr.count("there is no C compiler here") == 1


def test_compiling_can_be_forbidden(monkeypatch):
    monkeypatch.setenv("CHAINRULE_ENGINE", "numpy")
    assert make_engine(ZOO["founding_3_4_1"](), "auto").name == "numpy"
    with pytest.raises(CompilerError, match="forbids"):
        make_engine(ZOO["founding_3_4_1"](), "c")


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo 'internal error' >&2; exit 1", "internal error"),
        ("exit 0", "failed"),
        ("exec sleep 60", "took more than"),
    ],
)
def test_a_broken_or_slow_compiler(cache, tmp_path, monkeypatch, script, message):
    fake_compiler(tmp_path, script, monkeypatch)
    monkeypatch.setattr(compiler, "SECONDS", 0.5)
    with pytest.raises(CompilerError, match=message):
        make_engine(ZOO["founding_3_4_1"](), "c")


def test_a_compiler_that_prints_warnings_is_believed(cache, tmp_path, monkeypatch):
    fake_compiler(tmp_path, 'echo "warning: something" >&2; exec gcc "$@"', monkeypatch)
    assert compiler.library(SOURCE).answer() == 42


def test_a_compiler_that_is_given_up_does_not_go_on(tmp_path, monkeypatch, cache):
    """The compiler is a driver: what it has started ends with it."""
    fake_compiler(tmp_path, f"(sleep 1; echo alive > {tmp_path}/alive) & wait", monkeypatch)
    monkeypatch.setattr(compiler, "SECONDS", 0.2)
    with pytest.raises(CompilerError, match="took more than"):
        compiler.library(SOURCE)
    assert subprocess.run(["sleep", "1.2"], check=False).returncode == 0
    assert not (tmp_path / "alive").exists()


def test_a_program_too_large_to_compile_falls_back_and_says_so(cache, monkeypatch):
    """By the size of its text: neither the time it takes nor the cache decides."""
    program = ZOO["founding_3_4_1"]()
    make_engine(program, "c")
    monkeypatch.setattr(compiler, "MOST_CODE", 1000)
    with pytest.raises(CompilerError, match=r"characters of C, and more than 1,000 take a compiler too long"):
        make_engine(program, "c")
    say_once.cache_clear()
    with pytest.warns(RuntimeWarning, match=r"engine 'auto' uses NumPy: the program is \d+,\d+ characters"):
        assert make_engine(program, "auto").name == "numpy"
    monkeypatch.undo()


def test_narrow_networks_that_are_deep_are_tiled():
    """Their loop over steps, with everything inside, would take minutes to compile."""
    for depth, kernels in ((11, "lanes"), (12, "tiled")):
        layers = [cr.Dense(3, "tanh") for _ in range(depth)]
        assert kernel_set(cr.derive(cr.Network(2, [*layers, cr.Dense(1)]))) == kernels


def test_data_that_fits_is_not_copied(monkeypatch, cache):
    """Contiguous rows of the right dtype: the engine reads the caller's memory."""
    X, y = (np.ascontiguousarray(a, np.float32) for a in digits())
    y = y.reshape(-1, 1)
    run = cr.Training(cr.derive(cr.Network.parse("6-4-1"), "mean_squared_error"), X, y, epochs=2, engine="c")
    engine: Any = run.engine
    seen: dict[str, list[int]] = {}

    def watch(function, *names):
        called, listed = getattr(engine.main.library, f"cr_{function}"), engine.main.arguments[function]

        def instead(*arguments):
            seen.setdefault(function, []).extend(arguments[listed.index(name)].value for name in names)
            return called(*arguments)

        monkeypatch.setattr(engine.main.library, f"cr_{function}", instead)

    watch("train", "X", "y")
    watch("predict", "X")
    run.fit()
    run.predict(X)
    assert seen["train"] == [X.ctypes.data, y.ctypes.data]
    blocks = range(0, len(X), BLOCK)
    assert seen["predict"] == [X.ctypes.data + row * X.strides[0] for row in blocks]
    assert len(blocks) == 3


@pytest.mark.parametrize("name", ["founding_3_1", "linear", "frozen_between"])
def test_one_row_is_predicted_as_many_are(name):
    program = ZOO[name]()
    given = sample(program)
    engine = make_engine(program, "c", "float64")
    row = engine.row_predictor(given.parameters, given.state)
    many = engine.predict(given.inputs["X"], given.parameters, given.state)
    for values, wanted in zip(given.inputs["X"], many, strict=True):
        assert agree(row(values), wanted)
        assert agree(row(values.tolist()), wanted)
    assert row(given.inputs["X"][0]) is not row(given.inputs["X"][0])


def test_divergence_is_reported_with_step_and_name():
    X, y = digits()
    program = cr.derive(cr.Network.parse("6-8-1"), "half_squared_error", cr.GradientDescent(1e6))
    run = cr.Training(program, X, y, epochs=5, batch_size=50, engine="c")
    with pytest.raises(cr.Diverged, match="epoch 1, at step"):
        run.fit()
    assert all(np.isfinite(array).all() for array in run.parameters.values())


@pytest.mark.parametrize(
    ("loss", "rate", "kernels"),
    [
        *(("half_squared_error", 1e6, kernels) for kernels in KERNELS),
        ("mean_squared_error", 1e200, "tiled"),
    ],
)
def test_what_is_not_finite_is_named_as_on_numpy(loss, rate, kernels):
    """The same epoch, step and name, whichever kernels run; the last good weights are the same."""
    X, y = digits()
    program = cr.derive(cr.Network.parse("6-8-1", activation="relu"), loss, cr.GradientDescent(rate))
    found = []
    for engine in ("numpy", "c"):
        run = cr.Training(program, X, y, epochs=5, batch_size=50, engine=engine, dtype="float64")
        if engine == "c":
            run.engine = make_engine(program, "c", "float64", kernels=kernels)
        with pytest.raises(cr.Diverged) as caught:
            run.fit()
        found.append((caught.value.epoch, caught.value.step, caught.value.name, run.t, len(run.losses)))
    assert found[0] == found[1]


def test_fast_math_is_refused(tmp_path):
    (tmp_path / "emitted.c").write_text(ZOO["founding_3_4_1"]().source("c"))
    done = subprocess.run(
        ["gcc", "-ffast-math", "-c", "emitted.c"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode
    assert "-ffast-math breaks" in done.stderr


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_memory_begins_where_lines_of_the_cache_do(dtype):
    for count in (1, 5, 1000):
        memory = aligned(count, np.dtype(dtype))
        assert memory.shape == (count,)
        assert memory.ctypes.data % 64 == 0
    weights = packed({"W1": np.ones((3, 5), dtype), "b1": np.zeros(5, dtype)})
    assert weights["W1"].ctypes.data % 64 == 0
    assert weights["b1"].ctypes.data == weights["W1"].ctypes.data + weights["W1"].nbytes
