// 3-4-1 sigmoid; half squared error; gradient descent
// Derived and written by chainrule; no dependencies.

const INPUTS = 3;
const UNITS1 = 4;
const OUTPUTS = 1;

// What is learnt, to be filled.
export function parameters() {
    return {
        W1: new Float64Array(INPUTS * UNITS1),
        W2: new Float64Array(UNITS1 * OUTPUTS),
    };
}

// Values on the way, of at most so many rows.
export function scratch(rows) {
    return {
        a1: new Float64Array(rows * UNITS1),
        a2: new Float64Array(rows * OUTPUTS),
        delta2: new Float64Array(rows * OUTPUTS),
        delta1: new Float64Array(rows * UNITS1),
    };
}

// Values on the way, of at most so many rows.
export function trace_scratch(rows) {
    return {
        z1: new Float64Array(rows * UNITS1),
        a1: new Float64Array(rows * UNITS1),
        z2: new Float64Array(rows * OUTPUTS),
        a2: new Float64Array(rows * OUTPUTS),
        error2: new Float64Array(rows * OUTPUTS),
        slope2: new Float64Array(rows * OUTPUTS),
        delta2: new Float64Array(rows * OUTPUTS),
        error1: new Float64Array(rows * UNITS1),
        slope1: new Float64Array(rows * UNITS1),
        delta1: new Float64Array(rows * UNITS1),
        dW1: new Float64Array(INPUTS * UNITS1),
        dW2: new Float64Array(UNITS1 * OUTPUTS),
        data_loss: new Float64Array(1),
    };
}

// The hyper-parameters as they were declared.
export const settings = { learning_rate: 1 };

function sigmoid(z) { return 1 / (1 + Math.exp(-z)); }
function square(x) { return x * x; }

// The sum of K products, from x[from] and y[start] on; the elements of x lie dx apart, those of y dy.
function dot(K, x, from, dx, y, start, dy) {
    let sum = 0;
    for (let k = 0; k < K; k++)
        sum += x[from + k * dx] * y[start + k * dy];
    return sum;
}

// a = sigmoid(x @ W): x (N, K), W (K, M), a (N, M)
function forward_sigmoid(N, K, M, x, W, a) {
    for (let n = 0; n < N; n++)
        for (let j = 0; j < M; j++)
            a[n * M + j] = sigmoid(dot(K, x, n * K, 1, W, j, M));
}

// delta_out = (delta @ W.T) * (a * (1 - a)): delta (N, M), W (K, M), a (N, K), delta_out (N, K)
function backward_sigmoid(N, K, M, delta, W, a, delta_out) {
    for (let n = 0; n < N; n++)
        for (let i = 0; i < K; i++)
            delta_out[n * K + i] = dot(M, delta, n * M, 1, W, i * M, 1) * (a[n * K + i] * (1 - a[n * K + i]));
}

// W -= learning_rate * (x.T @ delta): x (N, K), delta (N, M), W (K, M)
function update_weights(N, K, M, x, delta, learning_rate, W) {
    for (let i = 0; i < K; i++)
        for (let j = 0; j < M; j++)
            W[i * M + j] -= learning_rate * dot(N, x, i, K, delta, j, M);
}

// z = x @ W; a = sigmoid(z): x (N, K), W (K, M), z (N, M), a (N, M)
function forward_sigmoid_2(N, K, M, x, W, z, a) {
    for (let n = 0; n < N; n++) {
        for (let j = 0; j < M; j++) {
            z[n * M + j] = dot(K, x, n * K, 1, W, j, M);
            a[n * M + j] = sigmoid(z[n * M + j]);
        }
    }
}

// error = delta @ W.T: delta (N, M), W (K, M), error (N, K)
function backward(N, K, M, delta, W, error) {
    for (let n = 0; n < N; n++)
        for (let i = 0; i < K; i++)
            error[n * K + i] = dot(M, delta, n * M, 1, W, i * M, 1);
}

// dW = x.T @ delta: x (N, K), delta (N, M), dW (K, M)
function weight_gradient(N, K, M, x, delta, dW) {
    for (let i = 0; i < K; i++)
        for (let j = 0; j < M; j++)
            dW[i * M + j] = dot(N, x, i, K, delta, j, M);
}

