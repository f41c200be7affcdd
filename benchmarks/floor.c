/* What the machine can do at best, on one core. */

typedef float floats __attribute__((vector_size(VECTOR)));
typedef double doubles __attribute__((vector_size(VECTOR)));
enum { ACCUMULATORS = 12, CHUNK = 256 };
#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* Multiplications and additions in registers alone: ACCUMULATORS independent chains of fused c = c * a + b. */
#define PEAK(name, vector, real)                                                                                       \
    double name(long times) {                                                                                          \
        volatile real half = (real)0.5;                                                                                \
        const vector a = (vector){0} + half, b = a;                                                                    \
        vector c[ACCUMULATORS], sum = {0};                                                                             \
        UNROLL for (int i = 0; i < ACCUMULATORS; i++)                                                                  \
            c[i] = b + (real)i;                                                                                        \
        for (long t = 0; t < times; t++)                                                                               \
            UNROLL for (int i = 0; i < ACCUMULATORS; i++)                                                              \
                c[i] = c[i] * a + b;                                                                                   \
        UNROLL for (int i = 0; i < ACCUMULATORS; i++)                                                                  \
            sum += c[i];                                                                                               \
        return (double)sum[0];                                                                                         \
    }
PEAK(peak_float, floats, float)
PEAK(peak_double, doubles, double)

/* Adam over n parameters, a multiple of CHUNK, with gradients that are at hand in the first cache. */
#define ADAM(name, real, root)                                                                                         \
    void name(long times, long n, real *restrict w, real *restrict m, real *restrict v, const real *restrict g) {      \
        const real a = (real)0.9, b = (real)0.999, rate = (real)0.001, small = (real)1e-8;                             \
        for (long t = 0; t < times; t++)                                                                               \
            for (long from = 0; from < n; from += CHUNK)                                                               \
                for (long k = 0; k < CHUNK; k++) {                                                                     \
                    m[from + k] = a * m[from + k] + (1 - a) * g[k];                                                    \
                    v[from + k] = b * v[from + k] + (1 - b) * g[k] * g[k];                                             \
                    w[from + k] -= rate * m[from + k] / (root(v[from + k]) + small);                                   \
                }                                                                                                      \
    }
ADAM(adam_float, float, __builtin_sqrtf)
ADAM(adam_double, double, __builtin_sqrt)

/* The longest chain of dependent operations in one step of the 3-4-1 network: each waits for the one before, so that
 * no number of units, rows or lanes makes it shorter. One hidden unit, four rows in the lanes of one register:
 * w -> z -> sigmoid -> u -> sigmoid -> error -> delta -> sum over rows -> w, and beside it s, the weight above.
 * exp is the shortest accurate one known to us: a rounding by addition, degree 11 by Estrin's scheme (depth 4). */
typedef double rows __attribute__((vector_size(32)));
typedef long long whole __attribute__((vector_size(32)));
#define INLINE static inline __attribute__((always_inline))

INLINE rows exp_of(rows x) {
    const double rounding = 6755399441055744.0; /* 1.5 * 2^52 */
    const rows t = x * 1.4426950408889634 + rounding, n = t - rounding;
    const rows r = (x - n * 0.693147180369123816490) - n * 1.90821492927058770002e-10;
    const rows r2 = r * r, r4 = r2 * r2, r8 = r4 * r4;
    const rows p01 = 1.0 + r, p23 = 1. / 2 + r * (1. / 6), p45 = 1. / 24 + r * (1. / 120);
    const rows p67 = 1. / 720 + r * (1. / 5040), p89 = 1. / 40320 + r * (1. / 362880);
    const rows pab = 1. / 3628800 + r * (1. / 39916800);
    const rows p = ((p01 + p23 * r2) + (p45 + p67 * r2) * r4) + (p89 + pab * r2) * r8;
    return (rows)((whole)p + ((whole)t << 52));
}

INLINE rows sum_of(rows a) {
    a = a + (rows){a[1], a[0], a[3], a[2]};
    return a + (rows){a[2], a[3], a[0], a[1]};
}

double chain(long steps) {
    volatile double one = 1; /* or the compiler would leave out what multiplies by it */
    const rows x = (rows){0} + one, y = {0, 1, 1, 0}, others = {0.1, 0.2, 0.3, 0.4};
    rows w = (rows){0} + 0.3, s = (rows){0} - 0.2;
    for (long t = 0; t < steps; t++) {
        const rows z = (x * w + others) + others; /* three products: a product and two additions deep */
        const rows h = 1 / (1 + exp_of(-z));
        const rows slope = h * (1 - h) * s;
        const rows u = (h * s + others) + others; /* four products: likewise */
        const rows a = 1 / (1 + exp_of(-u));
        const rows delta = (y - a) * (a * (1 - a));
        s += sum_of(h * delta);
        w += sum_of(x * (delta * slope));
    }
    return w[0] + s[0];
}
