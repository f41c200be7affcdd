// 5-6-1 relu, sigmoid, batch norm; binary cross entropy; momentum
// Derived and written by chainrule; no dependencies.

const INPUTS = 5;
const UNITS1 = 6;
const OUTPUTS = 1;

// What is learnt, to be filled.
export function parameters() {
    return {
        W1: new Float64Array(INPUTS * UNITS1),
        gamma1: new Float64Array(UNITS1).fill(1),
        beta1: new Float64Array(UNITS1),
        W2: new Float64Array(UNITS1 * OUTPUTS),
        b2: new Float64Array(OUTPUTS),
    };
}

// What the step remembers.
export function state() {
    return {
        vW1: new Float64Array(INPUTS * UNITS1),
        vgamma1: new Float64Array(UNITS1),
        vbeta1: new Float64Array(UNITS1),
        vW2: new Float64Array(UNITS1 * OUTPUTS),
        vb2: new Float64Array(OUTPUTS),
        running_mean1: new Float64Array(UNITS1),
        running_variance1: new Float64Array(UNITS1).fill(1),
    };
}

// Values on the way, of at most so many rows.
export function scratch(rows) {
    return {
        z1: new Float64Array(rows * UNITS1),
        mean1: new Float64Array(UNITS1),
        variance1: new Float64Array(UNITS1),
        std1: new Float64Array(UNITS1),
        n1: new Float64Array(rows * UNITS1),
        a1: new Float64Array(rows * UNITS1),
        z2: new Float64Array(rows * OUTPUTS),
        p: new Float64Array(rows * OUTPUTS),
        delta2: new Float64Array(rows * OUTPUTS),
        ds1: new Float64Array(rows * UNITS1),
        dn1: new Float64Array(rows * UNITS1),
        mean_dn1: new Float64Array(UNITS1),
        mean_dn1_n1: new Float64Array(UNITS1),
        delta1: new Float64Array(rows * UNITS1),
        dW1: new Float64Array(INPUTS * UNITS1),
        dgamma1: new Float64Array(UNITS1),
        dbeta1: new Float64Array(UNITS1),
        dW2: new Float64Array(UNITS1 * OUTPUTS),
        db2: new Float64Array(OUTPUTS),
    };
}

// Values on the way, of at most so many rows.
export function trace_scratch(rows) {
    return {
        z1: new Float64Array(rows * UNITS1),
        mean1: new Float64Array(UNITS1),
        variance1: new Float64Array(UNITS1),
        std1: new Float64Array(UNITS1),
        n1: new Float64Array(rows * UNITS1),
        s1: new Float64Array(rows * UNITS1),
        a1: new Float64Array(rows * UNITS1),
        z2: new Float64Array(rows * OUTPUTS),
        p: new Float64Array(rows * OUTPUTS),
        delta2: new Float64Array(rows * OUTPUTS),
        error1: new Float64Array(rows * UNITS1),
        slope1: new Float64Array(rows * UNITS1),
        ds1: new Float64Array(rows * UNITS1),
        dn1: new Float64Array(rows * UNITS1),
        mean_dn1: new Float64Array(UNITS1),
        mean_dn1_n1: new Float64Array(UNITS1),
        delta1: new Float64Array(rows * UNITS1),
        dW1: new Float64Array(INPUTS * UNITS1),
        dgamma1: new Float64Array(UNITS1),
        dbeta1: new Float64Array(UNITS1),
        dW2: new Float64Array(UNITS1 * OUTPUTS),
        db2: new Float64Array(OUTPUTS),
        data_loss: new Float64Array(1),
    };
}

// The hyper-parameters as they were declared.
export const settings = { learning_rate: 0.1, mu: 0.9 };

function square(x) { return x * x; }
function relu(z) { return z < 0 ? 0 : z; }
function sigmoid(z) { return 1 / (1 + Math.exp(-z)); }
function softplus(z) { return Math.log1p(Math.exp(-Math.abs(z))) + (z < 0 ? 0 : z); }

// The sum of K products, from x[from] and y[start] on; the elements of x lie dx apart, those of y dy.
function dot(K, x, from, dx, y, start, dy) {
    let sum = 0;
    for (let k = 0; k < K; k++)
        sum += x[from + k * dx] * y[start + k * dy];
    return sum;
}

// z = x @ W: x (N, K), W (K, M), z (N, M)
function matmul(N, K, M, x, W, z) {
    for (let n = 0; n < N; n++)
        for (let j = 0; j < M; j++)
            z[n * M + j] = dot(K, x, n * K, 1, W, j, M);
}

// out = x.mean(axis=0): x (N, M), out (M,)
function column_mean(N, M, x, out) {
    for (let j = 0; j < M; j++) {
        let sum = 0;
        for (let n = 0; n < N; n++)
            sum += x[n * M + j];
        out[j] = sum / N;
    }
}

