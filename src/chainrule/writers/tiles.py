"""The parts of tiled C that are the same in each program: products in register tiles, softmax, and the like."""

VECTORS = "/* --- vectors --- */"
PRODUCTS = "/* --- products: the same text in every program of such numbers, compiled once --- */"
END_OF_PRODUCTS = "/* --- end of the products --- */"

REGISTERS = """\
#include <stddef.h>
#include <string.h>

/* A vector register, and what is held of a product at a time: ROWS rows by WIDE columns, in panels of PANEL columns,
 * DEPTH products deep. The tile in registers has TILE rows and one panel. */
#if defined(__AVX512F__)
enum { VECTOR = 64, TILE = 8 };
#elif defined(__AVX__)
enum { VECTOR = 32, TILE = 6 };
#else
enum { VECTOR = 16, TILE = 6 };
#endif
enum { LANES = VECTOR / (int)sizeof(real), PANEL = 2 * LANES, WIDE = 256 / (int)sizeof(real) };
enum { ROWS = 128, DEPTH = 1024 / (int)sizeof(real) };
enum { SHALLOW = DEPTH / 4 };  /* where a column of a lies together: deeper, its rows drive b out of the first cache */
enum { APART = ROWS + 16 };  /* no power of two, or rows of a would meet in the same lines of the cache */
typedef real vector __attribute__((vector_size(VECTOR), aligned(sizeof(real)), may_alias));
#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

enum { COLUMNS = 64, PARTS = 16 };  /* sums run side by side */
static inline int least(int a, int b) { return a < b ? a : b; }
"""

