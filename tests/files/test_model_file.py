"""Model files: read back identical, and hostile ones refused with the reason."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chainrule.data import DataError
from chainrule.files import FileError, Model, kind_at
from chainrule.files.tensors import MOST_HEADER, canonical, check_header, read_tensors, to_bytes
from tests.files.files import a_checkpoint, a_model, arrays, declared
from tests.tools import ALL


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch_norm", [False, True])
def test_a_model_is_read_back_identical(tmp_path, dtype, batch_norm):
    model, path = a_model(dtype, batch_norm=batch_norm), tmp_path / "m.safetensors"
    model.save(path)
    again = Model.load(path)
    assert (again.network, again.preparation, again.provenance) == (model.network, model.preparation, model.provenance)
    assert list(again.parameters) == list(model.parameters)
    assert bool(again.statistics) == batch_norm
    for mine, read in ((model.parameters, again.parameters), (model.statistics, again.statistics)):
        for name, array in mine.items():
            assert read[name].dtype == array.dtype
            assert read[name].tobytes() == array.tobytes()
    assert again.dtype == dtype
    assert again.to_bytes() == model.to_bytes()
    assert {p.name for p in tmp_path.iterdir()} == {"m.safetensors"}


def test_other_tools_read_it(tmp_path):
    from safetensors.numpy import load_file

    path = tmp_path / "m.safetensors"
    a_model().save(path)
    assert set(load_file(path)) == {"W1", "b1", "W2", "b2"}


def test_without_a_preparation(tmp_path):
    network = declared()
    Model(network, *arrays(network)).save(tmp_path / "m")
    assert Model.load(tmp_path / "m").preparation is None


# --- records that do not fit ---------------------------------------------------------------------------------------


def saved(path: Path, record: Any, weights: dict[str, Any], kind: str = "chainrule model 1") -> Path:
    path.write_bytes(to_bytes(kind, record, weights))
    return path


def parts() -> tuple[dict[str, Any], dict[str, Any]]:
    model = a_model()
    record = check_header(model.to_bytes(), "m")[1]
    return record, dict(model.parameters)


def changed(record: dict[str, Any], path: str, value: Any) -> None:
    *way, last = path.split(".")
    inner: Any = record
    for key in way:
        inner = inner[int(key)] if key.isdecimal() else inner[key]
    inner[last] = value


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("extra", 1, "must hold just network, preparation, provenance"),
        ("network", None, "an object with named entries is expected"),
        ("network.inputs", 5, "W1 has shape (4, 3), its network needs (5, 3)"),
        ("network.loss", None, "its network must declare loss and optimizer"),
        ("network.loss", "softmax_cross_entropy", "needs softmax as output activation"),
        ("network.layers", [], "at least one Dense layer"),
        ("network.layers.0.units", 10**6, "W1 has shape (4, 3), its network needs (4, 1000000)"),
        ("preparation", 3, "preparation: must hold just"),
        ("preparation.features", [], "there must be features"),
        ("preparation.features.0.deviation", -1, "deviation must not be negative"),
        ("preparation.target.classes", ["a", "b", "c"], "its preparation has 3 outputs, its network 1"),
        ("provenance", [], "provenance must be an object"),
        ("provenance.rows", [1], "provenance must hold numbers and texts"),
    ],
)
def test_a_record_that_does_not_fit(tmp_path, path, value, message):
    record, weights = parts()
    changed(record, path, value)
    with pytest.raises(FileError) as caught:
        Model.load(saved(tmp_path / "m", record, weights))
    assert message in str(caught.value)


def test_columns_and_inputs_that_do_not_agree(tmp_path):
    record, weights = parts()
    record["preparation"]["features"].pop()
    with pytest.raises(FileError, match="its preparation makes 1 columns, its network takes 4"):
        Model.load(saved(tmp_path / "m", record, weights))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("W1", None, "its network has W1, but the file does not"),
        ("W3", np.zeros(1, "f4"), "the file has W3, which its network has not"),
        ("W1", np.zeros((4, 3)), "must all be float32, or all float64"),
        ("W1", np.zeros((3, 4), "f4"), "W1 has shape (3, 4), its network needs (4, 3)"),
        ("W1", np.full((4, 3), np.inf, "f4"), "W1 holds a value that is not finite"),
        ("b1", np.array([0, np.nan, 0], "f4"), "b1 holds a value that is not finite"),
    ],
)
def test_arrays_that_do_not_fit(tmp_path, name, value, message):
    record, weights = parts()
    weights.pop(name, None)
    if value is not None:
        weights[name] = value
    with pytest.raises(FileError) as caught:
        Model.load(saved(tmp_path / "m", record, weights))
    assert message in str(caught.value)


def test_a_variance_below_0(tmp_path):
    model = a_model(batch_norm=True)
    model.statistics["running_variance1"][0] = -1
    (tmp_path / "m").write_bytes(model.to_bytes())
    with pytest.raises(FileError, match="running_variance1 holds a value below 0"):
        Model.load(tmp_path / "m")


def test_another_kind(tmp_path):
    (tmp_path / "c").write_bytes(a_checkpoint().to_bytes())
    with pytest.raises(FileError, match="is no model file; it says of itself 'chainrule checkpoint 1'"):
        Model.load(tmp_path / "c")


# --- headers made by hand ------------------------------------------------------------------------------------------

DESCRIBED: dict[str, Any] = {"format": "chainrule model 1", "record": {}, "digest": "0"}


def meta(**entries: Any) -> dict[str, str]:
    return {"chainrule": canonical(DESCRIBED | entries)}


META = meta()
ONE = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


def by_hand(header: bytes | dict[str, Any], data: bytes = bytes(8), length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


HEADERS: list[tuple[bytes, str]] = [
    (b"", "it has only 0 bytes"),
    (b"1234567", "it has only 7 bytes"),
    (by_hand({}, length=2**63), "its header is damaged"),
    (by_hand({}, length=MOST_HEADER + 1), "its header is damaged"),
    (by_hand({}, length=100), "is cut off: its header has 100 bytes, the file 18 in all"),
    (by_hand(b"[]"), "its header is damaged"),
    (by_hand(b"{}"), "chainrule has not written it"),
    (by_hand(b"{]"), "no JSON"),
    (by_hand({"__metadata__": []}), "metadata: an object"),
    (by_hand({"__metadata__": {"format": "pt"}}), "chainrule has not written it"),
    (by_hand({"__metadata__": meta(record=3)}), "its record must be an object"),
    (by_hand({"__metadata__": META | {"more": "x"}}), "there is no entry 'more'; there is chainrule"),
    (by_hand({"__metadata__": meta(more=1)}), "there is no entry 'more'; there is record"),
    (by_hand({"__metadata__": {"chainrule": 3}}), "chainrule must be a text"),
    (by_hand({"__metadata__": {"chainrule": "\ud800"}}), "is not valid Unicode"),
    (by_hand({"__metadata__": {"chainrule": "{"}}), "no JSON"),
    (by_hand({"__metadata__": {"chainrule": '{"record": {}, "format": "x"}'}}), "'digest' is missing"),
    (by_hand(b'{"__metadata__":{"format":"a","format":"b"}}'), "the key 'format' occurs twice"),
    (by_hand(b'{"__metadata__":' + json.dumps(META).encode() + b',"W1":1,"W1":1}'), "the key 'W1' occurs twice"),
    (by_hand({"__metadata__": META, "../x": ONE}), "'../x' is no name of an array"),
    (by_hand({"__metadata__": META, "": ONE}), "'' is no name"),
    (by_hand({"__metadata__": META, "W1\x1b[2J": ONE}), "is no name of an array"),
    (by_hand({"__metadata__": META, "W1": 3}), "array W1: an object"),
    (by_hand({"__metadata__": META, "W1": ONE | {"dtype": "BF16"}}), "unknown type 'BF16'"),
    (by_hand({"__metadata__": META, "W1": ONE | {"dtype": "O"}}), "unknown type 'O'"),
    (by_hand({"__metadata__": META, "W1": ONE | {"shape": [2**40, 2**40]}}), "whole numbers in the file"),
    (by_hand({"__metadata__": META, "W1": ONE | {"shape": [-1, -2]}}), "whole numbers in the file"),
    (by_hand({"__metadata__": META, "W1": ONE | {"shape": [True, 2]}}), "whole numbers in the file"),
    (by_hand({"__metadata__": META, "W1": ONE | {"shape": [2.0]}}), "whole numbers in the file"),
    (by_hand({"__metadata__": META, "W1": ONE | {"shape": [1] * 9}}), "shape must be a list of at most 8"),
    (by_hand({"__metadata__": META, "W1": ONE | {"shape": [3]}}), "its shape and its bytes do not agree"),
    (by_hand({"__metadata__": META, "W1": ONE | {"shape": [2**31, 2**31]}}), "do not agree"),
    (by_hand({"__metadata__": META, "W1": ONE | {"data_offsets": [8, 0]}}), "do not agree"),
    (by_hand({"__metadata__": META, "W1": ONE | {"data_offsets": [0]}}), "do not agree"),
    (by_hand({"__metadata__": META, "W1": ONE | {"data_offsets": [8, 16]}}, bytes(16)), "leave a gap at byte 0"),
    (by_hand({"__metadata__": META, "W1": ONE, "W2": ONE}), "overlap"),
    (by_hand({"__metadata__": META, "W1": ONE}, bytes(7)), "is cut off or too long"),
    (by_hand({"__metadata__": META, "W1": ONE}, bytes(9)), "is cut off or too long"),
    (by_hand({"__metadata__": META, "W1": ONE}), "its digest is not that of what it holds"),
    (by_hand({"__metadata__": meta(format="x"), "W1": ONE}), "it says of itself 'x'"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "message"), HEADERS)
def test_headers_made_by_hand(tmp_path, content, message):
    path = tmp_path / "m"
    path.write_bytes(content)
    with pytest.raises(FileError) as caught:
        Model.load(path)
    assert message in str(caught.value)
    assert str(caught.value).isprintable()


def test_too_many_arrays(tmp_path):
    empty = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    path = tmp_path / "m"
    path.write_bytes(by_hand({"__metadata__": META} | {f"W{i}": empty for i in range(10_001)}, b""))
    with pytest.raises(FileError, match="10,001 arrays; at most 10,000"):
        Model.load(path)


def test_a_description_that_could_not_be_read_again():
    with pytest.raises(FileError, match="too many categories"):
        to_bytes("k", {"x": "x" * MOST_HEADER}, {})


def test_a_number_in_another_spelling(tmp_path):
    path = tmp_path / "m"
    path.write_bytes(a_model().to_bytes().replace(b"1e-08", b"1E-08"))
    with pytest.raises(FileError, match="its description has been changed"):
        Model.load(path)


def test_what_the_library_refuses_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "m"
    a_model().save(path)
    import safetensors.numpy
    from safetensors import SafetensorError

    def fail(content: bytes) -> None:
        raise SafetensorError("no\x1b good")

    monkeypatch.setattr(safetensors.numpy, "load", fail)
    with pytest.raises(FileError, match=r"is damaged: 'no\\x1b good'"):
        Model.load(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150 if ALL else 50)
@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda b: len(b).to_bytes(8, "little") + b"{" + b))
def test_no_bytes_raise_anything_else(tmp_path, content):
    path = tmp_path / "m"
    path.write_bytes(content)
    with pytest.raises(DataError):
        read_tensors(path, "chainrule model 1", "model")
    assert kind_at(path) == ""


# --- where it may be written ---------------------------------------------------------------------------------------


def test_a_model_never_replaces_something_else(tmp_path):
    path = tmp_path / "precious"
    path.write_text("mine")
    with pytest.raises(FileError, match="there is a file that is no model"):
        a_model().save(path)
    assert path.read_text() == "mine"
    with pytest.raises(FileError, match="there is no directory"):
        a_model().save(tmp_path / "nowhere" / "m")
    with pytest.raises(FileError, match="this is a directory"):
        a_model().save(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "fifo")
        with pytest.raises(FileError, match="not a regular file"):
            a_model().save(tmp_path / "fifo")


def test_a_model_replaces_a_model(tmp_path):
    path = tmp_path / "m"
    a_model().save(path)
    path.chmod(0o640)
    link = tmp_path / "link"
    link.symlink_to(path)
    a_model("float64").save(link)
    assert Model.load(path).dtype == "float64"
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