// variance_out = z.var(axis=0)
// std = sqrt(variance_out + 1e-5)
// z (N, M), mean_values (M,), variance_out (M,), std (M,)
function column_variance(N, M, z, mean_values, variance_out, std) {
    for (let j = 0; j < M; j++) {
        let sum = 0;
        for (let n = 0; n < N; n++)
            sum += square(z[n * M + j] - mean_values[j]);
        variance_out[j] = sum / N;
        std[j] = Math.sqrt(variance_out[j] + 1e-5);
    }
}

// z = x @ W + b; p = sigmoid(z): x (N, K), W (K, M), b (M,), z (N, M), p (N, M)
function forward_sigmoid(N, K, M, x, W, b, z, p) {
    for (let n = 0; n < N; n++) {
        for (let j = 0; j < M; j++) {
            z[n * M + j] = dot(K, x, n * K, 1, W, j, M) + b[j];
            p[n * M + j] = sigmoid(z[n * M + j]);
        }
    }
}

// ds = (delta @ W.T) * (a > 0)
// dn = ds * gamma
// delta (N, M), W (K, M), a (N, K), gamma (K,), ds (N, K), dn (N, K)
function backward_relu(N, K, M, delta, W, a, gamma, ds, dn) {
    for (let n = 0; n < N; n++) {
        for (let i = 0; i < K; i++) {
            ds[n * K + i] = dot(M, delta, n * M, 1, W, i * M, 1) * (a[n * K + i] > 0);
            dn[n * K + i] = ds[n * K + i] * gamma[i];
        }
    }
}

// out = (dn * n_values).mean(axis=0): dn (N, M), n_values (N, M), out (M,)
function column_mean_of_products(N, M, dn, n_values, out) {
    for (let j = 0; j < M; j++) {
        let sum = 0;
        for (let n = 0; n < N; n++)
            sum += dn[n * M + j] * n_values[n * M + j];
        out[j] = sum / N;
    }
}

// dW = x.T @ delta: x (N, K), delta (N, M), dW (K, M)
function weight_gradient(N, K, M, x, delta, dW) {
    for (let i = 0; i < K; i++)
        for (let j = 0; j < M; j++)
            dW[i * M + j] = dot(N, x, i, K, delta, j, M);
}

// out = (ds * n_values).sum(axis=0): ds (N, M), n_values (N, M), out (M,)
function column_sum_of_products(N, M, ds, n_values, out) {
    for (let j = 0; j < M; j++) {
        let sum = 0;
        for (let n = 0; n < N; n++)
            sum += ds[n * M + j] * n_values[n * M + j];
        out[j] = sum;
    }
}

// out = x.sum(axis=0): x (N, M), out (M,)
function column_sum(N, M, x, out) {
    for (let j = 0; j < M; j++) {
        let sum = 0;
        for (let n = 0; n < N; n++)
            sum += x[n * M + j];
        out[j] = sum;
    }
}

// dW = x.T @ delta; db = delta.sum(axis=0): x (N, K), delta (N, M), dW (K, M), db (M,)
function gradient(N, K, M, x, delta, dW, db) {
    for (let i = 0; i < K; i++)
        for (let j = 0; j < M; j++)
            dW[i * M + j] = dot(N, x, i, K, delta, j, M);
    for (let j = 0; j < M; j++) {
        let sum = 0;
        for (let n = 0; n < N; n++)
            sum += delta[n * M + j];
        db[j] = sum;
    }
}

// momentum, element by element: w is a parameter, dw its gradient
function momentum(h, count, dw, v, w) {
    for (let k = 0; k < count; k++) {
        v[k] = h.mu * v[k] + dw[k];
        w[k] -= h.learning_rate * v[k];
    }
}

// n_values = (x @ W - running_mean) / std
// a = relu(gamma * n_values + beta)
// x (N, K), W (K, M), running_mean (M,), std (M,), gamma (M,), beta (M,), a (N, M)
function forward_relu(N, K, M, x, W, running_mean, std, gamma, beta, a) {
    for (let n = 0; n < N; n++) {
        for (let j = 0; j < M; j++) {
            const n_values = (dot(K, x, n * K, 1, W, j, M) - running_mean[j]) / std[j];
            a[n * M + j] = relu(gamma[j] * n_values + beta[j]);
        }
    }
}

// p = sigmoid(x @ W + b): x (N, K), W (K, M), b (M,), p (N, M)
function forward_sigmoid_2(N, K, M, x, W, b, p) {
    for (let n = 0; n < N; n++)
        for (let j = 0; j < M; j++)
            p[n * M + j] = sigmoid(dot(K, x, n * K, 1, W, j, M) + b[j]);
}

