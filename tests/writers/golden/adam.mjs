// 20-64-64-2 relu, softmax; softmax cross entropy; Adam
// Derived and written by chainrule; no dependencies.

const INPUTS = 20;
const UNITS1 = 64;
const UNITS2 = 64;
const OUTPUTS = 2;

// What is learnt, to be filled.
export function parameters() {
    return {
        W1: new Float64Array(INPUTS * UNITS1),
        b1: new Float64Array(UNITS1),
        W2: new Float64Array(UNITS1 * UNITS2),
        b2: new Float64Array(UNITS2),
        W3: new Float64Array(UNITS2 * OUTPUTS),
        b3: new Float64Array(OUTPUTS),
    };
}

// What the step remembers.
export function state() {
    return {
        mW1: new Float64Array(INPUTS * UNITS1),
        vW1: new Float64Array(INPUTS * UNITS1),
        mb1: new Float64Array(UNITS1),
        vb1: new Float64Array(UNITS1),
        mW2: new Float64Array(UNITS1 * UNITS2),
        vW2: new Float64Array(UNITS1 * UNITS2),
        mb2: new Float64Array(UNITS2),
        vb2: new Float64Array(UNITS2),
        mW3: new Float64Array(UNITS2 * OUTPUTS),
        vW3: new Float64Array(UNITS2 * OUTPUTS),
        mb3: new Float64Array(OUTPUTS),
        vb3: new Float64Array(OUTPUTS),
    };
}

// Values on the way, of at most so many rows.
export function scratch(rows) {
    return {
        a1: new Float64Array(rows * UNITS1),
        a2: new Float64Array(rows * UNITS2),
        z3: new Float64Array(rows * OUTPUTS),
        p: new Float64Array(rows * OUTPUTS),
        log_p: new Float64Array(rows * OUTPUTS),
        delta3: new Float64Array(rows * OUTPUTS),
        delta2: new Float64Array(rows * UNITS2),
        delta1: new Float64Array(rows * UNITS1),
        dW1: new Float64Array(INPUTS * UNITS1),
        db1: new Float64Array(UNITS1),
        dW2: new Float64Array(UNITS1 * UNITS2),
        db2: new Float64Array(UNITS2),
        dW3: new Float64Array(UNITS2 * OUTPUTS),
        db3: new Float64Array(OUTPUTS),
    };
}

// Values on the way, of at most so many rows.
export function trace_scratch(rows) {
    return {
        z1: new Float64Array(rows * UNITS1),
        a1: new Float64Array(rows * UNITS1),
        z2: new Float64Array(rows * UNITS2),
        a2: new Float64Array(rows * UNITS2),
        z3: new Float64Array(rows * OUTPUTS),
        p: new Float64Array(rows * OUTPUTS),
        log_p: new Float64Array(rows * OUTPUTS),
        delta3: new Float64Array(rows * OUTPUTS),
        error2: new Float64Array(rows * UNITS2),
        slope2: new Float64Array(rows * UNITS2),
        delta2: new Float64Array(rows * UNITS2),
        error1: new Float64Array(rows * UNITS1),
        slope1: new Float64Array(rows * UNITS1),
        delta1: new Float64Array(rows * UNITS1),
        dW1: new Float64Array(INPUTS * UNITS1),
        db1: new Float64Array(UNITS1),
        dW2: new Float64Array(UNITS1 * UNITS2),
        db2: new Float64Array(UNITS2),
        dW3: new Float64Array(UNITS2 * OUTPUTS),
        db3: new Float64Array(OUTPUTS),
        data_loss: new Float64Array(1),
        correction1: new Float64Array(1),
        correction2: new Float64Array(1),
    };
}

// The hyper-parameters as they were declared.
export const settings = { learning_rate: 0.001, rho1: 0.9, rho2: 0.999, epsilon: 1e-8 };

function relu(z) { return z < 0 ? 0 : z; }

// The sum of K products, from x[from] and y[start] on; the elements of x lie dx apart, those of y dy.
function dot(K, x, from, dx, y, start, dy) {
    let sum = 0;
    for (let k = 0; k < K; k++)
        sum += x[from + k * dx] * y[start + k * dy];
    return sum;
}

// a = relu(x @ W + b): x (N, K), W (K, M), b (M,), a (N, M)
function forward_relu(N, K, M, x, W, b, a) {
    for (let n = 0; n < N; n++)
        for (let j = 0; j < M; j++)
            a[n * M + j] = relu(dot(K, x, n * K, 1, W, j, M) + b[j]);
}

// z = x @ W + b: x (N, K), W (K, M), b (M,), z (N, M)
function forward(N, K, M, x, W, b, z) {
    for (let n = 0; n < N; n++)
        for (let j = 0; j < M; j++)
            z[n * M + j] = dot(K, x, n * K, 1, W, j, M) + b[j];
}

