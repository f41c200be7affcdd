/* 3-4-1 sigmoid; half squared error; gradient descent. Derived and written by chainrule: C99 and libm, nothing else.
 * RAM    448 bytes: parameters 128, scratch 320 for MAX_ROWS rows
 * Flash  0 bytes of constants; stack about 360 bytes and what libm takes
 * Operations: step 96 a row and 33, predict 37 a row
 */
typedef double real;
enum { INPUTS = 3, UNITS1 = 4, OUTPUTS = 1, MAX_ROWS = 4 };

struct parameters {  /* what is learnt */
    real W1[INPUTS * UNITS1];
    real W2[UNITS1 * OUTPUTS];
};
struct scratch {  /* values on the way */
    real a1[MAX_ROWS * UNITS1], delta1[MAX_ROWS * UNITS1];
    real a2[MAX_ROWS * OUTPUTS], delta2[MAX_ROWS * OUTPUTS];
};
struct settings { real learning_rate; };  /* usual: 1 */

/* One training step on N <= MAX_ROWS rows, in place; returns the loss before it. */
real step(struct parameters *w, struct scratch *s, const struct settings *h, int N, const real *X,
          const real *y);
/* The output a2 (N, OUTPUTS) for N <= MAX_ROWS rows of X (N, INPUTS). */
void predict(const struct parameters *w, struct scratch *s, int N, const real *X, real *a2);

/* --- kernels and functions --- */
#include <math.h>
#ifdef __FAST_MATH__
#error -ffast-math breaks the checks for NaN
#endif

static real sigmoid(real z) { return 1.0 / (1.0 + exp(-z)); }
static real square(real x) { return x * x; }

/* The sum of K products; the elements of x lie dx apart, those of y dy. */
static real dot(int K, const real *x, int dx, const real *y, int dy) {
    real sum = 0.0;
    for (int k = 0; k < K; k++)
        sum += x[k * dx] * y[k * dy];
    return sum;
}

/* a = sigmoid(x @ W)     x (N, K), W (K, M), a (N, M) */
static void forward_sigmoid(int N, int K, int M, const real *x, const real *W, real *a) {
    for (int n = 0; n < N; n++)
        for (int j = 0; j < M; j++)
            a[n * M + j] = sigmoid(dot(K, x + n * K, 1, W + j, M));
}

/* delta_out = (delta @ W.T) * (a * (1 - a))     delta (N, M), W (K, M), a (N, K), delta_out (N, K) */
static void backward_sigmoid(int N, int K, int M, const real *delta, const real *W, const real *a, real *delta_out) {
    for (int n = 0; n < N; n++)
        for (int i = 0; i < K; i++)
            delta_out[n * K + i] = dot(M, delta + n * M, 1, W + i * M, 1) * (a[n * K + i] * (1.0 - a[n * K + i]));
}

/* W -= learning_rate * (x.T @ delta)     x (N, K), delta (N, M), W (K, M) */
static void update_weights(int N, int K, int M, const real *x, const real *delta, real learning_rate, real *W) {
    for (int i = 0; i < K; i++)
        for (int j = 0; j < M; j++)
            W[i * M + j] -= learning_rate * dot(N, x + i, K, delta + j, M);
}

real step(struct parameters *w, struct scratch *s, const struct settings *h, int N, const real *X,
          const real *y) {
    /* forward */
    forward_sigmoid(N, INPUTS, UNITS1, X, w->W1, s->a1);       /* a1 = sigmoid(X @ W1) */
    forward_sigmoid(N, UNITS1, OUTPUTS, s->a1, w->W2, s->a2);  /* a2 = sigmoid(a1 @ W2) */

    /* loss */
    real data_loss_sum = 0.0;
    for (int k = 0; k < N * OUTPUTS; k++)
        data_loss_sum += square(s->a2[k] - y[k]);
    const real data_loss = 0.5 * data_loss_sum;

    /* backward */
    for (int k = 0; k < N * OUTPUTS; k++)
        s->delta2[k] = (s->a2[k] - y[k]) * (s->a2[k] * (1.0 - s->a2[k]));
    /* delta1 = (delta2 @ W2.T) * (a1 * (1 - a1)) */
    backward_sigmoid(N, UNITS1, OUTPUTS, s->delta2, w->W2, s->a1, s->delta1);

    /* update */
    /* W1 -= learning_rate * (X.T @ delta1) */
    update_weights(N, INPUTS, UNITS1, X, s->delta1, h->learning_rate, w->W1);
    /* W2 -= learning_rate * (a1.T @ delta2) */
    update_weights(N, UNITS1, OUTPUTS, s->a1, s->delta2, h->learning_rate, w->W2);
    return data_loss;
}

