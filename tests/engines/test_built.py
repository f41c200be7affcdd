"""Libraries compiled ahead of time: they run where nothing may be compiled, and those that do not fit are refused."""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import pickle
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines import built, make_engine
from chainrule.engines.built import Built, LibraryError
from chainrule.engines.compiler import CompilerError, known_compiler
from tests.zoo import ZOO, sample


@pytest.fixture(scope="module", autouse=True)
def nothing_else_is_compiled():
    """What these tests run, they run where compiling is forbidden."""
    assert os.environ["CHAINRULE_ENGINE"] == "numpy"


def declared(notation="6-9-2", rate=0.01, **more):
    return cr.derive(cr.Network.parse(notation, output="softmax"), "softmax_cross_entropy", cr.Adam(rate), **more)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """A library, its record, and the file as it was written."""
    path = tmp_path_factory.mktemp("built") / "model.so"
    record = cr.build(declared(), path, target="native")
    return path, record, path.read_bytes()


@pytest.fixture
def copy(library, tmp_path):
    """copy(change): the library with its bytes changed."""

    def write(change=lambda content: content, name="model.so"):
        path = tmp_path / name
        path.write_bytes(change(library[2]))
        return path

    return write


X = np.random.RandomState(0).standard_normal((50, 6)).astype(np.float32)
Y = (X[:, 0] > 0).astype(int)


