// 5-6-1 relu, sigmoid, batch norm; binary cross entropy; momentum
// Derived and written by chainrule; no dependencies.

const INPUTS = 5;
const UNITS1 = 6;
const OUTPUTS = 1;

// What is learnt, to be filled.
function parameters() {
    return {
        W1: new Float32Array(INPUTS * UNITS1),
        gamma1: new Float32Array(UNITS1).fill(1),
        beta1: new Float32Array(UNITS1),
        W2: new Float32Array(UNITS1 * OUTPUTS),
        b2: new Float32Array(OUTPUTS),
    };
}

// What the step remembers.
function state() {
    return {
        vW1: new Float32Array(INPUTS * UNITS1),
        vgamma1: new Float32Array(UNITS1),
        vbeta1: new Float32Array(UNITS1),
        vW2: new Float32Array(UNITS1 * OUTPUTS),
        vb2: new Float32Array(OUTPUTS),
        running_mean1: new Float32Array(UNITS1),
        running_variance1: new Float32Array(UNITS1).fill(1),
    };
}

// Values on the way, of at most so many rows.
function scratch(rows) {
    return {
        z1: new Float32Array(rows * UNITS1),
        mean1: new Float32Array(UNITS1),
        variance1: new Float32Array(UNITS1),
        std1: new Float32Array(UNITS1),
        n1: new Float32Array(rows * UNITS1),
        a1: new Float32Array(rows * UNITS1),
        z2: new Float32Array(rows * OUTPUTS),
        p: new Float32Array(rows * OUTPUTS),
        delta2: new Float32Array(rows * OUTPUTS),
        ds1: new Float32Array(rows * UNITS1),
        dn1: new Float32Array(rows * UNITS1),
        mean_dn1: new Float32Array(UNITS1),
        mean_dn1_n1: new Float32Array(UNITS1),
        delta1: new Float32Array(rows * UNITS1),
        dW1: new Float32Array(INPUTS * UNITS1),
        dgamma1: new Float32Array(UNITS1),
        dbeta1: new Float32Array(UNITS1),
        dW2: new Float32Array(UNITS1 * OUTPUTS),
        db2: new Float32Array(OUTPUTS),
    };
}

// The hyper-parameters as they were declared.
const settings = { learning_rate: 0.1, mu: 0.9 };

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