// error = delta @ W.T: delta (N, M), W (K, M), error (N, K)
function backward(N, K, M, delta, W, error) {
    for (let n = 0; n < N; n++)
        for (let i = 0; i < K; i++)
            error[n * K + i] = dot(M, delta, n * M, 1, W, i * M, 1);
}

// One training step on N rows, in place; returns the loss before it.
export function step(w, m, s, h, N, X, y) {
    // forward
    matmul(N, INPUTS, UNITS1, X, w.W1, s.z1);                          // z1 = X @ W1
    column_mean(N, UNITS1, s.z1, s.mean1);                             // mean1 = z1.mean(axis=0)
    // variance1 = z1.var(axis=0); std1 = sqrt(variance1 + 1e-5)
    column_variance(N, UNITS1, s.z1, s.mean1, s.variance1, s.std1);
    for (let n = 0; n < N; n++) {
        for (let j = 0; j < UNITS1; j++) {
            s.n1[n * UNITS1 + j] = (s.z1[n * UNITS1 + j] - s.mean1[j]) / s.std1[j];
            s.a1[n * UNITS1 + j] = relu(w.gamma1[j] * s.n1[n * UNITS1 + j] + w.beta1[j]);
        }
    }
    forward_sigmoid(N, UNITS1, OUTPUTS, s.a1, w.W2, w.b2, s.z2, s.p);  // z2 = a1 @ W2 + b2; p = sigmoid(z2)

    // loss
    let data_loss_sum = 0;
    for (let k = 0; k < N * OUTPUTS; k++)
        data_loss_sum += softplus(s.z2[k]) - y[k] * s.z2[k];
    const data_loss = data_loss_sum / N;

    // backward
    for (let k = 0; k < N * OUTPUTS; k++)
        s.delta2[k] = (s.p[k] - y[k]) / N;
    // ds1 = (delta2 @ W2.T) * (a1 > 0); dn1 = ds1 * gamma1
    backward_relu(N, UNITS1, OUTPUTS, s.delta2, w.W2, s.a1, w.gamma1, s.ds1, s.dn1);
    column_mean(N, UNITS1, s.dn1, s.mean_dn1);                       // mean_dn1 = dn1.mean(axis=0)
    column_mean_of_products(N, UNITS1, s.dn1, s.n1, s.mean_dn1_n1);  // mean_dn1_n1 = (dn1 * n1).mean(axis=0)
    for (let n = 0; n < N; n++)
        for (let j = 0; j < UNITS1; j++)
            s.delta1[n * UNITS1 + j] = (s.dn1[n * UNITS1 + j] - s.mean_dn1[j]
                - s.n1[n * UNITS1 + j] * s.mean_dn1_n1[j]) / s.std1[j];
    weight_gradient(N, INPUTS, UNITS1, X, s.delta1, s.dW1);          // dW1 = X.T @ delta1
    column_sum_of_products(N, UNITS1, s.ds1, s.n1, s.dgamma1);       // dgamma1 = (ds1 * n1).sum(axis=0)
    column_sum(N, UNITS1, s.ds1, s.dbeta1);                          // dbeta1 = ds1.sum(axis=0)
    gradient(N, UNITS1, OUTPUTS, s.a1, s.delta2, s.dW2, s.db2);      // dW2 = a1.T @ delta2; db2 = delta2.sum(axis=0)

    // update
    momentum(h, INPUTS * UNITS1, s.dW1, m.vW1, w.W1);
    momentum(h, UNITS1, s.dgamma1, m.vgamma1, w.gamma1);
    momentum(h, UNITS1, s.dbeta1, m.vbeta1, w.beta1);
    momentum(h, UNITS1 * OUTPUTS, s.dW2, m.vW2, w.W2);
    momentum(h, OUTPUTS, s.db2, m.vb2, w.b2);
    for (let j = 0; j < UNITS1; j++)
        m.running_mean1[j] = 0.9 * m.running_mean1[j] + 0.1 * s.mean1[j];
    for (let j = 0; j < UNITS1; j++)
        m.running_variance1[j] = 0.9 * m.running_variance1[j] + 0.1 * s.variance1[j] * N / (N - 1);
    return data_loss;
}

// The output p (N, OUTPUTS) for N rows of X (N, INPUTS).
export function predict(w, m, s, N, X, p) {
    for (let j = 0; j < UNITS1; j++)
        s.std1[j] = Math.sqrt(m.running_variance1[j] + 1e-5);
    // n1 = (X @ W1 - running_mean1) / std1; a1 = relu(gamma1 * n1 + beta1)
    forward_relu(N, INPUTS, UNITS1, X, w.W1, m.running_mean1, s.std1, w.gamma1, w.beta1, s.a1);
    forward_sigmoid_2(N, UNITS1, OUTPUTS, s.a1, w.W2, w.b2, p);  // p = sigmoid(a1 @ W2 + b2)
}