STACKS = """\
/* One tile in registers: `rows` rows of a times `vectors` vectors of b, added to `sum` where it goes on. Element (i, k)
 * of a lies at i * row + k * along. */
INLINE void tile(const int rows, const int vectors, int depth, const real *a, ptrdiff_t row, ptrdiff_t along,
                 const real *b, ptrdiff_t down, real *sum, int goes_on) {
    vector c[8][2];
    UNROLL for (int i = 0; i < rows; i++)
        UNROLL for (int v = 0; v < vectors; v++)
            c[i][v] = goes_on ? *(const vector *)(sum + i * WIDE + v * LANES) : (vector){0};
    for (int k = 0; k < depth; k++, a += along, b += down)
        UNROLL for (int i = 0; i < rows; i++)
            UNROLL for (int v = 0; v < vectors; v++)
                c[i][v] += a[i * row] * *(const vector *)(b + v * LANES);
    UNROLL for (int i = 0; i < rows; i++)
        UNROLL for (int v = 0; v < vectors; v++)
            *(vector *)(sum + i * WIDE + v * LANES) = c[i][v];
}

/* All tiles of a panel: tall ones, of two vectors also four and two rows at a time, then single rows. */
INLINE void stack(const int tall, const int vectors, int rows, int depth, const real *a, ptrdiff_t row,
                  ptrdiff_t along, const real *b, ptrdiff_t down, real *sum, int goes_on) {
    int i = 0;
    for (; i + tall <= rows; i += tall)
        tile(tall, vectors, depth, a + i * row, row, along, b, down, sum + i * WIDE, goes_on);
    for (; vectors == 2 && i + 4 <= rows; i += 4)
        tile(4, vectors, depth, a + i * row, row, along, b, down, sum + i * WIDE, goes_on);
    for (; vectors == 2 && i + 2 <= rows; i += 2)
        tile(2, vectors, depth, a + i * row, row, along, b, down, sum + i * WIDE, goes_on);
    for (; i < rows; i++)
        tile(1, vectors, depth, a + i * row, row, along, b, down, sum + i * WIDE, goes_on);
}

@transpose

/* panels = b (depth, columns), PANEL columns after PANEL columns, the last filled up with 0. */
static void pack(int columns, int depth, const real *b, ptrdiff_t down, ptrdiff_t across, real *panels) {
    const int full = columns - columns % (across == 1 ? LANES : PANEL), last = columns / PANEL * PANEL;
    if (last < columns)
        memset(panels + last * depth, 0, sizeof(real) * (size_t)(depth * PANEL));
    if (across == 1) {
        for (int k = 0; k < depth; k++) {
            const real *f = b + k * down, *later = b + least(k + 8, depth - 1) * down;
            real *to = panels + k * PANEL;
            for (int j = 0; j < columns; j += 64 / (int)sizeof(real))
                __builtin_prefetch(later + j);
            for (int j = 0; j < last; j += PANEL, to += PANEL * depth)
                memcpy(to, f + j, sizeof(real) * PANEL);
            if (last < full)
                memcpy(to, f + last, sizeof(real) * LANES);
        }
        for (int j = full; j < columns; j++)
            for (int k = 0; k < depth; k++)
                panels[(last / PANEL * depth + k) * PANEL + j % PANEL] = b[k * down + j];
    } else {
        for (int j = 0; j < columns; j += PANEL)
            transpose(least(PANEL, columns - j), depth, b + j * across, across, panels + j * depth);
    }
}

/* sum (rows, WIDE) = a @ b for b of few columns: every element along a row of a, whose elements lie together. */
static void dots(int rows, int columns, int depth, const real *a, ptrdiff_t row, const real *b, ptrdiff_t down,
                 ptrdiff_t across, real *sum) {
    real column[DEPTH];
    for (int j = 0; j < columns; j++)
        for (int from = 0; from < depth; from += DEPTH) {
            const int deep = least(DEPTH, depth - from), full = deep - deep % LANES;
            for (int k = 0; k < deep; k++)
                column[k] = b[(from + k) * down + j * across];
            for (int i = 0; i < rows; i++) {
                const real *x = a + i * row + from;
                vector c = {0};
                for (int k = 0; k < full; k += LANES)
                    c += *(const vector *)(x + k) * *(const vector *)(column + k);
                real total = from > 0 ? sum[i * WIDE + j] : 0;
                UNROLL for (int l = 0; l < LANES; l++)
                    total += c[l];
                for (int k = full; k < deep; k++)
                    total += x[k] * column[k];
                sum[i * WIDE + j] = total;
            }
        }
}

/* sum (rows, WIDE) = a @ b, for at most ROWS rows and WIDE columns. Element (i, k) of a lies at i * row + k * along,
 * element (k, j) of b at k * down + j * across. */
static __attribute__((noinline)) void product(int rows, int columns, int depth, const real *a, ptrdiff_t row,
                                              ptrdiff_t along, const real *b, ptrdiff_t down, ptrdiff_t across,
                                              real *sum) {
    real panels[DEPTH * WIDE], left[DEPTH / 2 * APART];
    if (row == 1 && across == 1 && columns < PANEL && columns < rows) {  /* the transpose fills the lanes */
        for (int from = 0; from < rows; from += WIDE) {
            const int wide = least(WIDE, rows - from);
            product(columns, wide, depth, b, 1, down, a + from, along, 1, left);
            for (int i = 0; i < wide; i++)
                for (int j = 0; j < columns; j++)
                    sum[(from + i) * WIDE + j] = left[j * WIDE + i];
        }
        return;
    }
    if (along == 1 && row > 1 && columns * 4 <= LANES && depth >= 2 * LANES) {
        dots(rows, columns, depth, a, row, b, down, across, sum);
        return;
    }
    const int gathered = row == 1 && rows > 8 && along * (int)sizeof(real) >= 1024;
    const int slab = gathered ? DEPTH / 2 : row == 1 ? SHALLOW : DEPTH;
    const ptrdiff_t next = gathered ? APART : along;
    for (int from = 0; from < depth; from += slab, a += slab * along, b += slab * down) {
        const int deep = least(slab, depth - from);
        const int in_place = across == 1 && columns % PANEL == 0
            && (rows < 8 || down * deep <= 4096 || (down <= WIDE && down * deep <= 16384));
        const real *x = gathered ? left : a;
        for (int k = 0; gathered && k < deep; k++)
            memcpy(left + k * APART, a + k * along, sizeof(real) * (size_t)rows);
        if (!in_place)
            pack(columns, deep, b, down, across, panels);
        for (int j = 0; j < columns; j += PANEL) {
            const real *panel = in_place ? b + j : panels + j * deep;
            if (columns - j > LANES)
                stack(TILE, 2, rows, deep, x, row, next, panel, in_place ? down : PANEL, sum + j, from > 0);
            else
                stack(8, 1, rows, deep, x, row, next, panel, PANEL, sum + j, from > 0);
        }
    }
}"""

