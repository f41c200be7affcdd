/* 5-6-1 relu, sigmoid, batch norm; binary cross entropy; momentum.
 * Derived and written by chainrule: C99 and libm, nothing else.
 * RAM    5,748 bytes: parameters 196, state 244, scratch 5,308 for MAX_ROWS rows
 * Flash  0 bytes of constants; stack about 440 bytes and what libm takes
 * Operations: step 297 a row and 287, predict 104 a row and 12
 */
typedef float real;
enum { INPUTS = 5, UNITS1 = 6, OUTPUTS = 1, MAX_ROWS = 32 };

struct parameters {  /* what is learnt */
    real W1[INPUTS * UNITS1], gamma1[UNITS1], beta1[UNITS1];
    real W2[UNITS1 * OUTPUTS], b2[OUTPUTS];
};
struct state {  /* what the step remembers; all zero at first, running variances all one */
    real vW1[INPUTS * UNITS1], vgamma1[UNITS1], vbeta1[UNITS1];
    real vW2[UNITS1 * OUTPUTS], vb2[OUTPUTS];
    real running_mean1[UNITS1], running_variance1[UNITS1];
};
struct scratch {  /* values on the way */
    real z1[MAX_ROWS * UNITS1], mean1[UNITS1], variance1[UNITS1], std1[UNITS1], n1[MAX_ROWS * UNITS1];
    real a1[MAX_ROWS * UNITS1], ds1[MAX_ROWS * UNITS1], dn1[MAX_ROWS * UNITS1], mean_dn1[UNITS1];
    real mean_dn1_n1[UNITS1], delta1[MAX_ROWS * UNITS1], dW1[INPUTS * UNITS1], dgamma1[UNITS1];
    real dbeta1[UNITS1];
    real z2[MAX_ROWS * OUTPUTS], p[MAX_ROWS * OUTPUTS], delta2[MAX_ROWS * OUTPUTS];
    real dW2[UNITS1 * OUTPUTS], db2[OUTPUTS];
};
struct settings { real learning_rate, mu; };  /* usual: 0.1, 0.9 */

/* One training step on N <= MAX_ROWS rows, in place; returns the loss before it. */
real step(struct parameters *w, struct state *m, struct scratch *s, const struct settings *h, int N,
          const real *X, const real *y);
/* The output p (N, OUTPUTS) for N <= MAX_ROWS rows of X (N, INPUTS). */
void predict(const struct parameters *w, const struct state *m, struct scratch *s, int N, const real *X,
             real *p);

/* --- kernels and functions --- */
#include <math.h>
#ifdef __FAST_MATH__
#error -ffast-math breaks the checks for NaN
#endif

static real square(real x) { return x * x; }
static real relu(real z) { return z < 0.0f ? 0.0f : z; }
static real sigmoid(real z) { return 1.0f / (1.0f + expf(-z)); }
static real softplus(real z) { return log1pf(expf(-fabsf(z))) + (z < 0.0f ? 0.0f : z); }

/* The sum of K products; the elements of x lie dx apart, those of y dy. */
static real dot(int K, const real *x, int dx, const real *y, int dy) {
    real sum = 0.0f;
    for (int k = 0; k < K; k++)
        sum += x[k * dx] * y[k * dy];
    return sum;
}

/* z = x @ W     x (N, K), W (K, M), z (N, M) */
static void matmul(int N, int K, int M, const real *x, const real *W, real *z) {
    for (int n = 0; n < N; n++)
        for (int j = 0; j < M; j++)
            z[n * M + j] = dot(K, x + n * K, 1, W + j, M);
}

/* out = x.mean(axis=0)     x (N, M), out (M,) */
static void column_mean(int N, int M, const real *x, real *out) {
    for (int j = 0; j < M; j++) {
        real sum = 0.0f;
        for (int n = 0; n < N; n++)
            sum += x[n * M + j];
        out[j] = sum / (real)N;
    }
}

/* variance_out = z.var(axis=0)
 * std = sqrt(variance_out + 1e-5)
 * z (N, M), mean_values (M,), variance_out (M,), std (M,) */
static void column_variance(int N, int M, const real *z, const real *mean_values, real *variance_out, real *std) {
    for (int j = 0; j < M; j++) {
        real sum = 0.0f;
        for (int n = 0; n < N; n++)
            sum += square(z[n * M + j] - mean_values[j]);
        variance_out[j] = sum / (real)N;
        std[j] = sqrtf(variance_out[j] + 1e-5f);
    }
}

