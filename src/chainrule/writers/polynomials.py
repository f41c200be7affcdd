"""exp, log and tanh in elementary operations, for loops that a compiler vectorises; right to 2 units in the last place.

exp      x = n ln 2 + r, exp(x) = 2**n (1 + r + r**2 Q(r)); adding 1.5 * 2**52 (double) leaves n in the low bits, from
         where a shift puts it into the exponent
log      x = 2**n (1 + f) with 1 + f near 1; s = f / (2 + f), log(1 + f) = f - h + s (h + s**2 P(s**2)), h = f**2 / 2
tanh     e / (e + 2) with e = exp(2 x) - 1 = 2**n (exp(r) - 1) + (2**n - 1), where nothing cancels: near 0 is n = 0

The polynomials are Chebyshev fits of our own.
"""

from __future__ import annotations

from collections.abc import Iterable

BITS = """\
#include <stdint.h>
#include <string.h>

/* exp, log and tanh as polynomials without branches: the compiler vectorises the loops that they are in. */
typedef u@whole whole;
INLINE whole bits_of(real x) { whole bits; memcpy(&bits, &x, sizeof bits); return bits; }
INLINE real with_bits(whole bits) { real x; memcpy(&x, &bits, sizeof x); return x; }"""

FUNCTIONS = {
    "reduced": """\
/* r and 1.5 * 2**@bits + n, x = n ln 2 + r, for @low <= x <= @high; returns exp(r) - 1 */
INLINE real reduced(real x, real *shifted) {
    *shifted = x * @log2e + @round;
    const real n = *shifted - @round;
    const real r = (x - n * @ln2_high) - n * @ln2_low;
    const real r2 = r * r, r4 = r2 * r2@r8;
    const real q = @exp;
    return r + r2 * q;
}""",
    "exp_within": """\
/* exp(x) for @low <= x <= @high; beyond, what it is there: nearly 0, or nearly as large as numbers get */
INLINE real exp_within(real x) {
    real shifted;
    const real p = reduced(x < @low ? @low : x > @high ? @high : x, &shifted);
    return with_bits(bits_of(1 + p) + (bits_of(shifted) << @bits));
}""",
    "exp_": """\
INLINE real exp_(real x) {
    const real e = exp_within(x);
    return x > @high ? (real)INFINITY : x < @low ? 0 : e;
}""",
    "log_": """\
INLINE real log_(real x) {
    const whole bits = bits_of(x), n_bits = (whole)((@whole)(bits - bits_of(@sqrt_half)) >> @bits);
    const real f = with_bits(bits - (n_bits << @bits)) - 1;
    const real n = with_bits(bits_of(@round) + n_bits) - @round;
    const real s = f / (2 + f), t = s * s, h = @half * f * f;
    const real p = @log;
    const real l = n * @ln2_high - ((h - (s * (h + t * p) + n * @ln2_low)) - f);
    return x >= @least ? (x <= @most ? l : x) : x < 0 || x != x ? (real)NAN : -(real)INFINITY;
}""",
    "tanh_": """\
INLINE real tanh_(real x) {
    real shifted;
    const real a = x < 0 ? -x : x, p = reduced(a > @flat ? 2 * @flat : 2 * a, &shifted);
    const real power = with_bits(bits_of((real)1) + (bits_of(shifted) << @bits));
    const real e = power * p + (power - 1), v = e / (e + 2), half = @half * e;
    const real u = a < @turn ? half - half * v : v;  /* the same, and less is lost while v is small */
    return x < 0 ? -u : u;
}""",
}

EXP = {
    "float": (1.39269266e-3, 8.36377387e-3, 4.16665501e-2, 0.166665734, 0.5),
    "double": (
        2.510134692835034e-8, 2.7621338669142924e-7, 2.7557266418612304e-6, 2.4801518641395994e-5,
        1.9841269864380513e-4, 1.3888888918939168e-3, 8.3333333333297935e-3, 4.1666666666620639e-2,
        0.16666666666666668, 0.5,
    ),
}  # fmt: skip
LOG = {
    "float": (0.296006911, 0.39988319, 0.666666862),
    "double": (
        0.14643628601909798, 0.15329500754204177, 0.18182956608063459, 0.22222210199264212, 0.28571428631764335,
        0.39999999999886613, 0.66666666666666701,
    ),
}  # fmt: skip
CONSTANTS = {
    "float": {
        "@whole": "int32_t", "u@whole": "uint32_t", "@bits": "23", "@round": "12582912.0f", "@low": "-87.0f",
        "@high": "88.7f", "@log2e": "1.44269504f", "@ln2_high": "0.693359375f", "@ln2_low": "-2.12194440e-4f",
        "@sqrt_half": "0.707106781f", "@least": "1.17549435e-38f", "@most": "3.40282347e38f", "@flat": "10.0f",
        "@turn": "0.35f", "@half": "0.5f",
    },
    "double": {
        "@whole": "int64_t", "u@whole": "uint64_t", "@bits": "52", "@round": "6755399441055744.0", "@low": "-708.0",
        "@high": "709.7", "@log2e": "1.4426950408889634", "@ln2_high": "0.69314718036912382",
        "@ln2_low": "1.9082149292705877e-10", "@sqrt_half": "0.70710678118654752", "@least": "2.2250738585072014e-308",
        "@most": "1.7976931348623157e308", "@flat": "22.0", "@turn": "0.35", "@half": "0.5",
    },
}  # fmt: skip


def horner(coefficients: tuple[float, ...], variable: str, suffix: str) -> str:
    """The polynomial, highest power first, over several lines."""
    text = f"{coefficients[0]!r}{suffix}"
    for i, coefficient in enumerate(coefficients[1:], 1):
        sign, size = ("-", -coefficient) if coefficient < 0 else ("+", coefficient)
        text = f"({text})" if i > 1 else text
        line_end = "\n        " if i % 4 == 0 else " "
        text = f"{text} * {variable}{line_end}{sign} {size!r}{suffix}"
    return text


def in_pairs(coefficients: tuple[float, ...], suffix: str) -> str:
    """The polynomial in r by powers r2, r4, r8: pairs side by side, so that few products wait for one another."""
    terms = [f"{c!r}{suffix}" for c in reversed(coefficients)]  # lowest power first
    for power in ("r", "r2", "r4", "r8"):
        if len(terms) > 1:
            pairs = [terms[i : i + 2] for i in range(0, len(terms), 2)]
            terms = [f"({pair[0]} + {pair[1]} * {power})" if len(pair) > 1 else pair[0] for pair in pairs]
    text = terms[0].removeprefix("(").removesuffix(")")
    return text.replace(" + (", "\n        + (") if len(text) > 90 else text


def code(real: str, wanted: Iterable[str]) -> str:
    """These functions, and those that they call, for float or double; nothing where none is wanted."""
    needed = set(wanted)
    if not needed:
        return ""
    needed |= {"exp_within"} if "exp_" in needed else set()
    needed |= {"reduced"} if needed & {"exp_within", "tanh_"} else set()
    suffix = "f" if real == "float" else ""
    text = "\n\n".join([BITS, *(body for name, body in FUNCTIONS.items() if name in needed)])
    text = text.replace("@exp;", in_pairs(EXP[real], suffix) + ";")
    text = text.replace("@r8", ", r8 = r4 * r4" if len(EXP[real]) > 8 else "")
    text = text.replace("@log;", horner(LOG[real], "t", suffix) + ";")
    for key in sorted(CONSTANTS[real], key=len, reverse=True):
        text = text.replace(key, CONSTANTS[real][key])
    return text
