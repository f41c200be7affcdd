/* 3-4-1 sigmoid; half squared error; gradient descent. Derived and written by chainrule: C99 and libm, nothing else.
 * RAM    1,344 bytes: parameters 64, scratch 1,280 for MAX_ROWS rows
 * Flash  0 bytes of constants; stack about 360 bytes and what libm takes
 * Operations: step 96 a row and 33, predict 37 a row
 */
typedef float real;
enum { INPUTS = 3, UNITS1 = 4, OUTPUTS = 1, MAX_ROWS = 32 };

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

static real sigmoid(real z) { return 1.0f / (1.0f + expf(-z)); }
static real square(real x) { return x * x; }

/* The sum of K products; the elements of x lie dx apart, those of y dy. */
static real dot(int K, const real *x, int dx, const real *y, int dy) {
    real sum = 0.0f;
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
            delta_out[n * K + i] = dot(M, delta + n * M, 1, W + i * M, 1) * (a[n * K + i] * (1.0f - a[n * K + i]));
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
    real data_loss_sum = 0.0f;
    for (int k = 0; k < N * OUTPUTS; k++)
        data_loss_sum += square(s->a2[k] - y[k]);
    const real data_loss = 0.5f * data_loss_sum;

    /* backward */
    for (int k = 0; k < N * OUTPUTS; k++)
        s->delta2[k] = (s->a2[k] - y[k]) * (s->a2[k] * (1.0f - s->a2[k]));
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
