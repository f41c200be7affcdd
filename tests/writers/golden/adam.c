/* 20-64-64-2 relu, softmax; softmax cross entropy; Adam.
 * Derived and written by chainrule: C99 and libm, nothing else.
 * RAM    123,936 bytes: parameters 22,536, state 45,072, scratch 56,328 for MAX_ROWS rows
 * Flash  0 bytes of constants; stack about 424 bytes and what libm takes
 * Operations: step 31,134 a row and 90,150, predict 11,276 a row
 */
typedef float real;
enum { INPUTS = 20, UNITS1 = 64, UNITS2 = 64, OUTPUTS = 2, MAX_ROWS = 32 };

struct parameters {  /* what is learnt */
    real W1[INPUTS * UNITS1], b1[UNITS1];
    real W2[UNITS1 * UNITS2], b2[UNITS2];
    real W3[UNITS2 * OUTPUTS], b3[OUTPUTS];
};
struct state {  /* what the step remembers; all zero at first */
    real mW1[INPUTS * UNITS1], vW1[INPUTS * UNITS1], mb1[UNITS1], vb1[UNITS1];
    real mW2[UNITS1 * UNITS2], vW2[UNITS1 * UNITS2], mb2[UNITS2], vb2[UNITS2];
    real mW3[UNITS2 * OUTPUTS], vW3[UNITS2 * OUTPUTS], mb3[OUTPUTS], vb3[OUTPUTS];
};
struct scratch {  /* values on the way */
    real a1[MAX_ROWS * UNITS1], delta1[MAX_ROWS * UNITS1], dW1[INPUTS * UNITS1], db1[UNITS1];
    real a2[MAX_ROWS * UNITS2], delta2[MAX_ROWS * UNITS2], dW2[UNITS1 * UNITS2], db2[UNITS2];
    real z3[MAX_ROWS * OUTPUTS], p[MAX_ROWS * OUTPUTS], log_p[MAX_ROWS * OUTPUTS];
    real delta3[MAX_ROWS * OUTPUTS], dW3[UNITS2 * OUTPUTS], db3[OUTPUTS];
};
struct settings { real learning_rate, rho1, rho2, epsilon; };  /* usual: 0.001, 0.9, 0.999, 1e-8 */

/* One training step on N <= MAX_ROWS rows, the t-th from 1, in place; returns the loss before it. */
real step(struct parameters *w, struct state *m, struct scratch *s, const struct settings *h, int t, int N,
          const real *X, const real *y);
/* The output p (N, OUTPUTS) for N <= MAX_ROWS rows of X (N, INPUTS). */
void predict(const struct parameters *w, struct scratch *s, int N, const real *X, real *p);

/* --- kernels and functions --- */
#include <math.h>
#ifdef __FAST_MATH__
#error -ffast-math breaks the checks for NaN
#endif

static real relu(real z) { return z < 0.0f ? 0.0f : z; }

/* The sum of K products; the elements of x lie dx apart, those of y dy. */
static real dot(int K, const real *x, int dx, const real *y, int dy) {
    real sum = 0.0f;
    for (int k = 0; k < K; k++)
        sum += x[k * dx] * y[k * dy];
    return sum;
}

/* a = relu(x @ W + b)     x (N, K), W (K, M), b (M,), a (N, M) */
static void forward_relu(int N, int K, int M, const real *x, const real *W, const real *b, real *a) {
    for (int n = 0; n < N; n++)
        for (int j = 0; j < M; j++)
            a[n * M + j] = relu(dot(K, x + n * K, 1, W + j, M) + b[j]);
}

/* z = x @ W + b     x (N, K), W (K, M), b (M,), z (N, M) */
static void forward(int N, int K, int M, const real *x, const real *W, const real *b, real *z) {
    for (int n = 0; n < N; n++)
        for (int j = 0; j < M; j++)
            z[n * M + j] = dot(K, x + n * K, 1, W + j, M) + b[j];
}

/* delta_out = (delta @ W.T) * (a > 0)     delta (N, M), W (K, M), a (N, K), delta_out (N, K) */
static void backward_relu(int N, int K, int M, const real *delta, const real *W, const real *a, real *delta_out) {
    for (int n = 0; n < N; n++)
        for (int i = 0; i < K; i++)
            delta_out[n * K + i] = dot(M, delta + n * M, 1, W + i * M, 1) * (a[n * K + i] > 0.0f);
}

/* dW = x.T @ delta; db = delta.sum(axis=0)     x (N, K), delta (N, M), dW (K, M), db (M,) */
static void gradient(int N, int K, int M, const real *x, const real *delta, real *dW, real *db) {
    for (int i = 0; i < K; i++)
        for (int j = 0; j < M; j++)
            dW[i * M + j] = dot(N, x + i, K, delta + j, M);
    for (int j = 0; j < M; j++) {
        real sum = 0.0f;
        for (int n = 0; n < N; n++)
            sum += delta[n * M + j];
        db[j] = sum;
    }
}