/* z = x @ W + b; p = sigmoid(z)     x (N, K), W (K, M), b (M,), z (N, M), p (N, M) */
static void forward_sigmoid(int N, int K, int M, const real *x, const real *W, const real *b, real *z, real *p) {
    for (int n = 0; n < N; n++) {
        for (int j = 0; j < M; j++) {
            z[n * M + j] = dot(K, x + n * K, 1, W + j, M) + b[j];
            p[n * M + j] = sigmoid(z[n * M + j]);
        }
    }
}

/* ds = (delta @ W.T) * (a > 0)
 * dn = ds * gamma
 * delta (N, M), W (K, M), a (N, K), gamma (K,), ds (N, K), dn (N, K) */
static void backward_relu(int N, int K, int M, const real *delta, const real *W, const real *a, const real *gamma,
                          real *ds, real *dn) {
    for (int n = 0; n < N; n++) {
        for (int i = 0; i < K; i++) {
            ds[n * K + i] = dot(M, delta + n * M, 1, W + i * M, 1) * (a[n * K + i] > 0.0f);
            dn[n * K + i] = ds[n * K + i] * gamma[i];
        }
    }
}

/* out = (dn * n_values).mean(axis=0)     dn (N, M), n_values (N, M), out (M,) */
static void column_mean_of_products(int N, int M, const real *dn, const real *n_values, real *out) {
    for (int j = 0; j < M; j++) {
        real sum = 0.0f;
        for (int n = 0; n < N; n++)
            sum += dn[n * M + j] * n_values[n * M + j];
        out[j] = sum / (real)N;
    }
}

/* dW = x.T @ delta     x (N, K), delta (N, M), dW (K, M) */
static void weight_gradient(int N, int K, int M, const real *x, const real *delta, real *dW) {
    for (int i = 0; i < K; i++)
        for (int j = 0; j < M; j++)
            dW[i * M + j] = dot(N, x + i, K, delta + j, M);
}

/* out = (ds * n_values).sum(axis=0)     ds (N, M), n_values (N, M), out (M,) */
static void column_sum_of_products(int N, int M, const real *ds, const real *n_values, real *out) {
    for (int j = 0; j < M; j++) {
        real sum = 0.0f;
        for (int n = 0; n < N; n++)
            sum += ds[n * M + j] * n_values[n * M + j];
        out[j] = sum;
    }
}

