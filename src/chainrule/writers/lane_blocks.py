"""The parts of C that computes in vector registers: vectors of LANES numbers, and what is done with all their lanes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from .elements import INDENT

LANES = 4  # a register of AVX2 holds four doubles
ARITHMETIC = ("add", "subtract", "multiply", "divide", "negative")  # what C says of vectors as it does of numbers

TYPES = """\
/* LANES numbers side by side: the units of a row, or a unit in LANES rows. */
enum { LANES = 4 };
typedef real lanes __attribute__((vector_size(LANES * sizeof(real))));
typedef __typeof__((lanes){0} < (lanes){0}) truths;
#pragma GCC diagnostic ignored "-Wpsabi"  /* functions that take lanes are inline: how they are passed is no matter */
#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif"""

HELPERS = {
    "all": """\
INLINE lanes all(real x) { return (lanes){x, x, x, x}; }""",
    "loaded": """\
INLINE lanes loaded(const real *x, const int count) {
    lanes a = {0};
    memcpy(&a, x, sizeof(real) * (size_t)count);
    return a;
}""",
    "store": """\
INLINE void store(lanes a, const int count, real *x) { memcpy(x, &a, sizeof(real) * (size_t)count); }""",
    "only": """\
/* The first so many lanes of a, and 0 in the others. */
INLINE lanes only(int count, lanes a) { return (lanes)((truths)a & ((lanes){0, 1, 2, 3} < (real)count)); }""",
    "total": """\
INLINE real total(lanes a) { return (a[0] + a[1]) + (a[2] + a[3]); }""",
    "sums": """\
/* The sums of the lanes of a, of b, of c and of d, side by side. */
INLINE lanes sums(lanes a, lanes b, lanes c, lanes d) {
    const lanes ab = (lanes){a[0], b[0], a[2], b[2]} + (lanes){a[1], b[1], a[3], b[3]};
    const lanes cd = (lanes){c[0], d[0], c[2], d[2]} + (lanes){c[1], d[1], c[3], d[3]};
    return (lanes){ab[0], ab[1], cd[0], cd[1]} + (lanes){ab[2], ab[3], cd[2], cd[3]};
}""",
}


def of_each_lane(name: str, several: Mapping[str, bool], text: str) -> str:
    """An inline function that computes a formula of one element for all lanes; the compiler vectorises its loop."""
    vectors = [argument for argument, many in several.items() if many]
    head = ", ".join(f"{'lanes' if many else 'real'} {argument}" for argument, many in several.items())
    first = vectors[0]
    lines = [
        f"real {', '.join(f'{vector}s[LANES]' for vector in vectors)};",
        *(f"memcpy({vector}s, &{vector}, sizeof {vector});" for vector in vectors),
        "for (int i = 0; i < LANES; i++)",
        f"{INDENT}{first}s[i] = {text};",
        f"memcpy(&{first}, {first}s, sizeof {first});",
        f"return {first};",
    ]
    return "\n".join([f"INLINE lanes {name}({head}) {{", *(INDENT + line for line in lines), "}"])


def block(lines: Sequence[str], each: Mapping[str, str]) -> str:
    """The types and functions that stand above a `train` in registers: those that it calls."""
    text = "\n".join(lines)
    helpers = [body for name, body in HELPERS.items() if re.search(rf"\b{name}\(", text)]
    return "\n\n".join([TYPES, "\n".join(helpers), *each.values()])