// delta_out = (delta @ W.T) * (a > 0): delta (N, M), W (K, M), a (N, K), delta_out (N, K)
function backward_relu(N, K, M, delta, W, a, delta_out) {
    for (let n = 0; n < N; n++)
        for (let i = 0; i < K; i++)
            delta_out[n * K + i] = dot(M, delta, n * M, 1, W, i * M, 1) * (a[n * K + i] > 0);
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

// adam, element by element: w is a parameter, dw its gradient
function adam(h, count, dw, correction1, correction2, m, v, w) {
    for (let k = 0; k < count; k++) {
        m[k] = h.rho1 * m[k] + (1 - h.rho1) * dw[k];
        v[k] = h.rho2 * v[k] + (1 - h.rho2) * (dw[k] * dw[k]);
        w[k] -= h.learning_rate * (m[k] / correction1) / (Math.sqrt(v[k] / correction2) + h.epsilon);
    }
}

// z = x @ W + b; a = relu(z): x (N, K), W (K, M), b (M,), z (N, M), a (N, M)
function forward_relu_2(N, K, M, x, W, b, z, a) {
    for (let n = 0; n < N; n++) {
        for (let j = 0; j < M; j++) {
            z[n * M + j] = dot(K, x, n * K, 1, W, j, M) + b[j];
            a[n * M + j] = relu(z[n * M + j]);
        }
    }
}

// error = delta @ W.T: delta (N, M), W (K, M), error (N, K)
function backward(N, K, M, delta, W, error) {
    for (let n = 0; n < N; n++)
        for (let i = 0; i < K; i++)
            error[n * K + i] = dot(M, delta, n * M, 1, W, i * M, 1);
}

// p = softmax(z), and its logarithm if log_p is given; row by row: z (N, M), p (N, M), log_p (N, M)
function softmax(N, M, z, p, log_p) {
    for (let n = 0; n < N * M; n += M) {
        let largest = z[n], sum = 0;
        for (let j = 1; j < M; j++)
            largest = z[n + j] > largest ? z[n + j] : largest;
        for (let j = 0; j < M; j++)
            sum += p[n + j] = Math.exp(z[n + j] - largest);
        for (let j = 0; j < M; j++)
            p[n + j] /= sum;
        for (let j = 0; log_p && j < M; j++)
            log_p[n + j] = z[n + j] - largest - Math.log(sum);
    }
}

// One training step on N rows, the t-th from 1, in place; returns the loss before it.
export function step(w, m, s, h, t, N, X, y) {
    // forward
    forward_relu(N, INPUTS, UNITS1, X, w.W1, w.b1, s.a1);     // a1 = relu(X @ W1 + b1)
    forward_relu(N, UNITS1, UNITS2, s.a1, w.W2, w.b2, s.a2);  // a2 = relu(a1 @ W2 + b2)
    forward(N, UNITS2, OUTPUTS, s.a2, w.W3, w.b3, s.z3);      // z3 = a2 @ W3 + b3
    softmax(N, OUTPUTS, s.z3, s.p, s.log_p);                  // p = softmax(z3); log_p = log_softmax(z3)

    // loss
    let data_loss_sum = 0;
    for (let k = 0; k < N * OUTPUTS; k++)
        data_loss_sum += y[k] * s.log_p[k];
    const data_loss = -data_loss_sum / N;

    // backward
    for (let k = 0; k < N * OUTPUTS; k++)
        s.delta3[k] = (s.p[k] - y[k]) / N;
    backward_relu(N, UNITS2, OUTPUTS, s.delta3, w.W3, s.a2, s.delta2);  // delta2 = (delta3 @ W3.T) * (a2 > 0)
    backward_relu(N, UNITS1, UNITS2, s.delta2, w.W2, s.a1, s.delta1);   // delta1 = (delta2 @ W2.T) * (a1 > 0)
    gradient(N, INPUTS, UNITS1, X, s.delta1, s.dW1, s.db1);             // dW1 = X.T @ delta1; db1 = delta1.sum(axis=0)
    gradient(N, UNITS1, UNITS2, s.a1, s.delta2, s.dW2, s.db2);          // dW2 = a1.T @ delta2; db2 = delta2.sum(axis=0)
    gradient(N, UNITS2, OUTPUTS, s.a2, s.delta3, s.dW3, s.db3);         // dW3 = a2.T @ delta3; db3 = delta3.sum(axis=0)

    // update
    const correction1 = 1 - Math.pow(h.rho1, t);
    const correction2 = 1 - Math.pow(h.rho2, t);
    adam(h, INPUTS * UNITS1, s.dW1, correction1, correction2, m.mW1, m.vW1, w.W1);
    adam(h, UNITS1, s.db1, correction1, correction2, m.mb1, m.vb1, w.b1);
    adam(h, UNITS1 * UNITS2, s.dW2, correction1, correction2, m.mW2, m.vW2, w.W2);
    adam(h, UNITS2, s.db2, correction1, correction2, m.mb2, m.vb2, w.b2);
    adam(h, UNITS2 * OUTPUTS, s.dW3, correction1, correction2, m.mW3, m.vW3, w.W3);
    adam(h, OUTPUTS, s.db3, correction1, correction2, m.mb3, m.vb3, w.b3);
    return data_loss;
}

// The output p (N, OUTPUTS) for N rows of X (N, INPUTS).
export function predict(w, s, N, X, p) {
    forward_relu(N, INPUTS, UNITS1, X, w.W1, w.b1, s.a1);     // a1 = relu(X @ W1 + b1)
    forward_relu(N, UNITS1, UNITS2, s.a1, w.W2, w.b2, s.a2);  // a2 = relu(a1 @ W2 + b2)
    forward(N, UNITS2, OUTPUTS, s.a2, w.W3, w.b3, s.z3);      // z3 = a2 @ W3 + b3
    softmax(N, OUTPUTS, s.z3, p);                             // p = softmax(z3)
}

// The output p (N, OUTPUTS) and, returned, the loss of N rows, in prediction mode.
export function evaluate(w, s, N, X, y, p) {
    forward_relu(N, INPUTS, UNITS1, X, w.W1, w.b1, s.a1);     // a1 = relu(X @ W1 + b1)
    forward_relu(N, UNITS1, UNITS2, s.a1, w.W2, w.b2, s.a2);  // a2 = relu(a1 @ W2 + b2)
    forward(N, UNITS2, OUTPUTS, s.a2, w.W3, w.b3, s.z3);      // z3 = a2 @ W3 + b3
    softmax(N, OUTPUTS, s.z3, p, s.log_p);                    // p = softmax(z3); log_p = log_softmax(z3)
    let data_loss_sum = 0;
    for (let k = 0; k < N * OUTPUTS; k++)
        data_loss_sum += y[k] * s.log_p[k];
    const data_loss = -data_loss_sum / N;
    return data_loss;
}

// Every value of one step on N rows, in s; changes nothing else; returns the loss.
export function trace(w, s, h, t, N, X, y) {
    // forward
    forward_relu_2(N, INPUTS, UNITS1, X, w.W1, w.b1, s.z1, s.a1);     // z1 = X @ W1 + b1; a1 = relu(z1)
    forward_relu_2(N, UNITS1, UNITS2, s.a1, w.W2, w.b2, s.z2, s.a2);  // z2 = a1 @ W2 + b2; a2 = relu(z2)
    forward(N, UNITS2, OUTPUTS, s.a2, w.W3, w.b3, s.z3);              // z3 = a2 @ W3 + b3
    softmax(N, OUTPUTS, s.z3, s.p, s.log_p);                          // p = softmax(z3); log_p = log_softmax(z3)

    // loss
    let data_loss_sum = 0;
    for (let k = 0; k < N * OUTPUTS; k++)
        data_loss_sum += y[k] * s.log_p[k];
    s.data_loss[0] = -data_loss_sum / N;

    // backward
    for (let k = 0; k < N * OUTPUTS; k++)
        s.delta3[k] = (s.p[k] - y[k]) / N;
    backward(N, UNITS2, OUTPUTS, s.delta3, w.W3, s.error2);      // error2 = delta3 @ W3.T
    for (let k = 0; k < N * UNITS2; k++) {
        s.slope2[k] = s.a2[k] > 0;
        s.delta2[k] = s.error2[k] * s.slope2[k];
    }
    backward(N, UNITS1, UNITS2, s.delta2, w.W2, s.error1);       // error1 = delta2 @ W2.T
    for (let k = 0; k < N * UNITS1; k++) {
        s.slope1[k] = s.a1[k] > 0;
        s.delta1[k] = s.error1[k] * s.slope1[k];
    }
    gradient(N, INPUTS, UNITS1, X, s.delta1, s.dW1, s.db1);      // dW1 = X.T @ delta1; db1 = delta1.sum(axis=0)
    gradient(N, UNITS1, UNITS2, s.a1, s.delta2, s.dW2, s.db2);   // dW2 = a1.T @ delta2; db2 = delta2.sum(axis=0)
    gradient(N, UNITS2, OUTPUTS, s.a2, s.delta3, s.dW3, s.db3);  // dW3 = a2.T @ delta3; db3 = delta3.sum(axis=0)

    // update
    s.correction1[0] = 1 - Math.pow(h.rho1, t);
    s.correction2[0] = 1 - Math.pow(h.rho2, t);
    return s.data_loss[0];
}
