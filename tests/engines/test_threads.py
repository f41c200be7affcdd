"""Several threads make a step together: the same numbers for any number of them, and nothing is left behind."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import chainrule as cr
from chainrule.cli import app
from chainrule.engines import c, make_engine
from chainrule.engines.compiler import ThreadsError
from chainrule.engines.engine import Batches
from chainrule.training.snapshot import digest_of_weights
from chainrule.writers import writer
from tests.tools import find_tool
from tests.writers.compiled import EXTENDED, SHARED, Compiled, compile_c, together
from tests.writers.product import ALL
from tests.zoo import ZOO, sample

# Between them: all ways in which a nest is shared out, or is not.
SOME = ("relu_softmax_adam", "every_layer")
LEVEL = "-O2" if ALL else "-O1"


@pytest.fixture(autouse=True)
def threads_share_all_steps(monkeypatch):
    monkeypatch.delenv("CHAINRULE_ENGINE", raising=False)
    monkeypatch.setattr(c, "PRODUCTS_A_THREAD", 1)


def test_any_number_of_threads_gives_the_same_numbers(tmp_path):
    """To the bit. That they are right, and those of clang, is tested where all kernels are, if everything is tested."""
    programs = {f"{name}_": ZOO[name]() for name in (ZOO if ALL else SOME)}
    functions = ("step", "train")
    modules = {p: writer("c", "threads")(of, real="float", prefix=p, rows=70) for p, of in programs.items()}
    text = together({prefix: module.module(functions) for prefix, module in modules.items()})
    library = compile_c(text, tmp_path, *SHARED, LEVEL, "-ftree-vectorize", compiler="clang", strict=EXTENDED)
    sizes = np.array([70, 33, 16, 2, 49], np.int64)
    offsets = np.concatenate([[3], 3 + np.cumsum(sizes)])
    batches = Batches(offsets, np.random.RandomState(1).randint(70, size=offsets[-1]).astype(np.int64))
    for prefix, program in programs.items():
        given = sample(program, 70, 1)
        random = np.random.RandomState(2)
        masks = {m.name: (random.random_sample((offsets[-1], m.units)) < m.keep).astype("f") for m in program.masks}

        def trained(threads, prefix=prefix, program=program, given=given, masks=masks):
            options = {"functions": functions, "real": "float", "prefix": prefix, "rows": 70}
            compiled = Compiled(program, kernels="threads", library=library, **options)
            losses, after = compiled.train(given, batches, masks, threads)
            return np.concatenate([losses, *(array.ravel() for array in after.values())])

        one = trained(1)
        assert np.isfinite(one).all()
        for threads in (2, 3):
            assert np.array_equal(trained(threads), one), (prefix, threads)


def table(rows=3000):
    random = np.random.RandomState(0)
    X = random.standard_normal((rows, 6))
    return X, (X[:, 0] * X[:, 1] > 0).astype(int)


def training(**options: Any) -> cr.Training:
    program = cr.derive(cr.Network.parse("6-40-2", output="softmax"), "softmax_cross_entropy", cr.Adam(0.01))
    given: dict[str, Any] = {"batch_size": 100, "epochs": 2, "engine": "c"} | options
    return cr.Training(program, *table(), **given)


def test_a_training_and_its_predictions_are_the_same():
    one, two, three = (training(threads=threads).fit() for threads in (1, 2, 3))
    assert (one.kernels, two.kernels) == ("tiled", "threads")
    assert digest_of_weights(two) == digest_of_weights(three)
    np.testing.assert_allclose(two.losses, one.losses, rtol=1e-4)
    X, y = table(6 * c.BLOCK + 1)
    assert np.array_equal(two.predict(X), three.predict(X))
    assert two.evaluate(X, y) == three.evaluate(X, y)
    np.testing.assert_allclose(two.predict(X), one.predict(X), rtol=1e-4, atol=1e-6)
    assert np.array_equal(two.row_predictor()(X[0]), two.predict(X[:1])[0])


def test_small_steps_and_small_networks_keep_to_one_thread(monkeypatch):
    monkeypatch.undo()
    monkeypatch.delenv("CHAINRULE_ENGINE", raising=False)
    wide = cr.derive(cr.Network.parse("784-128-10", output="softmax"), "softmax_cross_entropy")
    engine = make_engine(wide, "c", threads=8)
    assert isinstance(engine, c.CEngine)
    assert [engine.threads_for(rows) for rows in (1, 32, 64, 1000)] == [1, 1, 3, 8]
    narrow = make_engine(cr.derive(cr.Network.parse("3-4-1"), "mean_squared_error"), "c", threads=2)
    assert narrow.kernels == "lanes"


def test_an_observer_sees_the_same():
    two, three = (cr.Observer() for _ in range(2))
    for threads, observer in ((2, two), (3, three)):
        training(threads=threads, callbacks=[observer]).fit()
    assert two.epochs == [0, 1, 2]
    assert all(np.array_equal(two.values[name], three.values[name]) for name in two.values)


def test_ctrl_c_ends_it_between_two_steps():
    run, ended = training(threads=2, epochs=10**9), threading.Event()

    def interrupt():
        while run.t == 0 and not ended.wait(0.001):
            pass
        if not ended.is_set():
            os.kill(os.getpid(), signal.SIGINT)

    sender = threading.Thread(target=interrupt)
    sender.start()
    try:
        run.fit()
    finally:
        ended.set()
        sender.join()
    assert run.interrupted
    assert run.t == len(run.losses)
    assert np.isfinite(run.losses).all()


FORKED = """
import os, sys
import chainrule as cr
from chainrule.engines import c
c.PRODUCTS_A_THREAD = 1
program = cr.derive(cr.Network.parse("6-40-2", output="softmax"), "softmax_cross_entropy", cr.Adam(0.01))
X, y = [[i % 7, i % 5, i % 3, 1, 2, 3] for i in range(200)], [i % 2 for i in range(200)]
run = cr.Training(program, X, y, batch_size=100, epochs=2, engine="c", threads=2, progress=False).fit()
child = os.fork()
if child == 0:
    again = cr.Training(program, X, y, batch_size=100, epochs=2, engine="c", threads=2, progress=False).fit()
    os._exit(0 if (again.losses == run.losses).all() else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_has_threads_of_its_own():
    done = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr


def test_without_posix_threads_it_says_so(tmp_path, monkeypatch):
    compiler = tmp_path / "cc"
    said = "emitted.c:9:10: fatal error: pthread.h: No such file or directory"
    compiler.write_text(
        f'#!/bin/sh\ncase " $* " in *" -pthread "*) echo "{said}" >&2; exit 1;; esac\nexec {find_tool("gcc")} "$@"\n'
    )
    compiler.chmod(compiler.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("CC", str(compiler))
    for engine in ("auto", "c"):
        with pytest.raises(ThreadsError, match=r"has no POSIX threads here; use threads=1\n.*pthread\.h"):
            training(engine=engine, threads=2)


def test_a_library_for_one_thread_is_refused(tmp_path):
    program = training(engine="numpy").program
    cr.build(program, tmp_path / "one.so", target="native", kernels="plain")
    with pytest.raises(ThreadsError, match="it is for one thread; use threads=1, or chainrule build --kernels threads"):
        training(threads=2, library=tmp_path / "one.so")


@pytest.mark.parametrize("threads", [0, -1, 65, True, 1.5, "2", None])
def test_a_number_of_threads_that_is_none(threads):
    with pytest.raises(ValueError, match="threads must be a whole number from 1 to 64"):
        training(engine="numpy", threads=threads)


def test_numpy_has_threads_of_its_own():
    with pytest.raises(ValueError, match="threads is for engine 'c', not 'numpy'"):
        training(engine="numpy", threads=2)


def test_the_command_line_says_what_is_wrong_with_it():
    done = CliRunner().invoke(app, ["train", "examples/iris.csv", "-t", "species", "--threads", "0"])
    assert done.exit_code == 2
    assert "threads must be a whole number from 1 to 64" in done.stderr


def test_an_estimator_takes_them():
    pytest.importorskip("sklearn")
    X, y = table()
    fitted = cr.MLPClassifier((4,), engine="c", threads=2).partial_fit(X, y, classes=[0, 1])
    assert fitted._plan.engine.threads == 2


def test_threads_meet_where_one_needs_what_others_have_made():
    program = cr.derive(cr.Network.parse("6-40-2", output="softmax"), "softmax_cross_entropy", cr.Adam())
    text = program.source("c", kernels="threads", functions=("step", "train"), rows=None)
    lines = [line.strip().partition("(")[0] for line in text.splitlines() if not line.strip().startswith("/*")]
    after = [lines[i + 1] for i, line in enumerate(lines) if line == "meet"]
    end_of_a_step = "}"  # in `train`, which is written above `step`
    assert after == [end_of_a_step, "real data_loss_sum = 0.0f;", "gradient", "adam"]
