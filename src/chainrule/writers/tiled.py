"""The tiled kernel set: the same calls in `step`, faster kernels above them, for GCC and Clang.

Contractions are computed in register tiles, six rows by two vectors of columns, into a small block `sum`; what follows
element by element (bias, activation, slope, update in place) is applied to that block while it is in the first cache.
exp, log and tanh are short polynomials without branches or tables, so that the compiler vectorises the loops they are in.
"""

from __future__ import annotations

from typing import ClassVar

from ..program.expr import Name
from .c import HELPERS, CWriter
from .loops import INDENT, Axis, Kernel, Scope
from .lowering import ACCUMULATOR, Contraction, Operand, Reduction
from .polynomials import POLYNOMIALS

TILES = """\
#include <stddef.h>
#include <string.h>

/* A vector register, and what is held of a product at a time: ROWS rows by PANEL columns, DEPTH products deep. */
#if defined(__AVX512F__)
enum { VECTOR = 64 };
#elif defined(__AVX__)
enum { VECTOR = 32 };
#else
enum { VECTOR = 16 };
#endif
enum { LANES = VECTOR / (int)sizeof(real), PANEL = 2 * LANES, TILE = @TILE@, ROWS = 96, DEPTH = 512 };
typedef real vector __attribute__((vector_size(VECTOR), aligned(sizeof(real)), may_alias));
#define INLINE static inline __attribute__((always_inline))
#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

static int least(int a, int b) { return a < b ? a : b; }

/* One tile in registers: `rows` rows of a times `vectors` vectors of b, added to `sum` where it goes on. Element (i, k) of a
 * lies at i * row + k * along. */
INLINE void tile(const int rows, const int vectors, int depth, const real *a, ptrdiff_t row, ptrdiff_t along,
                 const real *b, ptrdiff_t down, real *sum, int goes_on) {
    vector c[TILE][2];
    UNROLL for (int i = 0; i < rows; i++)
        UNROLL for (int v = 0; v < vectors; v++)
            c[i][v] = goes_on ? *(const vector *)(sum + i * PANEL + v * LANES) : (vector){0};
    for (int k = 0; k < depth; k++, a += along, b += down)
        UNROLL for (int i = 0; i < rows; i++)
            UNROLL for (int v = 0; v < vectors; v++)
                c[i][v] += a[i * row] * *(const vector *)(b + v * LANES);
    UNROLL for (int i = 0; i < rows; i++)
        UNROLL for (int v = 0; v < vectors; v++)
            *(vector *)(sum + i * PANEL + v * LANES) = c[i][v];
}

/* All tiles of a block, from the tallest to single rows. */
INLINE void stack(const int vectors, int rows, int depth, const real *a, ptrdiff_t row, ptrdiff_t along,
                  const real *b, ptrdiff_t down, real *sum, int goes_on) {
    int i = 0;
    for (; i + TILE <= rows; i += TILE)
        tile(TILE, vectors, depth, a + i * row, row, along, b, down, sum + i * PANEL, goes_on);
    for (; i + 2 <= rows; i += 2)
        tile(2, vectors, depth, a + i * row, row, along, b, down, sum + i * PANEL, goes_on);
    for (; i < rows; i++)
        tile(1, vectors, depth, a + i * row, row, along, b, down, sum + i * PANEL, goes_on);
}

/* to (depth, PANEL) = the transpose of from (columns, depth); four by four in registers where there are four. */
static void transpose(int columns, int depth, const real *from, ptrdiff_t apart, real *to) {
    typedef real four __attribute__((vector_size(4 * sizeof(real)), aligned(sizeof(real)), may_alias));
    int j = 0;
    for (; j + 4 <= columns; j += 4) {
        const real *f = from + j * apart;
        int k = 0;
        for (; k + 4 <= depth; k += 4) {
            const four a = *(const four *)(f + k), b = *(const four *)(f + apart + k);
            const four c = *(const four *)(f + 2 * apart + k), d = *(const four *)(f + 3 * apart + k);
            *(four *)(to + k * PANEL + j) = (four){a[0], b[0], c[0], d[0]};
            *(four *)(to + (k + 1) * PANEL + j) = (four){a[1], b[1], c[1], d[1]};
            *(four *)(to + (k + 2) * PANEL + j) = (four){a[2], b[2], c[2], d[2]};
            *(four *)(to + (k + 3) * PANEL + j) = (four){a[3], b[3], c[3], d[3]};
        }
        for (; k < depth; k++)
            for (int i = 0; i < 4; i++)
                to[k * PANEL + j + i] = f[i * apart + k];
    }
    for (; j < columns; j++)
        for (int k = 0; k < depth; k++)
            to[k * PANEL + j] = from[j * apart + k];
}

/* sum (rows, PANEL) = a @ b, for at most ROWS rows and PANEL columns. Element (i, k) of a lies at i * row + k * along,
 * element (k, j) of b at k * down + j * across. */
static __attribute__((noinline)) void product(int rows, int columns, int depth, const real *a, ptrdiff_t row,
                                              ptrdiff_t along, const real *b, ptrdiff_t down, ptrdiff_t across,
                                              real *sum) {
    real panel[DEPTH * PANEL];
    const int in_place = across == 1 && columns == PANEL && down <= 256;
    for (int from = 0; from < depth; from += DEPTH, a += DEPTH * along, b += DEPTH * down) {
        const int deep = least(DEPTH, depth - from);
        if (!in_place && columns < PANEL)
            memset(panel, 0, sizeof(real) * (size_t)(deep * PANEL));
        if (across != 1)
            transpose(columns, deep, b, across, panel);
        else if (!in_place)
            for (int k = 0; k < deep; k++)
                for (int j = 0; j < columns; j++)
                    panel[k * PANEL + j] = b[k * down + j];
        if (columns > LANES)
            stack(2, rows, deep, a, row, along, in_place ? b : panel, in_place ? down : PANEL, sum, from > 0);
        else
            stack(1, rows, deep, a, row, along, panel, PANEL, sum, from > 0);
    }
}"""

