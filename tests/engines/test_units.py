"""The products of a program are compiled apart, once for many programs; the text is the same."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines import compiler, make_engine
from chainrule.engines.compiler import CompilerError
from chainrule.engines.emitted import FUNCTIONS, Emitted
from chainrule.engines.units import OUTSIDE, split


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch, quick_compiler):
    monkeypatch.delenv("CHAINRULE_ENGINE", raising=False)
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def program(notation="6-20-2"):
    return cr.derive(cr.Network.parse(notation), "mean_squared_error")


def output(engine):
    X = np.ones((3, 6), np.float32)
    weights = {name: np.full(v.shape, 0.1, np.float32) for name, v in engine.program.parameters.items()}
    return engine.predict(X, weights, {}).tolist()


def test_what_is_compiled_is_what_is_read():
    for dtype in ("float32", "float64"):
        for kernels in ("tiled", "threads"):
            source = Emitted(program(), dtype, kernels, FUNCTIONS).text
            own, products = split(source)
            for part, more in ((own, "void product("), (products, "typedef")):
                added = [line for line in part.splitlines() if line not in source.splitlines()]
                assert all(line.startswith((OUTSIDE, "typedef", " ")) for line in added), added
                assert more in part
            together = {*own.splitlines(), *products.splitlines()}
            missing = [line for line in source.splitlines() if line not in together]
            assert len(missing) == 1
            assert missing[0].startswith("static __attribute__((noinline)) void product(")
            assert "pthread" not in products
    assert split("int answer(void) { return 42; }") == ("int answer(void) { return 42; }", "")
    lanes = Emitted(program("3-4-1"), "float32", "lanes", FUNCTIONS).text
    assert split(lanes) == (lanes, "")


def test_they_are_compiled_once_and_again_when_damaged(cache):
    first = make_engine(program(), "c")
    (products,) = cache.glob("*.o")
    compiled = products.read_bytes()
    make_engine(program("6-21-2"), "c")
    assert [len(list(cache.glob(f"*.{kind}"))) for kind in ("o", "so", "sha256")] == [1, 2, 3]
    products.write_bytes(compiled[:1000])
    for library in cache.glob("*.so"):
        library.unlink()
    assert output(make_engine(program(), "c")) == output(first)
    assert products.read_bytes() == compiled


def test_without_a_cache_they_are_compiled_all_the_same(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "file" / "cache"))
    assert np.isfinite(output(make_engine(program(), "c"))).all()


def test_one_of_the_two_that_fails_is_told(tmp_path, monkeypatch):
    fails_for_products = (
        "#!/bin/sh\n[ \"$1\" = --version ] && { echo 'fake 1.0'; exit 0; }\n"
        'case "$*" in *products.c*) echo "internal error" >&2; exit 1;; esac\nexec gcc "$@"\n'
    )
    (tmp_path / "cc").write_text(fails_for_products)
    (tmp_path / "cc").chmod(0o755)
    monkeypatch.setenv("CC", str(tmp_path / "cc"))
    with pytest.raises(CompilerError, match="internal error"):
        make_engine(program(), "c")
    monkeypatch.setattr(compiler, "SECONDS", 0.001)
    monkeypatch.delenv("CC")
    with pytest.raises(CompilerError, match="took more than"):
        make_engine(program(), "c")