/* out = x.sum(axis=0)     x (N, M), out (M,) */
static void column_sum(int N, int M, const real *x, real *out) {
    for (int j = 0; j < M; j++) {
        real sum = 0.0f;
        for (int n = 0; n < N; n++)
            sum += x[n * M + j];
        out[j] = sum;
    }
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

/* momentum, element by element: w is a parameter, dw its gradient */
static void momentum(const struct settings *restrict h, int count, const real *dw, real *v, real *w) {
    for (int k = 0; k < count; k++) {
        v[k] = h->mu * v[k] + dw[k];
        w[k] -= h->learning_rate * v[k];
    }
}

/* n_values = (x @ W - running_mean) / std
 * a = relu(gamma * n_values + beta)
 * x (N, K), W (K, M), running_mean (M,), std (M,), gamma (M,), beta (M,), a (N, M) */
static void forward_relu(int N, int K, int M, const real *x, const real *W, const real *running_mean,
                         const real *std, const real *gamma, const real *beta, real *a) {
    for (int n = 0; n < N; n++) {
        for (int j = 0; j < M; j++) {
            const real n_values = (dot(K, x + n * K, 1, W + j, M) - running_mean[j]) / std[j];
            a[n * M + j] = relu(gamma[j] * n_values + beta[j]);
        }
    }
}

/* p = sigmoid(x @ W + b)     x (N, K), W (K, M), b (M,), p (N, M) */
static void forward_sigmoid_2(int N, int K, int M, const real *x, const real *W, const real *b, real *p) {
    for (int n = 0; n < N; n++)
        for (int j = 0; j < M; j++)
            p[n * M + j] = sigmoid(dot(K, x + n * K, 1, W + j, M) + b[j]);
}

real step(struct parameters *w, struct state *m, struct scratch *s, const struct settings *h, int N,
          const real *X, const real *y) {
    /* forward */
    matmul(N, INPUTS, UNITS1, X, w->W1, s->z1);                             /* z1 = X @ W1 */
    column_mean(N, UNITS1, s->z1, s->mean1);                                /* mean1 = z1.mean(axis=0) */
    /* variance1 = z1.var(axis=0); std1 = sqrt(variance1 + 1e-5) */
    column_variance(N, UNITS1, s->z1, s->mean1, s->variance1, s->std1);
    for (int n = 0; n < N; n++) {
        for (int j = 0; j < UNITS1; j++) {
            s->n1[n * UNITS1 + j] = (s->z1[n * UNITS1 + j] - s->mean1[j]) / s->std1[j];
            s->a1[n * UNITS1 + j] = relu(w->gamma1[j] * s->n1[n * UNITS1 + j] + w->beta1[j]);
        }
    }
    forward_sigmoid(N, UNITS1, OUTPUTS, s->a1, w->W2, w->b2, s->z2, s->p);  /* z2 = a1 @ W2 + b2; p = sigmoid(z2) */

    /* loss */
    real data_loss_sum = 0.0f;
    for (int k = 0; k < N * OUTPUTS; k++)
        data_loss_sum += softplus(s->z2[k]) - y[k] * s->z2[k];
    const real data_loss = data_loss_sum / (real)N;

    /* backward */
    for (int k = 0; k < N * OUTPUTS; k++)
        s->delta2[k] = (s->p[k] - y[k]) / (real)N;
    /* ds1 = (delta2 @ W2.T) * (a1 > 0); dn1 = ds1 * gamma1 */
    backward_relu(N, UNITS1, OUTPUTS, s->delta2, w->W2, s->a1, w->gamma1, s->ds1, s->dn1);
    column_mean(N, UNITS1, s->dn1, s->mean_dn1);                        /* mean_dn1 = dn1.mean(axis=0) */
    column_mean_of_products(N, UNITS1, s->dn1, s->n1, s->mean_dn1_n1);  /* mean_dn1_n1 = (dn1 * n1).mean(axis=0) */
    for (int n = 0; n < N; n++)
        for (int j = 0; j < UNITS1; j++)
            s->delta1[n * UNITS1 + j] = (s->dn1[n * UNITS1 + j] - s->mean_dn1[j]
                - s->n1[n * UNITS1 + j] * s->mean_dn1_n1[j]) / s->std1[j];
    weight_gradient(N, INPUTS, UNITS1, X, s->delta1, s->dW1);           /* dW1 = X.T @ delta1 */
    column_sum_of_products(N, UNITS1, s->ds1, s->n1, s->dgamma1);       /* dgamma1 = (ds1 * n1).sum(axis=0) */
    column_sum(N, UNITS1, s->ds1, s->dbeta1);                           /* dbeta1 = ds1.sum(axis=0) */
    gradient(N, UNITS1, OUTPUTS, s->a1, s->delta2, s->dW2, s->db2);  /* dW2 = a1.T @ delta2; db2 = delta2.sum(axis=0) */

    /* update */
    momentum(h, INPUTS * UNITS1, s->dW1, m->vW1, w->W1);
    momentum(h, UNITS1, s->dgamma1, m->vgamma1, w->gamma1);
    momentum(h, UNITS1, s->dbeta1, m->vbeta1, w->beta1);
    momentum(h, UNITS1 * OUTPUTS, s->dW2, m->vW2, w->W2);
    momentum(h, OUTPUTS, s->db2, m->vb2, w->b2);
    for (int j = 0; j < UNITS1; j++)
        m->running_mean1[j] = 0.9f * m->running_mean1[j] + 0.1f * s->mean1[j];
    for (int j = 0; j < UNITS1; j++)
        m->running_variance1[j] = 0.9f * m->running_variance1[j]
            + 0.1f * s->variance1[j] * (real)N / ((real)N - 1.0f);
    return data_loss;
}

void predict(const struct parameters *w, const struct state *m, struct scratch *s, int N, const real *X,
             real *p) {
    for (int j = 0; j < UNITS1; j++)
        s->std1[j] = sqrtf(m->running_variance1[j] + 1e-5f);
    /* n1 = (X @ W1 - running_mean1) / std1; a1 = relu(gamma1 * n1 + beta1) */
    forward_relu(N, INPUTS, UNITS1, X, w->W1, m->running_mean1, s->std1, w->gamma1, w->beta1, s->a1);
    forward_sigmoid_2(N, UNITS1, OUTPUTS, s->a1, w->W2, w->b2, p);  /* p = sigmoid(a1 @ W2 + b2) */
}
