"""JSON, read strictly: no key twice, no NaN, no infinity, no endless digits; and plain data taken apart by schema."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Mapping
from typing import Any, NoReturn

from ..data import listed, quoted
from .errors import FileError

MOST_DIGITS = 30  # of a whole number; what is larger than any of ours is refused before it is converted
_REQUIRED: Any = object()


def read_json(content: bytes, where: str) -> object:
    """The value that a JSON text in UTF-8 holds.

    Raises
        FileError: no JSON, with line and column; a key that occurs twice; a number that is not finite; deep nesting.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(f"{where}: not UTF-8 at byte {error.start + 1}") from None

    def pairs(found: list[tuple[str, object]]) -> dict[str, object]:
        made = dict(found)
        if len(made) < len(found):
            keys = [key for key, _ in found]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise FileError(f"{where}: the key {quoted(twice)} occurs twice in one object; which one holds?")
        return made

    def whole(digits: str) -> int:
        if len(digits) > MOST_DIGITS:
            raise FileError(f"{where}: a whole number of {len(digits):,} digits")
        return int(digits)

    def real(digits: str) -> float:
        value = float(digits)
        if not math.isfinite(value):
            raise FileError(f"{where}: the number {quoted(digits)} does not fit into float64")
        return value

    def constant(name: str) -> NoReturn:
        raise FileError(f"{where}: {name} is no number that JSON knows")

    try:
        value: object = json.loads(
            text, object_pairs_hook=pairs, parse_int=whole, parse_float=real, parse_constant=constant
        )
    except json.JSONDecodeError as error:
        raise FileError(f"{where}, line {error.lineno}, column {error.colno}: no JSON ({error.msg})") from None
    except RecursionError:
        raise FileError(f"{where}: brackets are nested too deeply") from None
    return value


class Record:
    """The entries of a JSON object, taken out one by one; `done` refuses what was not asked for.

    where       the object, for messages: `net.json, layer 2`
    """

    def __init__(self, data: object, where: str) -> None:
        if not isinstance(data, Mapping):
            raise FileError(f"{where}: an object with named entries is expected, {{...}}, not {shown(data)}")
        self.data, self.where, self.known = data, where, list[str]()

    def has(self, key: str) -> bool:
        """Whether there is an entry that is not null."""
        self.known.append(key)
        return self.data.get(key) is not None

    def take(self, key: str, default: Any = _REQUIRED) -> Any:
        """The entry as it is."""
        self.known.append(key)
        if key in self.data:
            return self.data[key]
        if default is _REQUIRED:
            near = self.near(key)
            raise FileError(f"{self.where}: {quoted(key)} is missing" + (f"; is {quoted(near)} meant?" if near else ""))
        return default

    def near(self, key: str) -> str | None:
        others = [str(other)[:40] for other in self.data if other not in self.known]
        return next(iter(difflib.get_close_matches(key, others[:100], n=1)), None)

    def text(self, key: str, default: Any = _REQUIRED) -> str:
        return check_text(self.take(key, default), f"{self.where}: {key}")

    def boolean(self, key: str, default: Any = _REQUIRED) -> bool:
        value = self.take(key, default)
        if not isinstance(value, bool):
            raise FileError(f"{self.where}: {key} must be true or false, not {shown(value)}")
        return value

    def whole(self, key: str, default: Any = _REQUIRED, least: int = 0, most: int = 2**53) -> int:
        value = self.take(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            bounds = f"from {least:,} to {most:,}" if most < 2**53 else f"of at least {least:,}"
            raise FileError(f"{self.where}: {key} must be a whole number {bounds}, not {shown(value)}")
        return value

    def number(self, key: str, default: Any = _REQUIRED) -> float:
        return check_number(self.take(key, default), f"{self.where}: {key}")

    def items(self, key: str, default: Any = _REQUIRED, most: int = 1000) -> list[Any]:
        value = self.take(key, default)
        if not isinstance(value, list) or len(value) > most:
            raise FileError(f"{self.where}: {key} must be a list of at most {most:,} entries, not {shown(value)}")
        return value

    def texts(self, key: str, default: Any = _REQUIRED, most: int = 1000) -> list[str]:
        return [check_text(item, f"{self.where}: {key}") for item in self.items(key, default, most)]

    def record(self, key: str) -> Record:
        return Record(self.take(key), f"{self.where}, {key}")

    def chosen(self, key: str, table: Mapping[str, Any]) -> Any:
        """The row of a table that the entry names."""
        name = self.text(key)
        if name not in table:
            raise FileError(f"{self.where}: unknown {key} {quoted(name)}; known: {', '.join(table)}")
        return table[name]

    def done(self) -> None:
        """Refuse entries that nobody asked for."""
        unknown = [str(key) for key in self.data if key not in self.known]
        if unknown:
            raise FileError(
                f"{self.where}: there is no entry {listed(unknown, 3)}; there is {', '.join(dict.fromkeys(self.known))}"
            )


def check_text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise FileError(f"{where} must be a text, not {shown(value)}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise FileError(f"{where}: {quoted(value)} is not valid Unicode") from None
    return value


def check_number(value: object, where: str) -> float:
    """A finite number; whole ones stay whole."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= 1e308:
        raise FileError(f"{where} must be a number, not {shown(value)}")
    return value


def shown(value: object) -> str:
    """A value in a message, in a few words."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list):
        return f"a list of {len(value):,}" if value else "an empty list"
    if isinstance(value, Mapping):
        return "an object"
    return json.dumps(value)[:40]