/* adam, element by element: w is a parameter, dw its gradient */
static void adam(const struct settings *restrict h, int count, const real *dw, real correction1, real correction2,
                 real *m, real *v, real *w) {
    for (int k = 0; k < count; k++) {
        m[k] = h->rho1 * m[k] + (1.0f - h->rho1) * dw[k];
        v[k] = h->rho2 * v[k] + (1.0f - h->rho2) * (dw[k] * dw[k]);
        w[k] -= h->learning_rate * (m[k] / correction1) / (sqrtf(v[k] / correction2) + h->epsilon);
    }
}

/* p = softmax(z), and its logarithm unless log_p is 0; row by row     z (N, M), p (N, M), log_p (N, M) */
static void softmax(int N, int M, const real *z, real *p, real *log_p) {
    for (int n = 0; n < N * M; n += M) {
        real largest = z[n], sum = 0.0f;
        for (int j = 1; j < M; j++)
            largest = z[n + j] > largest ? z[n + j] : largest;
        for (int j = 0; j < M; j++)
            sum += p[n + j] = expf(z[n + j] - largest);
        for (int j = 0; j < M; j++)
            p[n + j] /= sum;
        for (int j = 0; log_p && j < M; j++)
            log_p[n + j] = z[n + j] - largest - logf(sum);
    }
}

real step(struct parameters *w, struct state *m, struct scratch *s, const struct settings *h, int t, int N,
          const real *X, const real *y) {
    /* forward */
    forward_relu(N, INPUTS, UNITS1, X, w->W1, w->b1, s->a1);      /* a1 = relu(X @ W1 + b1) */
    forward_relu(N, UNITS1, UNITS2, s->a1, w->W2, w->b2, s->a2);  /* a2 = relu(a1 @ W2 + b2) */
    forward(N, UNITS2, OUTPUTS, s->a2, w->W3, w->b3, s->z3);      /* z3 = a2 @ W3 + b3 */
    softmax(N, OUTPUTS, s->z3, s->p, s->log_p);                   /* p = softmax(z3); log_p = log_softmax(z3) */

    /* loss */
    real data_loss_sum = 0.0f;
    for (int k = 0; k < N * OUTPUTS; k++)
        data_loss_sum += y[k] * s->log_p[k];
    const real data_loss = -data_loss_sum / (real)N;

    /* backward */
    for (int k = 0; k < N * OUTPUTS; k++)
        s->delta3[k] = (s->p[k] - y[k]) / (real)N;
    backward_relu(N, UNITS2, OUTPUTS, s->delta3, w->W3, s->a2, s->delta2);  /* delta2 = (delta3 @ W3.T) * (a2 > 0) */
    backward_relu(N, UNITS1, UNITS2, s->delta2, w->W2, s->a1, s->delta1);   /* delta1 = (delta2 @ W2.T) * (a1 > 0) */
    gradient(N, INPUTS, UNITS1, X, s->delta1, s->dW1, s->db1);  /* dW1 = X.T @ delta1; db1 = delta1.sum(axis=0) */
    gradient(N, UNITS1, UNITS2, s->a1, s->delta2, s->dW2, s->db2);  /* dW2 = a1.T @ delta2; db2 = delta2.sum(axis=0) */
    gradient(N, UNITS2, OUTPUTS, s->a2, s->delta3, s->dW3, s->db3);  /* dW3 = a2.T @ delta3; db3 = delta3.sum(axis=0) */

    /* update */
    const real correction1 = 1.0f - powf(h->rho1, (real)t);
    const real correction2 = 1.0f - powf(h->rho2, (real)t);
    adam(h, INPUTS * UNITS1, s->dW1, correction1, correction2, m->mW1, m->vW1, w->W1);
    adam(h, UNITS1, s->db1, correction1, correction2, m->mb1, m->vb1, w->b1);
    adam(h, UNITS1 * UNITS2, s->dW2, correction1, correction2, m->mW2, m->vW2, w->W2);
    adam(h, UNITS2, s->db2, correction1, correction2, m->mb2, m->vb2, w->b2);
    adam(h, UNITS2 * OUTPUTS, s->dW3, correction1, correction2, m->mW3, m->vW3, w->W3);
    adam(h, OUTPUTS, s->db3, correction1, correction2, m->mb3, m->vb3, w->b3);
    return data_loss;
}

void predict(const struct parameters *w, struct scratch *s, int N, const real *X, real *p) {
    forward_relu(N, INPUTS, UNITS1, X, w->W1, w->b1, s->a1);      /* a1 = relu(X @ W1 + b1) */
    forward_relu(N, UNITS1, UNITS2, s->a1, w->W2, w->b2, s->a2);  /* a2 = relu(a1 @ W2 + b2) */
    forward(N, UNITS2, OUTPUTS, s->a2, w->W3, w->b3, s->z3);      /* z3 = a2 @ W3 + b3 */
    softmax(N, OUTPUTS, s->z3, p, 0);                             /* p = softmax(z3) */
}