def test_it_trains_predicts_and_traces_where_nothing_may_be_compiled(library):
    path, record, _ = library
    assert record.kernels == "lanes"
    program = declared(rate=0.05)  # another rate is the same program
    runs = [
        cr.Training(program, X, Y, epochs=4, batch_size=batch, engine=engine, library=given)
        for batch in (None, 16)
        for engine, given in (("c", path), ("numpy", None))
    ]
    for mine, theirs in zip(runs[::2], runs[1::2], strict=True):
        assert (mine.engine.name, mine.kernels) == ("c", "lanes")
        np.testing.assert_allclose(mine.fit().losses, theirs.fit().losses, rtol=1e-4)
        np.testing.assert_allclose(mine.predict(X), theirs.predict(X), rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(mine.row_predictor()(X[0]), mine.predict(X[:1])[0], rtol=1e-6)
    traced = cr.trace(program, X, Y, runs[0].parameters, engine="c", library=path, dtype="float32")
    wanted = cr.trace(program, X, Y, runs[0].parameters, dtype="float32")
    assert list(traced) == list(wanted)
    for name, value in wanted.items():
        np.testing.assert_allclose(traced[name], value, rtol=1e-3, atol=1e-4)
    again = pickle.loads(pickle.dumps(runs[0]))
    assert np.array_equal(again.predict(X), runs[0].predict(X))


@pytest.mark.usefixtures("quick_compiler")
@pytest.mark.parametrize("name", ["founding_3_1", "frozen_between"])
def test_all_functions_are_in_it(name, tmp_path):
    program = ZOO[name]()
    cr.build(program, tmp_path / "zoo.so", dtype="float64", target="native", kernels="plain")
    ours = make_engine(program, "c", "float64", library=tmp_path / "zoo.so")
    given = sample(program)
    arguments = (given.inputs, given.parameters, given.state, given.t, given.hyperparameters)
    wanted = make_engine(program.full, "reference", "float64").trace(*arguments)
    found = ours.trace(*arguments)
    for step, value in wanted.items():
        np.testing.assert_allclose(found[step], value, rtol=1e-9, atol=1e-12)


@pytest.mark.usefixtures("quick_compiler")
def test_an_estimator_and_a_model_take_it(tmp_path):
    settings: dict[str, Any] = {"hidden_layer_sizes": (5,), "max_iter": 50, "random_state": 0, "tol": 10.0}
    first = cr.MLPClassifier(engine="numpy", **settings).fit(X, Y)
    cr.build(first.program_, tmp_path / "classifier.so", target="native", kernels="plain")
    second = cr.MLPClassifier(engine="c", library=str(tmp_path / "classifier.so"), **settings).fit(X, Y)
    np.testing.assert_allclose(first.predict_proba(X), second.predict_proba(X), rtol=1e-3)
    run = cr.Training(declared(), X, Y, epochs=1).fit()
    cr.save(run, tmp_path / "model.safetensors")
    model = cr.load(tmp_path / "model.safetensors")
    cr.build(model, tmp_path / "model.so", target="native", kernels="plain")
    again = cr.load(tmp_path / "model.safetensors", library=tmp_path / "model.so")
    np.testing.assert_allclose(model.predict(X), again.predict(X), rtol=1e-4)


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.fixture
def never_loaded(monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda path: pytest.fail("loaded"))


DAMAGE = {
    "empty": (lambda content: b"", "did not write this, or it was cut short"),
    "cut short": (lambda content: content[:-1], "did not write this, or it was cut short"),
    "cut in half": (lambda content: content[: len(content) // 2], "did not write this, or it was cut short"),
    "a hole": (lambda content: content[:5000] + bytes(100) + content[5100:], "it is damaged"),
    "another record": (lambda content: content.replace(b"float32", b"float64"), "it is damaged"),
    "a script": (lambda content: b"#!/bin/sh\nrm -rf /\n", "did not write this, or it was cut short"),
    "nothing but an end": (lambda content: content[-built.END :], "it is damaged"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_or_foreign_file_is_never_loaded(damage, copy, never_loaded):
    change, message = DAMAGE[damage]
    path = copy(change)
    with pytest.raises(LibraryError, match=f"library .*model.so: .*{message}.*chainrule build"):
        make_engine(declared(), "c", library=path)


def test_what_is_no_file_is_never_loaded(tmp_path, never_loaded):
    os.mkfifo(tmp_path / "pipe.so")
    for name, message in (("none.so", "No such file"), ("pipe.so", "not a regular file"), ("", "directory|regular")):
        with pytest.raises(LibraryError, match=message):
            make_engine(declared(), "c", library=tmp_path / name)
    with pytest.raises(LibraryError, match=r"library a\\x1b\[2Jb"):
        make_engine(declared(), "c", library="a\x1b[2Jb")


@pytest.mark.parametrize("record", [b"", b"{}", b"[]", b"nothing", b'{"title": 1}', b"\xff", b"[" * 100_000])
def test_a_record_that_cannot_be_read(record, copy, never_loaded):
    def with_record(content):
        text = content + record + len(record).to_bytes(8, "little")
        return text + hashlib.sha256(text).digest() + built.MARK

    with pytest.raises(LibraryError, match="its record cannot be read"):
        Built(copy(with_record))


OTHERS = {
    "layers": (lambda: declared("6-9-9-2"), "float32", "built for another program, 6-9-2 .*asked for is 6-9-9-2"),
    "penalty": (lambda: declared(penalty=cr.L2(0.1)), "float32", "built for another program"),
    "weights of rows": (lambda: declared(weighted=True), "float32", "built for another program"),
    "dtype": (declared, "float64", "computes in float32, and float64 is asked for; use dtype='float32'"),
}


@pytest.mark.parametrize("other", OTHERS)
def test_a_library_for_another_program_is_never_loaded(other, library, never_loaded):
    make, dtype, message = OTHERS[other]
    for engine in ("c", "auto"):
        with pytest.raises(LibraryError, match=message):
            make_engine(make(), engine, dtype, library=library[0])


HOSTS: dict[str, tuple[dict[str, Any], str]] = {
    "processor": (
        {"target": "x86-64-v9", "needs": ("avx9000", "pni")},
        "for x86-64-v9, and this processor lacks avx9000",
    ),
    "machine": ({"machine": "riscv64"}, "it is for Linux on riscv64, this is"),
    "system": ({"system": "Plan9"}, "it is for Plan9 on"),
    "another one": ({"machine": "x", "target": "native", "builder": "0"}, "it is for Linux on x, this is"),
    "version": ({"identity": "", "chainrule": "0.0.1"}, r"built by chainrule 0.0.1, this is .* for another program"),
}


@pytest.mark.parametrize("host", HOSTS)
def test_a_library_for_another_host_is_never_loaded(host, library, copy, never_loaded):
    changed, message = HOSTS[host]
    path = copy(lambda content: built.sealed(content[:1000], replace(library[1], **changed)))
    with pytest.raises(LibraryError, match=message):
        make_engine(declared(), "c", library=path)


def test_a_native_library_where_processors_cannot_be_told_apart(library, copy, never_loaded, monkeypatch):
    monkeypatch.setattr(built, "processor_flags", lambda: None)
    path = copy(lambda content: built.sealed(content[:1000], replace(library[1], builder="0")))
    with pytest.raises(LibraryError, match="it is for native, and this processor is another"):
        make_engine(declared(), "c", library=path)


def test_what_the_system_does_not_load(library, copy):
    path = copy(lambda content: built.sealed(b"no shared library", library[1]), "half.so")
    for _ in range(2):
        with pytest.raises(LibraryError, match="the system does not load it"):
            make_engine(declared(), "c", library=path)


def test_a_library_that_changes_under_our_feet(library, copy):
    path = copy()
    make_engine(declared(), "c", library=path)
    later = path.with_name("later.so")
    later.write_bytes(built.sealed(library[2][: -built.END], replace(library[1], compiler="another")))
    later.replace(path)
    with pytest.raises(LibraryError, match="it has changed since it was first loaded here"):
        make_engine(declared(), "c", library=path)


def test_a_library_is_for_the_c_engine(library):
    with pytest.raises(ValueError, match="library is for engine 'c', not 'numpy'"):
        make_engine(declared(), "numpy", library=library[0])


# --- what is built ---------------------------------------------------------------------------------------------------


def test_the_record_says_what_the_code_needs(library):
    record = Built(library[0]).record
    assert record == library[1]
    assert record.dtype == "float32"
    if record.machine == "x86_64":
        v3 = built.features(known_compiler(), "x86-64-v3")
        assert v3 == ("abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "pni", "popcnt", "sse41", "sse42",
                      "ssse3")  # fmt: skip
        assert built.features(known_compiler(), "x86-64") == ()
        v4 = set(built.features(known_compiler(), "x86-64-v4")) - set(v3)
        assert v4 == {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}


def test_an_unknown_target_is_refused(tmp_path):
    with pytest.raises(CompilerError, match="z80"):
        cr.build(declared(), tmp_path / "model.so", target="z80")
    assert list(tmp_path.iterdir()) == []


def test_it_replaces_libraries_only(tmp_path, library):
    precious = tmp_path / "precious.csv"
    precious.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="there is a file that is no library of ours"):
        cr.build(declared(), precious)
    assert precious.read_text() == "a,b\n1,2\n"


def test_no_compiler(tmp_path, monkeypatch):
    monkeypatch.setenv("CC", "/nowhere/cc")
    with pytest.raises(CompilerError, match="there is no C compiler here"):
        cr.build(declared(), tmp_path / "model.so")


def test_a_host_without_a_compiler(library):
    """In a process of its own, where no compiler can be found."""
    code = (
        "import sys, numpy as np, chainrule as cr\n"
        "net = cr.Network.parse('6-9-2', output='softmax')\n"
        "p = cr.derive(net, 'softmax_cross_entropy', cr.Adam())\n"
        "X = np.eye(6, dtype='f')\n"
        "run = cr.Training(p, X, [0, 1] * 3, epochs=2, engine='c', library=sys.argv[1]).fit()\n"
        "print(run.engine.name, run.predict(X).shape)"
    )
    environment = {**os.environ, "CC": "/nowhere/cc", "PATH": "", "CHAINRULE_ENGINE": "numpy"}
    command = [sys.executable, "-c", code, str(library[0])]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (done.stdout, done.stderr) == ("c (6, 2)\n", "")


def test_the_record_is_readable_text(library):
    content = library[2]
    length = int.from_bytes(content[-built.END : -built.END + 8], "little")
    assert json.loads(content[-built.END - length : -built.END])["target"] == "native"
