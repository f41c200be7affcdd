"""Arrays and a record of plain data in one safetensors file, self-checking.

The bytes are those of the `safetensors` library, which any tool reads. In its metadata there is one entry, `chainrule`,
a JSON text: `format`, what kind of file it is, `record`, the plain data, and `digest`, the SHA-256 of both and of every
array. Before the library
sees a byte our own pass looks at the header: its length, keys that occur twice, names, types, shapes, offsets. Nothing
in the file is ever run, and nothing is allocated that the file does not hold.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import DataError, open_regular, quoted, read_regular, shown_path
from .errors import FileError
from .json_text import Record, read_json

Array = NDArray[Any]

MOST_BYTES = 2**32
MOST_HEADER = 8 * 2**20
MOST_ARRAYS = 10_000
KEY = "chainrule"
DTYPES: dict[str, np.dtype[Any]] = {
    "F32": np.dtype("<f4"),
    "F64": np.dtype("<f8"),
    "I64": np.dtype("<i8"),
    "U32": np.dtype("<u4"),
}
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,99}")


@dataclass(frozen=True)
class Contents:
    """What such a file holds."""

    record: dict[str, Any]
    arrays: dict[str, Array]


def to_bytes(kind: str, record: Mapping[str, Any], arrays: Mapping[str, Array]) -> bytes:
    """The file: for the same contents the same bytes. FileError: a record that is too long to be read again."""
    from safetensors.numpy import save

    plain = {name: as_stored(array) for name, array in arrays.items()}
    text = canonical({"digest": digest_of(kind, record, plain), "format": kind, "record": record})
    content = save(plain, {KEY: text})  # one entry only: the library has no order of its own for several
    if int.from_bytes(content[:8], "little") > MOST_HEADER:
        raise FileError(f"the description of the {kind} is longer than {MOST_HEADER:,} bytes: too many categories")
    return content


def canonical(data: Mapping[str, Any]) -> str:
    """JSON, for the same data the same text."""
    return json.dumps(data, allow_nan=False, sort_keys=True, separators=(",", ":"))


def as_stored(array: Array) -> Array:
    """The array in the order of bytes that the file has."""
    made = np.asarray(array, order="C")
    return made.astype(made.dtype.newbyteorder("<"), copy=False)


def digest_of(kind: str, record: Mapping[str, Any], arrays: Mapping[str, Array]) -> str:
    text = canonical(record)
    made = hashlib.sha256(f"{kind}\n{len(text)}\n{text}\n".encode())
    for name in sorted(arrays):
        array = arrays[name]
        made.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        made.update(array.reshape(-1).data)
    return made.hexdigest()


def read_tensors(path: str | os.PathLike[str], kind: str, called: str) -> Contents:
    """What a file of this kind holds, undamaged.

    kind, called    its `format`, and what people call it: "chainrule model 1", "a model"

    Raises
        DataError: no such file, not a regular one, damaged in any way, or of another kind.
    """
    source = shown_path(path)
    content = read_regular(path, MOST_BYTES)
    found_kind, record, digest = check_header(content, source)
    if found_kind != kind:
        raise FileError(f"{source} is no {called}; it says of itself {quoted(found_kind)}, not {quoted(kind)}")
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays: dict[str, Array] = dict(load(content))
    except (SafetensorError, ValueError, KeyError) as error:
        raise FileError(f"{source} is damaged: {quoted(str(error), 120)}") from None
    if digest_of(kind, record, arrays) != digest:
        raise FileError(f"{source} is damaged: its digest is not that of what it holds")
    return Contents(record, arrays)


def kind_at(path: str | os.PathLike[str]) -> str:
    """What a file says it is; empty where it is nothing of ours. Damage behind the header is not looked for."""
    try:
        with open_regular(path, MOST_BYTES) as file:
            start = file.read(8)
            length = int.from_bytes(start, "little")
            header = read_json(file.read(length), "header") if length <= MOST_HEADER else None
    except (OSError, DataError):
        return ""
    metadata = header.get("__metadata__") if isinstance(header, dict) else None
    text = metadata.get(KEY) if isinstance(metadata, dict) else None
    try:
        found = read_json(text.encode(), "header") if isinstance(text, str) else None
    except ValueError:
        return ""
    kind = found.get("format") if isinstance(found, dict) else None
    return kind if isinstance(kind, str) else ""


# --- our own pass over the header ----------------------------------------------------------------------------------


def check_header(content: bytes, source: str) -> tuple[str, dict[str, Any], str]:
    """Format, record and digest; everything else in the header is known to be right."""
    if len(content) < 8:
        raise FileError(f"{source} is no safetensors file: it has only {len(content)} bytes")
    length = int.from_bytes(content[:8], "little")
    if length > MOST_HEADER or content[8:9] != b"{":
        raise FileError(f"{source} is no safetensors file, or its header is damaged")
    if length > len(content) - 8:
        raise FileError(f"{source} is cut off: its header has {length:,} bytes, the file {len(content):,} in all")
    header = read_json(content[8 : 8 + length], f"{source}, header")
    if not isinstance(header, dict):
        raise FileError(f"{source}: its header must be an object")
    metadata = Record(header.pop("__metadata__", {}), f"{source}, metadata")
    if KEY not in metadata.data:
        raise FileError(f"{source} is a safetensors file, but chainrule has not written it")
    text = metadata.text(KEY)
    metadata.done()
    described = Record(read_json(text.encode(), f"{source}, metadata"), f"{source}, metadata")
    record = described.take("record")
    if not isinstance(record, dict):
        raise FileError(f"{source}: its record must be an object")
    found = described.text("format"), record, described.text("digest")
    described.done()
    if text != canonical(described.data):  # the same numbers in another spelling, 1E-8: not as we write them
        raise FileError(f"{source} is damaged: its description has been changed")
    check_arrays(header, len(content) - 8 - length, source)
    return found


def check_arrays(header: Mapping[str, object], size: int, source: str) -> None:
    """Names, types, shapes, and offsets that cover the data without gap or overlap."""
    if len(header) > MOST_ARRAYS:
        raise FileError(f"{source}: {len(header):,} arrays; at most {MOST_ARRAYS:,} are accepted")
    spans = []
    for name, data in header.items():
        if not NAME.fullmatch(name):
            raise FileError(f"{source}: {quoted(name)} is no name of an array")
        entry = Record(data, f"{source}, array {name}")
        dtype = DTYPES.get(entry.text("dtype"))
        if dtype is None:
            raise FileError(f"{source}, array {name}: unknown type {quoted(entry.text('dtype'))}")
        shape, offsets = (entry.items(key, most=8) for key in ("shape", "data_offsets"))
        for number in (*shape, *offsets):
            if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= MOST_BYTES:
                raise FileError(f"{source}, array {name}: shape and offsets must be whole numbers in the file")
        entry.done()
        if len(offsets) != 2 or offsets[1] - offsets[0] != math.prod(shape) * dtype.itemsize:
            raise FileError(f"{source}, array {name}: its shape and its bytes do not agree")
        spans.append((offsets[0], offsets[1]))
    end = 0
    for begin, after in sorted(spans):
        if begin != end:
            raise FileError(f"{source}: its arrays overlap, or leave a gap at byte {end:,}")
        end = after
    if end != size:
        raise FileError(f"{source} is cut off or too long: its arrays need {end:,} bytes, there are {size:,}")