TILES = f"""\
{VECTORS}
{REGISTERS}
{PRODUCTS}

{STACKS}

{END_OF_PRODUCTS}"""

TRANSPOSE = {
    "float": """\
/* Eight elements of two vectors side by side, by their places, and two halves joined. */
typedef real four __attribute__((vector_size(4 * sizeof(real)), aligned(sizeof(real)), may_alias));
typedef real eight __attribute__((vector_size(8 * sizeof(real)), aligned(sizeof(real)), may_alias));
#if defined(__clang__) || __GNUC__ >= 12
#define PICK(x, y, ...) __builtin_shufflevector(x, y, __VA_ARGS__)
#define JOIN(x, y) __builtin_shufflevector(x, y, 0, 1, 2, 3, 4, 5, 6, 7)
#else
#define AT(x, y, i) ((i) < 8 ? (x)[(i) & 7] : (y)[(i) & 7])
#define PICK(x, y, a, b, c, d, e, f, g, h) \\
    (eight){AT(x, y, a), AT(x, y, b), AT(x, y, c), AT(x, y, d), AT(x, y, e), AT(x, y, f), AT(x, y, g), AT(x, y, h)}
#define JOIN(x, y) (eight){(x)[0], (x)[1], (x)[2], (x)[3], (y)[0], (y)[1], (y)[2], (y)[3]}
#endif

/* to (depth, PANEL) = the transpose of from (columns, depth); eight by four in registers where there are so many. */
static void transpose(int columns, int depth, const real *from, ptrdiff_t apart, real *to) {
    int j = 0;
    for (; j + 8 <= columns; j += 8) {
        const real *f = from + j * apart;
        int k = 0;
        for (; k + 4 <= depth; k += 4) {
            eight r[4];
            UNROLL for (int i = 0; i < 4; i++)
                r[i] = JOIN(*(const four *)(f + i * apart + k), *(const four *)(f + (i + 4) * apart + k));
            const eight a = PICK(r[0], r[1], 0, 8, 1, 9, 4, 12, 5, 13);
            const eight b = PICK(r[2], r[3], 0, 8, 1, 9, 4, 12, 5, 13);
            const eight c = PICK(r[0], r[1], 2, 10, 3, 11, 6, 14, 7, 15);
            const eight d = PICK(r[2], r[3], 2, 10, 3, 11, 6, 14, 7, 15);
            *(eight *)(to + k * PANEL + j) = PICK(a, b, 0, 1, 8, 9, 4, 5, 12, 13);
            *(eight *)(to + (k + 1) * PANEL + j) = PICK(a, b, 2, 3, 10, 11, 6, 7, 14, 15);
            *(eight *)(to + (k + 2) * PANEL + j) = PICK(c, d, 0, 1, 8, 9, 4, 5, 12, 13);
            *(eight *)(to + (k + 3) * PANEL + j) = PICK(c, d, 2, 3, 10, 11, 6, 7, 14, 15);
        }
        for (; k < depth; k++)
            for (int i = 0; i < 8; i++)
                to[k * PANEL + j + i] = f[i * apart + k];
    }
    for (; j < columns; j++)
        for (int k = 0; k < depth; k++)
            to[k * PANEL + j] = from[j * apart + k];
}""",
    "double": """\
/* Four elements of two vectors side by side, by their places. */
typedef real four __attribute__((vector_size(4 * sizeof(real)), aligned(sizeof(real)), may_alias));
#if defined(__clang__) || __GNUC__ >= 12
#define PICK(x, y, ...) __builtin_shufflevector(x, y, __VA_ARGS__)
#else
#define AT(x, y, i) ((i) < 4 ? (x)[(i) & 3] : (y)[(i) & 3])
#define PICK(x, y, a, b, c, d) (four){AT(x, y, a), AT(x, y, b), AT(x, y, c), AT(x, y, d)}
#endif

/* to (depth, PANEL) = the transpose of from (columns, depth); four by four in registers where there are so many. */
static void transpose(int columns, int depth, const real *from, ptrdiff_t apart, real *to) {
    int j = 0;
    for (; j + 4 <= columns; j += 4) {
        const real *f = from + j * apart;
        int k = 0;
        for (; k + 4 <= depth; k += 4) {
            const four p = *(const four *)(f + k), q = *(const four *)(f + apart + k);
            const four r = *(const four *)(f + 2 * apart + k), s = *(const four *)(f + 3 * apart + k);
            const four a = PICK(p, q, 0, 4, 2, 6), b = PICK(p, q, 1, 5, 3, 7);
            const four c = PICK(r, s, 0, 4, 2, 6), d = PICK(r, s, 1, 5, 3, 7);
            *(four *)(to + k * PANEL + j) = PICK(a, c, 0, 1, 4, 5);
            *(four *)(to + (k + 1) * PANEL + j) = PICK(b, d, 0, 1, 4, 5);
            *(four *)(to + (k + 2) * PANEL + j) = PICK(a, c, 2, 3, 6, 7);
            *(four *)(to + (k + 3) * PANEL + j) = PICK(b, d, 2, 3, 6, 7);
        }
        for (; k < depth; k++)
            for (int i = 0; i < 4; i++)
                to[k * PANEL + j + i] = f[i * apart + k];
    }
    for (; j < columns; j++)
        for (int k = 0; k < depth; k++)
            to[k * PANEL + j] = from[j * apart + k];
}""",
}

