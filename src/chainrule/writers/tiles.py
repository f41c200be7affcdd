"""The parts of tiled C that are the same in each program: products in register tiles, softmax, and the like."""

VECTORS = "/* --- vectors --- */"
PRODUCTS = "/* --- products: the same text in every program of such numbers, compiled once --- */"
END_OF_PRODUCTS = "/* --- end of the products --- */"

REGISTERS = """\
#include <stddef.h>
#include <string.h>

/* A vector register, and how a product is cut: what is held in registers has TILE rows and a panel of PANEL columns; b
 * is taken DEPTH products deep and BAND columns wide, a HIGH rows at a time. ROWS and WIDE: what is kept of a product
 * that has no place of its own. */
#if defined(__AVX512F__)
enum { VECTOR = 64, TILE = 8 };
#elif defined(__AVX__)
enum { VECTOR = 32, TILE = 6 };
#else
enum { VECTOR = 16, TILE = 6 };
#endif
enum { LANES = VECTOR / (int)sizeof(real), PANEL = 2 * LANES, ROWS = 128, WIDE = 256 / (int)sizeof(real) };
enum { DEPTH = 1024 / (int)sizeof(real), BAND = 512 / (int)sizeof(real), HIGH = 120, NEAR = 16384 / (int)sizeof(real) };
enum { SHALLOW = 128 };  /* where a column of a lies together: deeper, its rows drive b out of the first cache */
enum { APART = HIGH + 24 };  /* no power of two, or rows of a would meet in the same lines of the cache */
typedef real vector __attribute__((vector_size(VECTOR), aligned(sizeof(real)), may_alias));
#define ALIGNED __attribute__((aligned(64)))  /* as lines of the cache: a vector across two costs more */
#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

enum { COLUMNS = 64, PARTS = 64 };  /* sums run side by side */
static inline int least(int a, int b) { return a < b ? a : b; }
"""