// The output p (N, OUTPUTS) and, returned, the loss of N rows, in prediction mode.
export function evaluate(w, m, s, N, X, y, p) {
    for (let j = 0; j < UNITS1; j++)
        s.std1[j] = Math.sqrt(m.running_variance1[j] + 1e-5);
    // n1 = (X @ W1 - running_mean1) / std1; a1 = relu(gamma1 * n1 + beta1)
    forward_relu(N, INPUTS, UNITS1, X, w.W1, m.running_mean1, s.std1, w.gamma1, w.beta1, s.a1);
    forward_sigmoid(N, UNITS1, OUTPUTS, s.a1, w.W2, w.b2, s.z2, p);  // z2 = a1 @ W2 + b2; p = sigmoid(z2)
    let data_loss_sum = 0;
    for (let k = 0; k < N * OUTPUTS; k++)
        data_loss_sum += softplus(s.z2[k]) - y[k] * s.z2[k];
    const data_loss = data_loss_sum / N;
    return data_loss;
}

// Every value of one step on N rows, in s; changes nothing else; returns the loss.
export function trace(w, s, N, X, y) {
    // forward
    matmul(N, INPUTS, UNITS1, X, w.W1, s.z1);                          // z1 = X @ W1
    column_mean(N, UNITS1, s.z1, s.mean1);                             // mean1 = z1.mean(axis=0)
    // variance1 = z1.var(axis=0); std1 = sqrt(variance1 + 1e-5)
    column_variance(N, UNITS1, s.z1, s.mean1, s.variance1, s.std1);
    for (let n = 0; n < N; n++) {
        for (let j = 0; j < UNITS1; j++) {
            s.n1[n * UNITS1 + j] = (s.z1[n * UNITS1 + j] - s.mean1[j]) / s.std1[j];
            s.s1[n * UNITS1 + j] = w.gamma1[j] * s.n1[n * UNITS1 + j] + w.beta1[j];
            s.a1[n * UNITS1 + j] = relu(s.s1[n * UNITS1 + j]);
        }
    }
    forward_sigmoid(N, UNITS1, OUTPUTS, s.a1, w.W2, w.b2, s.z2, s.p);  // z2 = a1 @ W2 + b2; p = sigmoid(z2)

    // loss
    let data_loss_sum = 0;
    for (let k = 0; k < N * OUTPUTS; k++)
        data_loss_sum += softplus(s.z2[k]) - y[k] * s.z2[k];
    s.data_loss[0] = data_loss_sum / N;

    // backward
    for (let k = 0; k < N * OUTPUTS; k++)
        s.delta2[k] = (s.p[k] - y[k]) / N;
    backward(N, UNITS1, OUTPUTS, s.delta2, w.W2, s.error1);          // error1 = delta2 @ W2.T
    for (let n = 0; n < N; n++) {
        for (let j = 0; j < UNITS1; j++) {
            s.slope1[n * UNITS1 + j] = s.a1[n * UNITS1 + j] > 0;
            s.ds1[n * UNITS1 + j] = s.error1[n * UNITS1 + j] * s.slope1[n * UNITS1 + j];
            s.dn1[n * UNITS1 + j] = s.ds1[n * UNITS1 + j] * w.gamma1[j];
        }
    }
    column_mean(N, UNITS1, s.dn1, s.mean_dn1);                       // mean_dn1 = dn1.mean(axis=0)
    column_mean_of_products(N, UNITS1, s.dn1, s.n1, s.mean_dn1_n1);  // mean_dn1_n1 = (dn1 * n1).mean(axis=0)
    for (let n = 0; n < N; n++)
        for (let j = 0; j < UNITS1; j++)
            s.delta1[n * UNITS1 + j] = (s.dn1[n * UNITS1 + j] - s.mean_dn1[j]
                - s.n1[n * UNITS1 + j] * s.mean_dn1_n1[j]) / s.std1[j];
    weight_gradient(N, INPUTS, UNITS1, X, s.delta1, s.dW1);          // dW1 = X.T @ delta1
    column_sum_of_products(N, UNITS1, s.ds1, s.n1, s.dgamma1);       // dgamma1 = (ds1 * n1).sum(axis=0)
    column_sum(N, UNITS1, s.ds1, s.dbeta1);                          // dbeta1 = ds1.sum(axis=0)
    gradient(N, UNITS1, OUTPUTS, s.a1, s.delta2, s.dW2, s.db2);      // dW2 = a1.T @ delta2; db2 = delta2.sum(axis=0)
    return s.data_loss[0];
}
