/* 5-6-1 relu, sigmoid, batch norm; binary cross entropy; momentum.
 * Derived and written by chainrule: C99 and libm, nothing else.
 * RAM    2,160 bytes: parameters 196, state 244, scratch 1,720 for MAX_ROWS rows
 * Flash  0 bytes of constants; stack about 440 bytes and what libm takes
 * Operations: step 297 a row and 287, predict 104 a row and 12
 */
typedef float real;
enum { INPUTS = 5, UNITS1 = 6, OUTPUTS = 1, MAX_ROWS = 9 };

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

/* --- training --- */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static void predict_all(const struct parameters *w, const struct state *m, struct scratch *s, int rows,
                        const real *X, real *p) {
    for (int n = 0; n < rows; n += MAX_ROWS) {
        const int N = rows - n < MAX_ROWS ? rows - n : MAX_ROWS;
        predict(w, m, s, N, X + (size_t)n * INPUTS, p + (size_t)n * OUTPUTS);
    }
}

static void report(int epoch, int rows, const real *output, const real *y) {
    double error = 0.0;
    for (int k = 0; k < rows * OUTPUTS; k++)
        error += fabs((double)(output[k] - y[k]));
    printf("epoch %d: mean absolute error %.6g\n", epoch, error / ((double)rows * OUTPUTS));
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

/* A new order of the rows. */
static void permute(struct generator *g, int rows, int *order) {
    for (int i = 0; i < rows; i++)
        order[i] = i;
    for (int i = rows - 1; i > 0; i--) {
        uint32_t mask = (uint32_t)i, j;
        for (int shift = 1; shift < 32; shift *= 2)
            mask |= mask >> shift;
        do
            j = random_bits(g) & mask;
        while (j > (uint32_t)i);
        const int other = order[j];
        order[j] = order[i];
        order[i] = other;
    }
}

/* The data. */
enum { ROWS = 17 };
static const real X[ROWS * INPUTS] = {
    1.76f, 0.4f, 0.98f, 2.24f, 1.87f,
    -0.98f, 0.95f, -0.15f, -0.1f, 0.41f,
    0.14f, 1.45f, 0.76f, 0.12f, 0.44f,
    0.33f, 1.49f, -0.21f, 0.31f, -0.85f,
    -2.55f, 0.65f, 0.86f, -0.74f, 2.27f,
    -1.45f, 0.05f, -0.19f, 1.53f, 1.47f,
    0.15f, 0.38f, -0.89f, -1.98f, -0.35f,
    0.16f, 1.23f, 1.2f, -0.39f, -0.3f,
    -1.05f, -1.42f, -1.71f, 1.95f, -0.51f,
    -0.44f, -1.25f, 0.78f, -1.61f, -0.21f,
    -0.9f, 0.39f, -0.51f, -1.18f, -0.03f,
    0.43f, 0.07f, 0.3f, -0.63f, -0.36f,
    -0.67f, -0.36f, -0.81f, -1.73f, 0.18f,
    -0.4f, -1.63f, 0.46f, -0.91f, 0.05f,
    0.73f, 0.13f, 1.14f, -1.23f, 0.4f,
    -0.68f, -0.87f, -0.58f, -0.31f, 0.06f,
    -1.17f, 0.9f, 0.47f, -1.54f, 1.49f,
};
static const real y[ROWS * OUTPUTS] = {
    0.22f, 0.95f, 0.45f, 0.85f, 0.7f, 0.3f, 0.81f, 0.4f, 0.88f, 0.58f, 0.88f, 0.69f, 0.73f, 0.5f, 0.96f, 0.64f,
    0.42f
};

int main(void) {
    const int rows = ROWS;
    static struct parameters parameters, *w = &parameters;
    static struct state state, *m = &state;
    static struct scratch scratch, *s = &scratch;
    const struct settings settings = {.learning_rate = 0.1f, .mu = 0.9f}, *h = &settings;
    static real X_batch[MAX_ROWS * INPUTS];
    static real y_batch[MAX_ROWS * OUTPUTS];
    static real output[ROWS * OUTPUTS];
    static int order[ROWS];

    static struct generator generator, *g = &generator;
    seed(g, 2u);
    draw(g, INPUTS * UNITS1, sqrt(6.0 / 5.0), w->W1);
    for (int j = 0; j < UNITS1; j++)
        w->gamma1[j] = 1.0f;
    draw(g, UNITS1 * OUTPUTS, sqrt(6.0 / (6.0 + 1.0)), w->W2);
    for (int j = 0; j < UNITS1; j++)
        m->running_variance1[j] = 1.0f;

    double loss = 0.0;
    for (int epoch = 0; epoch < 20; epoch++) {
        if (epoch % 2 == 0) {
            predict_all(w, m, s, rows, X, output);
            report(epoch, rows, output, y);
        }
        permute(g, rows, order);
        double total = 0.0;
        for (int start = 0, N; start < rows - 1; start += N) {
            N = rows - start <= 9 ? rows - start : 8;  /* no batch of one row */
            for (int n = 0; n < N; n++) {
                memcpy(X_batch + n * INPUTS, X + (size_t)order[start + n] * INPUTS, INPUTS * sizeof(real));
                memcpy(y_batch + n * OUTPUTS, y + (size_t)order[start + n] * OUTPUTS, OUTPUTS * sizeof(real));
            }
            total += N * (double)step(w, m, s, h, N, X_batch, y_batch);
        }
        loss = total / rows;
    }
    printf("loss in the last epoch: %.10g\n", loss);
    predict_all(w, m, s, rows, X, output);
    printf("output for the first rows:\n");
    for (int k = 0; k < OUTPUTS * (rows < 4 ? rows : 4); k++)
        printf(k % OUTPUTS == OUTPUTS - 1 ? "%.10g\n" : "%.10g ", (double)output[k]);
    return 0;
}