STACKS = """\
/* One tile in registers: `rows` rows of a times `vectors` vectors of b, added to what is there where it goes on.
 * Element (i, k) of a lies at i * row + k * along. */
INLINE void tile(const int rows, const int vectors, int depth, const real *a, ptrdiff_t row, ptrdiff_t along,
                 const real *b, ptrdiff_t down, real *to, ptrdiff_t apart, int goes_on) {
    vector c[8][4];
    UNROLL for (int i = 0; i < rows; i++)
        UNROLL for (int v = 0; v < vectors; v++)
            c[i][v] = goes_on ? *(const vector *)(to + i * apart + v * LANES) : (vector){0};
    for (int k = 0; k < depth; k++, a += along, b += down) {
        vector x[4];
        UNROLL for (int v = 0; v < vectors; v++)  /* volatile: loaded once, where gcc would load it for each row */
            x[v] = *(const volatile vector *)(b + v * LANES);
        UNROLL for (int i = 0; i < rows; i++)
            UNROLL for (int v = 0; v < vectors; v++)
                c[i][v] += a[i * row] * x[v];
    }
    UNROLL for (int i = 0; i < rows; i++)
        UNROLL for (int v = 0; v < vectors; v++)
            *(vector *)(to + i * apart + v * LANES) = c[i][v];
}

/* All tiles of some columns: tall ones, then four rows (twice rather than a tall one and two), two, and one. */
INLINE void stack(const int tall, const int vectors, int rows, int depth, const real *a, ptrdiff_t row,
                  ptrdiff_t along, const real *b, ptrdiff_t down, real *to, ptrdiff_t apart, int goes_on) {
    int i = 0;
    for (; i + tall <= rows && i + tall + 2 != rows; i += tall)
        tile(tall, vectors, depth, a + i * row, row, along, b, down, to + i * apart, apart, goes_on);
    for (; tall > 4 && i + 4 <= rows; i += 4)
        tile(4, vectors, depth, a + i * row, row, along, b, down, to + i * apart, apart, goes_on);
    for (; vectors > 1 && i + 2 <= rows; i += 2)
        tile(2, vectors, depth, a + i * row, row, along, b, down, to + i * apart, apart, goes_on);
    for (; i < rows; i++)
        tile(1, vectors, depth, a + i * row, row, along, b, down, to + i * apart, apart, goes_on);
}

/* Functions of their own: what a tile counts with stays in registers. */
#define STACK(name, tall, vectors)                                                                              \\
    static __attribute__((noinline)) void name(int rows, int depth, const real *a, ptrdiff_t row, ptrdiff_t along,\\
                                               const real *b, ptrdiff_t down, real *to, ptrdiff_t apart,        \\
                                               int goes_on) {                                                   \\
        stack(tall, vectors, rows, depth, a, row, along, b, down, to, apart, goes_on);                          \\
    }
STACK(one_vector, 8, 1)
STACK(two_vectors, TILE, 2)
STACK(four_vectors, 2, 4)

@transpose

/* panels = b (depth, columns), PANEL columns after PANEL columns, the last filled up with 0. */
static void pack(int columns, int depth, const real *b, ptrdiff_t down, ptrdiff_t across, real *panels) {
    const int full = columns - columns % PANEL;
    if (full < columns)
        memset(panels + full * depth, 0, sizeof(real) * (size_t)(depth * PANEL));
    if (across != 1) {
        for (int j = 0; j < columns; j += PANEL)
            transpose(least(PANEL, columns - j), depth, b + j * across, across, panels + j * depth);
        return;
    }
    for (int k = 0; k < depth; k++, b += down, panels += PANEL) {
        const real *later = b + least(8, depth - 1 - k) * down;
        for (int j = 0; j < columns; j += 64 / (int)sizeof(real))
            __builtin_prefetch(later + j);
        for (int j = 0; j < full; j += PANEL)
            memcpy(panels + j * depth, b + j, sizeof(real) * PANEL);
        for (int j = full; j < columns; j++)
            panels[full * depth + j - full] = b[j];
    }
}

/* Rows of `few` columns out of a block of PANEL, to where they belong. */
static void put(int rows, int few, const real *block, real *to, ptrdiff_t apart, int goes_on) {
    for (int i = 0; i < rows; i++, block += PANEL, to += apart) {
        int j = 0;
        for (; j + LANES <= few; j += LANES)
            *(vector *)(to + j) = *(const vector *)(block + j) + (goes_on ? *(const vector *)(to + j) : (vector){0});
        for (; j < few; j++)
            to[j] = block[j] + (goes_on ? to[j] : 0);
    }
}

/* A product in tiles; b in place where its rows lie near one another, in panels where they do not. */
static __attribute__((noinline)) void tiled(int rows, int columns, int depth, const real *a, ptrdiff_t row,
                                            ptrdiff_t along, const real *b, ptrdiff_t down, ptrdiff_t across,
                                            real *to, ptrdiff_t apart) {
    real panels[DEPTH * BAND] ALIGNED, block[HIGH * PANEL] ALIGNED, gathered[SHALLOW * APART];
    const int gathers = row == 1 && rows > 8 && along * (int)sizeof(real) >= 2048;
    const int deepest = row == 1 ? SHALLOW : DEPTH, slabs = (depth + deepest - 1) / deepest;
    for (int s = 0, from = 0, deep; s < slabs; s++, from += deep) {
        deep = (depth - from) / (slabs - s);
        for (int j0 = 0; j0 < columns; j0 += BAND) {
            const int wide = least(BAND, columns - j0);
            const int near = rows < 8 || down * deep <= NEAR || (down <= WIDE && down * deep <= 4 * NEAR);
            const int packed = across == 1 && near ? wide - wide % PANEL : 0;  /* from this column on */
            const real *const band = b + from * down + j0 * across;
            if (packed < wide)
                pack(wide - packed, deep, band + packed * across, down, across, panels);
            for (int i0 = 0; i0 < rows; i0 += HIGH) {
                const int high = least(HIGH, rows - i0);
                const real *x = a + i0 * row + from * along;
                for (int k = 0; gathers && k < deep; k++)
                    memcpy(gathered + k * APART, x + k * along, sizeof(real) * (size_t)high);
                x = gathers ? gathered : x;
                const ptrdiff_t next = gathers ? APART : along;
                int j = 0;
                for (; high < 4 && j + 2 * PANEL <= packed; j += 2 * PANEL)  /* fewer rows keep more columns busy */
                    four_vectors(high, deep, x, row, next, band + j, down, to + i0 * apart + j0 + j, apart, from > 0);
                for (; j < wide; j += PANEL) {
                    const real *panel = j < packed ? band + j : panels + (j - packed) * deep;
                    const ptrdiff_t below = j < packed ? down : PANEL;
                    const int few = wide - j, fits = few >= PANEL, goes_on = fits && from > 0;
                    real *const own = to + i0 * apart + j0 + j, *const place = fits ? own : block;
                    const ptrdiff_t gap = fits ? apart : PANEL;
                    if (few > LANES)
                        two_vectors(high, deep, x, row, next, panel, below, place, gap, goes_on);
                    else
                        one_vector(high, deep, x, row, next, panel, below, place, gap, goes_on);
                    if (!fits)
                        put(high, few, block, own, apart, from > 0);
                }
            }
        }
    }
}

/* `rows` elements of a product: every element along a row of a times `column`, added where it goes on. */
INLINE void dot(const int rows, int depth, const real *a, ptrdiff_t row, const real *column, real *to, ptrdiff_t apart,
                int goes_on) {
    const int full = depth - depth % LANES;
    vector c[4];
    UNROLL for (int i = 0; i < rows; i++)
        c[i] = (vector){0};
    for (int k = 0; k < full; k += LANES)
        UNROLL for (int i = 0; i < rows; i++)
            c[i] += *(const vector *)(a + i * row + k) * *(const vector *)(column + k);
    UNROLL for (int i = 0; i < rows; i++) {
        real total = goes_on ? to[i * apart] : 0, half[LANES / 2];
        UNROLL for (int l = 0; l < LANES / 2; l++)
            half[l] = c[i][l] + c[i][l + LANES / 2];
        UNROLL for (int l = 0; l < LANES / 2; l++)
            total += half[l];
        for (int k = full; k < depth; k++)
            total += a[i * row + k] * column[k];
        to[i * apart] = total;
    }
}

/* A product of few columns, where the elements of a row of a lie together: dot products, four at a time. */
static void dots(int rows, int columns, int depth, const real *a, ptrdiff_t row, const real *b, ptrdiff_t down,
                 ptrdiff_t across, real *to, ptrdiff_t apart) {
    real column[DEPTH] ALIGNED;
    for (int j = 0; j < columns; j++)
        for (int from = 0; from < depth; from += DEPTH) {
            const int deep = least(DEPTH, depth - from);
            for (int k = 0; k < deep; k++)
                column[k] = b[(from + k) * down + j * across];
            int i = 0;
            for (; i + 4 <= rows; i += 4)
                dot(4, deep, a + i * row + from, row, column, to + i * apart + j, apart, from > 0);
            for (; i < rows; i++)
                dot(1, deep, a + i * row + from, row, column, to + i * apart + j, apart, from > 0);
        }
}

/* Every element of a column times a row. */
static void outer(int rows, int columns, const real *a, ptrdiff_t row, const real *b, real *to, ptrdiff_t apart) {
    const int full = columns - columns % LANES;
    for (int i = 0; i < rows; i++, a += row, to += apart) {
        for (int j = 0; j < full; j += LANES)
            *(vector *)(to + j) = *a * *(const vector *)(b + j);
        for (int j = full; j < columns; j++)
            to[j] = *a * b[j];
    }
}

/* to = a @ b, its rows `apart` from one another. Element (i, k) of a lies at i * row + k * along, element (k, j) of b
 * at k * down + j * across. */
static __attribute__((noinline)) void product(int rows, int columns, int depth, const real *a, ptrdiff_t row,
                                              ptrdiff_t along, const real *b, ptrdiff_t down, ptrdiff_t across,
                                              real *to, ptrdiff_t apart) {
    if (depth == 1 && across == 1) {
        outer(rows, columns, a, row, b, to, apart);
    } else if (row == 1 && across == 1 && columns < PANEL && columns < rows) {  /* the transpose fills the lanes */
        real turned[PANEL * HIGH] ALIGNED;
        for (int from = 0; from < rows; from += HIGH, a += HIGH) {
            const int wide = least(HIGH, rows - from);
            tiled(columns, wide, depth, b, 1, down, a, along, 1, turned, HIGH);
            for (int i = 0; i < wide; i++)
                for (int j = 0; j < columns; j++)
                    to[(from + i) * apart + j] = turned[j * HIGH + i];
        }
    } else if (along == 1 && row > 1 && columns * 4 <= LANES && depth >= 2 * LANES) {
        dots(rows, columns, depth, a, row, b, down, across, to, apart);
    } else {
        tiled(rows, columns, depth, a, row, along, b, down, across, to, apart);
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
            UNROLL for (int i = 0; i < 8; i++)
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
            UNROLL for (int i = 0; i < 4; i++)
                to[k * PANEL + j + i] = f[i * apart + k];
    }
    for (; j < columns; j++)
        for (int k = 0; k < depth; k++)
            to[k * PANEL + j] = from[j * apart + k];
}""",
}

INLINE = "#define INLINE static inline __attribute__((always_inline))"

SIZES = """\
enum { COLUMNS = 64, PARTS = 64 };  /* sums run side by side */
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
    enum { SUMS = 16 };  /* of rows, at a time */
    for (int n0 = 0; n0 < N; n0 += SUMS) {
        const int rows = least(SUMS, N - n0);
        real sum[SUMS] = {0}, log_sum[SUMS], *q = p + n0 * M;
        for (int n = 0; n < rows; n++)
            for (int j = 0; j < M; j++)
                sum[n] += q[n * M + j];
        for (int n = 0; n < rows; n++)
            for (int j = 0; j < M; j++)
                q[n * M + j] /= sum[n];
        if (log_p) {
            for (int n = 0; n < SUMS; n++)
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