SOFTMAX = """\
/* p = softmax(z), and its logarithm unless log_p is 0     z (N, M), p (N, M), log_p (N, M) */
static void softmax(int N, int M, const real *restrict z, real *restrict p, real *restrict log_p) {
    for (int n = 0; n < N * M; n += M) {
        real largest = z[n];
        for (int j = 1; j < M; j++)
            largest = z[n + j] > largest ? z[n + j] : largest;
        for (int j = 0; j < M; j++)
            p[n + j] = z[n + j] - largest;
    }
    if (log_p)
        memcpy(log_p, p, sizeof(real) * (size_t)(N * M));
    for (int k = 0; k < N * M; k++)
        p[k] = exp_(p[k]);
    for (int n = 0; n < N * M; n += M) {
        real sum = p[n];
        for (int j = 1; j < M; j++)
            sum += p[n + j];
        for (int j = 0; j < M; j++)
            p[n + j] /= sum;
        const real log_sum = log_p ? log_(sum) : 0;
        for (int j = 0; log_p && j < M; j++)
            log_p[n + j] -= log_sum;
    }
}"""

LOG_SOFTMAX = """\
/* log_p = log_softmax(z)     z (N, M), log_p (N, M) */
static void log_softmax(int N, int M, const real *restrict z, real *restrict log_p) {
    for (int n = 0; n < N * M; n += M) {
        real largest = z[n], sum = 0;
        for (int j = 1; j < M; j++)
            largest = z[n + j] > largest ? z[n + j] : largest;
        for (int j = 0; j < M; j++)
            sum += exp_(z[n + j] - largest);
        const real log_sum = log_(sum);
        for (int j = 0; j < M; j++)
            log_p[n + j] = z[n + j] - largest - log_sum;
    }
}"""