INLINE = "#define INLINE static inline __attribute__((always_inline))"

SIZES = """\
enum { COLUMNS = 64, PARTS = 16 };  /* sums run side by side */
static inline int least(int a, int b) { return a < b ? a : b; }"""

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
    for (int n0 = 0; n0 < N; n0 += PARTS) {
        const int rows = least(PARTS, N - n0);
        real sum[PARTS] = {0}, log_sum[PARTS], *q = p + n0 * M;
        for (int n = 0; n < rows; n++)
            for (int j = 0; j < M; j++)
                sum[n] += q[n * M + j];
        for (int n = 0; n < rows; n++)
            for (int j = 0; j < M; j++)
                q[n * M + j] /= sum[n];
        if (log_p) {
            for (int n = 0; n < PARTS; n++)
                log_sum[n] = log_(sum[n]);
            for (int n = 0; n < rows; n++)
                for (int j = 0; j < M; j++)
                    log_p[(n0 + n) * M + j] -= log_sum[n];
        }
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

FLUSH = """\
#if defined(__SSE__)
static void unflush(unsigned before) { __builtin_ia32_ldmxcsr(before); }
static unsigned flush(void) {
    const unsigned before = __builtin_ia32_stmxcsr();
    unflush(before | 0x8040);
    return before;
}
#else
static unsigned flush(void) { return 0; }
static void unflush(unsigned before) { (void)before; }
#endif"""

SOFTPLUS = """\
INLINE real softplus(real z) {
    const real e = exp_(-fabs@(z)), u = 1 + e;
    return (u == 1 ? e : log_(u) * (e / (u - 1))) + (z < 0 ? 0 : z);
}"""