// One training step on N rows, in place; returns the loss before it.
function step(w, m, s, h, N, X, y) {
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
function predict(w, m, s, N, X, p) {
    for (let j = 0; j < UNITS1; j++)
        s.std1[j] = Math.sqrt(m.running_variance1[j] + 1e-5);
    // n1 = (X @ W1 - running_mean1) / std1; a1 = relu(gamma1 * n1 + beta1)
    forward_relu(N, INPUTS, UNITS1, X, w.W1, m.running_mean1, s.std1, w.gamma1, w.beta1, s.a1);
    forward_sigmoid_2(N, UNITS1, OUTPUTS, s.a1, w.W2, w.b2, p);  // p = sigmoid(a1 @ W2 + b2)
}

// --- training ---

// The random numbers of NumPy's RandomState: MT19937 (Matsumoto & Nishimura 1998).
const bits = new Uint32Array(624);
let next = 624;

function seed(number) {
    for (let i = 0; i < 624; i++) {
        bits[i] = number;
        number = Math.imul(1812433253, number ^ (number >>> 30)) + i + 1;
    }
    next = 624;
}

function randomBits() {
    if (next === 624) {
        for (let i = 0; i < 624; i++) {
            const x = (bits[i] & 0x80000000) | (bits[(i + 1) % 624] & 0x7fffffff);
            bits[i] = bits[(i + 397) % 624] ^ (x >>> 1) ^ (x & 1 ? 0x9908b0df : 0);
        }
        next = 0;
    }
    let x = bits[next++];
    x ^= x >>> 11;
    x ^= (x << 7) & 0x9d2c5680;
    x ^= (x << 15) & 0xefc60000;
    return (x ^ (x >>> 18)) >>> 0;
}

// Uniform on [0, 1), 53 bits.
function randomSample() {
    const high = randomBits() >>> 5, low = randomBits() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
}

// Uniform on [-limit, limit).
function draw(limit, x) {
    for (let k = 0; k < x.length; k++)
        x[k] = -limit + (limit + limit) * randomSample();
}

// A new order of the rows.
function permute(order) {
    for (let i = 0; i < order.length; i++)
        order[i] = i;
    for (let i = order.length - 1; i > 0; i--) {
        let mask = i, j;
        for (let shift = 1; shift < 32; shift *= 2)
            mask |= mask >>> shift;
        do
            j = (randomBits() & mask) >>> 0;
        while (j > i);
        [order[i], order[j]] = [order[j], order[i]];
    }
}

// The data.
const rows = 17;
const X = Float32Array.of(
    1.76, 0.4, 0.98, 2.24, 1.87, -0.98, 0.95, -0.15, -0.1, 0.41, 0.14, 1.45, 0.76, 0.12, 0.44, 0.33, 1.49,
    -0.21, 0.31, -0.85, -2.55, 0.65, 0.86, -0.74, 2.27, -1.45, 0.05, -0.19, 1.53, 1.47, 0.15, 0.38, -0.89,
    -1.98, -0.35, 0.16, 1.23, 1.2, -0.39, -0.3, -1.05, -1.42, -1.71, 1.95, -0.51, -0.44, -1.25, 0.78, -1.61,
    -0.21, -0.9, 0.39, -0.51, -1.18, -0.03, 0.43, 0.07, 0.3, -0.63, -0.36, -0.67, -0.36, -0.81, -1.73, 0.18,
    -0.4, -1.63, 0.46, -0.91, 0.05, 0.73, 0.13, 1.14, -1.23, 0.4, -0.68, -0.87, -0.58, -0.31, 0.06, -1.17, 0.9,
    0.47, -1.54, 1.49
);
const y = Float32Array.of(
    0.22, 0.95, 0.45, 0.85, 0.7, 0.3, 0.81, 0.4, 0.88, 0.58, 0.88, 0.69, 0.73, 0.5, 0.96, 0.64, 0.42
);
const w = parameters();
const m = state();
const s = scratch(9);
const h = { ...settings };
const X_batch = new Float32Array(9 * INPUTS);
const y_batch = new Float32Array(9 * OUTPUTS);
const output = new Float32Array(rows * OUTPUTS);
const order = Array.from({ length: rows }, (_, n) => n);

seed(2);
draw(Math.sqrt(6 / 5), w.W1);
draw(Math.sqrt(6 / (6 + 1)), w.W2);

function predictAll() {
    for (let n = 0; n < rows; n += 9)
        predict(w, m, s, Math.min(rows - n, 9), X.subarray(n * INPUTS), output.subarray(n * OUTPUTS));
}

function report(epoch) {
    predictAll();
    let error = 0;
    for (let k = 0; k < rows * OUTPUTS; k++)
        error += Math.abs(output[k] - y[k]);
    console.log(`epoch ${epoch}: mean absolute error ${short(error / (rows * OUTPUTS), 6)}`);
}

// So many digits, as few as they need.
function short(x, digits) {
    return String(Number(x.toPrecision(digits)));
}

let loss = 0;
for (let epoch = 0; epoch < 20; epoch++) {
    if (epoch % 2 === 0)
        report(epoch);
    permute(order);
    let total = 0;
    for (let start = 0, N; start < rows - 1; start += N) {
        N = rows - start <= 9 ? rows - start : 8;  // no batch of one row
        order.slice(start, start + N).forEach((row, n) => {
            X_batch.set(X.subarray(row * INPUTS, (row + 1) * INPUTS), n * INPUTS);
            y_batch.set(y.subarray(row * OUTPUTS, (row + 1) * OUTPUTS), n * OUTPUTS);
        });
        total += N * step(w, m, s, h, N, X_batch, y_batch);
    }
    loss = total / rows;
}
console.log(`loss in the last epoch: ${short(loss, 10)}`);
predictAll();
console.log("output for the first rows:");
for (let n = 0; n < Math.min(rows, 4); n++)
    console.log(Array.from(output.subarray(n * OUTPUTS, (n + 1) * OUTPUTS), (x) => short(x, 10)).join(" "));
