// 3-4-1 sigmoid; half squared error; gradient descent
// Derived and written by chainrule; no dependencies.

const INPUTS = 3;
const UNITS1 = 4;
const OUTPUTS = 1;

// What is learnt, to be filled.
function parameters() {
    return {
        W1: new Float64Array(INPUTS * UNITS1),
        W2: new Float64Array(UNITS1 * OUTPUTS),
    };
}

// Values on the way, of at most so many rows.
function scratch(rows) {
    return {
        a1: new Float64Array(rows * UNITS1),
        a2: new Float64Array(rows * OUTPUTS),
        delta2: new Float64Array(rows * OUTPUTS),
        delta1: new Float64Array(rows * UNITS1),
    };
}

// The hyper-parameters as they were declared.
const settings = { learning_rate: 1 };

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

// One training step on N rows, in place; returns the loss before it.
function step(w, s, h, N, X, y) {
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
function predict(w, s, N, X, a2) {
    forward_sigmoid(N, INPUTS, UNITS1, X, w.W1, s.a1);    // a1 = sigmoid(X @ W1)
    forward_sigmoid(N, UNITS1, OUTPUTS, s.a1, w.W2, a2);  // a2 = sigmoid(a1 @ W2)
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

// The data.
const rows = 4;
const X = Float64Array.of(0, 0, 1, 0, 1, 1, 1, 0, 1, 1, 1, 1);
const y = Float64Array.of(0, 1, 1, 0);
const w = parameters();
const s = scratch(rows);
const h = { ...settings };
const output = new Float64Array(rows * OUTPUTS);

seed(1);
draw(1, w.W1);
draw(1, w.W2);

function predictAll() {
    for (let n = 0; n < rows; n += rows)
        predict(w, s, Math.min(rows - n, rows), X.subarray(n * INPUTS), output.subarray(n * OUTPUTS));
}

function report(epoch) {
    predictAll();
    let error = 0;
    for (let k = 0; k < rows * OUTPUTS; k++)
        error += Math.abs(output[k] - y[k]);
    console.log(`epoch ${epoch}: mean absolute error ${short(error / (rows * OUTPUTS), 12)}`);
}

// So many digits, as few as they need.
function short(x, digits) {
    return String(Number(x.toPrecision(digits)));
}

let loss = 0;
for (let epoch = 0; epoch < 60000; epoch++) {
    if (epoch % 10000 === 0)
        report(epoch);
    loss = step(w, s, h, rows, X, y);
}
console.log(`loss in the last epoch: ${short(loss, 10)}`);
predictAll();
console.log("output:");
for (let n = 0; n < Math.min(rows, 4); n++)
    console.log(Array.from(output.subarray(n * OUTPUTS, (n + 1) * OUTPUTS), (x) => short(x, 10)).join(" "));