// One training step on N rows, in place; returns the loss before it.
export function step(w, s, h, N, X, y) {
    // forward
    forward_sigmoid(N, INPUTS, UNITS1, X, w.W1, s.a1);      // a1 = sigmoid(X @ W1)
    forward_sigmoid(N, UNITS1, OUTPUTS, s.a1, w.W2, s.a2);  // a2 = sigmoid(a1 @ W2)

    // loss
    let data_loss_sum = 0;
    for (let k = 0; k < N * OUTPUTS; k++)
        data_loss_sum += square(s.a2[k] - y[k]);
    const data_loss = 0.5 * data_loss_sum;

    // backward
    for (let k = 0; k < N * OUTPUTS; k++)
        s.delta2[k] = (s.a2[k] - y[k]) * (s.a2[k] * (1 - s.a2[k]));
    backward_sigmoid(N, UNITS1, OUTPUTS, s.delta2, w.W2, s.a1, s.delta1);  // delta1 = (delta2 @ W2.T) * (a1 * (1 - a1))

    // update
    update_weights(N, INPUTS, UNITS1, X, s.delta1, h.learning_rate, w.W1);      // W1 -= learning_rate * (X.T @ delta1)
    update_weights(N, UNITS1, OUTPUTS, s.a1, s.delta2, h.learning_rate, w.W2);  // W2 -= learning_rate * (a1.T @ delta2)
    return data_loss;
}

// The output a2 (N, OUTPUTS) for N rows of X (N, INPUTS).
export function predict(w, s, N, X, a2) {
    forward_sigmoid(N, INPUTS, UNITS1, X, w.W1, s.a1);    // a1 = sigmoid(X @ W1)
    forward_sigmoid(N, UNITS1, OUTPUTS, s.a1, w.W2, a2);  // a2 = sigmoid(a1 @ W2)
}

// The output a2 (N, OUTPUTS) and, returned, the loss of N rows, in prediction mode.
export function evaluate(w, s, N, X, y, a2) {
    forward_sigmoid(N, INPUTS, UNITS1, X, w.W1, s.a1);    // a1 = sigmoid(X @ W1)
    forward_sigmoid(N, UNITS1, OUTPUTS, s.a1, w.W2, a2);  // a2 = sigmoid(a1 @ W2)
    let data_loss_sum = 0;
    for (let k = 0; k < N * OUTPUTS; k++)
        data_loss_sum += square(a2[k] - y[k]);
    const data_loss = 0.5 * data_loss_sum;
    return data_loss;
}

// Every value of one step on N rows, in s; changes nothing else; returns the loss.
export function trace(w, s, N, X, y) {
    // forward
    forward_sigmoid_2(N, INPUTS, UNITS1, X, w.W1, s.z1, s.a1);      // z1 = X @ W1; a1 = sigmoid(z1)
    forward_sigmoid_2(N, UNITS1, OUTPUTS, s.a1, w.W2, s.z2, s.a2);  // z2 = a1 @ W2; a2 = sigmoid(z2)

    // loss
    let data_loss_sum = 0;
    for (let k = 0; k < N * OUTPUTS; k++)
        data_loss_sum += square(s.a2[k] - y[k]);
    s.data_loss[0] = 0.5 * data_loss_sum;

    // backward
    for (let k = 0; k < N * OUTPUTS; k++)
        s.error2[k] = s.a2[k] - y[k];
    for (let k = 0; k < N * OUTPUTS; k++) {
        s.slope2[k] = s.a2[k] * (1 - s.a2[k]);
        s.delta2[k] = s.error2[k] * s.slope2[k];
    }
    backward(N, UNITS1, OUTPUTS, s.delta2, w.W2, s.error1);      // error1 = delta2 @ W2.T
    for (let k = 0; k < N * UNITS1; k++) {
        s.slope1[k] = s.a1[k] * (1 - s.a1[k]);
        s.delta1[k] = s.error1[k] * s.slope1[k];
    }
    weight_gradient(N, INPUTS, UNITS1, X, s.delta1, s.dW1);      // dW1 = X.T @ delta1
    weight_gradient(N, UNITS1, OUTPUTS, s.a1, s.delta2, s.dW2);  // dW2 = a1.T @ delta2
    return s.data_loss[0];
}
