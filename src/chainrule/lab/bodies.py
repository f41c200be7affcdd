"""How an answer travels: as JSON, packed; with many numbers in it, those behind it, as they are in memory.

    4 bytes     how many bytes the JSON has, least significant first
    JSON        in the place of an array {"float64": [begin, count]}: so many of the numbers, from that one on
    blanks      up to a multiple of 8
    numbers     float64, least significant byte first

A page turns that into arrays without reading a digit: `web/src/core/bodies.ts`.
"""

from __future__ import annotations

import gzip
import json
from typing import Any

import numpy as np

JSON, NUMBERS = "application/json", "application/octet-stream"


def body_of(answer: object) -> tuple[bytes, dict[str, str]]:
    """The body of an answer and its headers.  ValueError: a number that is not finite, outside of arrays."""
    arrays: dict[int, tuple[list[int], Any]] = {}
    size = 0

    def placed(value: object) -> dict[str, list[int]]:
        nonlocal size
        array = checked(value)
        if id(array) not in arrays:
            arrays[id(array)] = [size, array.size], array
            size += array.size
        return {"float64": arrays[id(array)][0]}

    text = json.dumps(answer, allow_nan=False, separators=(",", ":"), default=placed).encode()
    if not arrays:
        return gzip.compress(text, 1), {"content-type": JSON, "content-encoding": "gzip"}
    text += b" " * (-(4 + len(text)) % 8)
    numbers = [array.astype("<f8", copy=False).tobytes() for _, array in arrays.values()]
    return b"".join([len(text).to_bytes(4, "little"), text, *numbers]), {"content-type": NUMBERS}


def listed(value: object) -> list[float]:
    """An array where only JSON is understood."""
    found: list[float] = checked(value).tolist()
    return found


def checked(value: object) -> Any:
    """TypeError: JSON knows no such value, and it is no flat array of float64 either."""
    if not (isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype == np.float64):
        raise TypeError(f"an answer holds {getattr(value, 'dtype', type(value).__name__)}")
    return value


__all__ = ["body_of", "listed"]