void predict(const struct parameters *w, struct scratch *s, int N, const real *X, real *a2) {
    forward_sigmoid(N, INPUTS, UNITS1, X, w->W1, s->a1);    /* a1 = sigmoid(X @ W1) */
    forward_sigmoid(N, UNITS1, OUTPUTS, s->a1, w->W2, a2);  /* a2 = sigmoid(a1 @ W2) */
}

/* --- training --- */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static void predict_all(const struct parameters *w, struct scratch *s, int rows, const real *X, real *a2) {
    for (int n = 0; n < rows; n += MAX_ROWS) {
        const int N = rows - n < MAX_ROWS ? rows - n : MAX_ROWS;
        predict(w, s, N, X + (size_t)n * INPUTS, a2 + (size_t)n * OUTPUTS);
    }
}

static void report(int epoch, int rows, const real *output, const real *y) {
    double error = 0.0;
    for (int k = 0; k < rows * OUTPUTS; k++)
        error += fabs((double)(output[k] - y[k]));
    printf("epoch %d: mean absolute error %.12g\n", epoch, error / ((double)rows * OUTPUTS));
}

/* The random numbers of NumPy's RandomState: MT19937 (Matsumoto & Nishimura 1998). */
struct generator { uint32_t state[624]; int next; };

static void seed(struct generator *g, uint32_t number) {
    for (int i = 0; i < 624; i++) {
        g->state[i] = number;
        number = 1812433253u * (number ^ (number >> 30)) + (uint32_t)i + 1u;
    }
    g->next = 624;
}

static uint32_t random_bits(struct generator *g) {
    if (g->next == 624) {
        for (int i = 0; i < 624; i++) {
            const uint32_t x = (g->state[i] & 0x80000000u) | (g->state[(i + 1) % 624] & 0x7fffffffu);
            g->state[i] = g->state[(i + 397) % 624] ^ (x >> 1) ^ (x & 1u ? 0x9908b0dfu : 0u);
        }
        g->next = 0;
    }
    uint32_t x = g->state[g->next++];
    x ^= x >> 11;
    x ^= (x << 7) & 0x9d2c5680u;
    x ^= (x << 15) & 0xefc60000u;
    return x ^ (x >> 18);
}

/* Uniform on [0, 1), 53 bits. */
static double random_sample(struct generator *g) {
    const double high = random_bits(g) >> 5, low = random_bits(g) >> 6;
    return (high * 67108864.0 + low) / 9007199254740992.0;
}

/* Uniform on [-limit, limit). */
static void draw(struct generator *g, int count, double limit, real *x) {
    for (int k = 0; k < count; k++)
        x[k] = (real)(-limit + (limit + limit) * random_sample(g));
}

/* The data. */
enum { ROWS = 4 };
static const real X[ROWS * INPUTS] = {
    0.0, 0.0, 1.0,
    0.0, 1.0, 1.0,
    1.0, 0.0, 1.0,
    1.0, 1.0, 1.0,
};
static const real y[ROWS * OUTPUTS] = {0.0, 1.0, 1.0, 0.0};

int main(void) {
    const int rows = ROWS;
    static struct parameters parameters, *w = &parameters;
    static struct scratch scratch, *s = &scratch;
    const struct settings settings = {.learning_rate = 1.0}, *h = &settings;
    static real output[ROWS * OUTPUTS];

    static struct generator generator, *g = &generator;
    seed(g, 1u);
    draw(g, INPUTS * UNITS1, 1.0, w->W1);
    draw(g, UNITS1 * OUTPUTS, 1.0, w->W2);

    double loss = 0.0;
    for (int epoch = 0; epoch < 60000; epoch++) {
        if (epoch % 10000 == 0) {
            predict_all(w, s, rows, X, output);
            report(epoch, rows, output, y);
        }
        loss = (double)step(w, s, h, rows, X, y);
    }
    printf("loss in the last epoch: %.10g\n", loss);
    predict_all(w, s, rows, X, output);
    printf("output:\n");
    for (int k = 0; k < OUTPUTS * (rows < 4 ? rows : 4); k++)
        printf(k % OUTPUTS == OUTPUTS - 1 ? "%.10g\n" : "%.10g ", (double)output[k]);
    return 0;
}
