"""Frozen: a mapping that does not change and has a hash, for declarations that are plain data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

V = TypeVar("V")


class Frozen(Mapping[str, V]):
    """Pairs in order; equal to any mapping with the same ones."""

    __slots__ = ("pairs",)

    def __init__(self, given: Mapping[str, V] = {}) -> None:
        self.pairs = tuple(given.items())

    def __getitem__(self, key: str) -> V:
        for name, value in self.pairs:
            if name == key:
                return value
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self.pairs)

    def __len__(self) -> int:
        return len(self.pairs)

    def __hash__(self) -> int:
        return hash(frozenset(self.pairs))

    def __repr__(self) -> str:
        return repr(dict(self.pairs))
