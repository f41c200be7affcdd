// How numbers become brightness: a map of values, -1 to 1, whatever the activation.

/** Whether the values of an activation lie between 0 and 1, -1 and 1, or anywhere. */
export function scaler(activation: string): (value: number) => number {
    if (activation === "sigmoid" || activation === "softmax") return (value) => 2 * value - 1;
    if (activation === "tanh") return (value) => value;
    return (value) => value / (Math.abs(value) + 0.7);
}

/**
 * The colours of values over a window, so many to a line, as pixels from `begin` on: each value is brought to -1..1 as
 * `scaler` does it and looked up. It runs for every unit in every frame: one loop, no calls.
 *
 * by, from     the values of one unit among those of its layer
 */
export function paint(pixels: Uint32Array, begin: number, table: Uint32Array, values: Float64Array, activation: string, by = 1, from = 0): void {
    const [top, squashed] = [table.length - 1, activation !== "tanh" && activation !== "sigmoid" && activation !== "softmax"];
    const [factor, shift] = squashed || activation === "tanh" ? [1, 0] : [2, -1];
    const half = top / 2;
    for (let k = from, to = begin; k < values.length; k += by, to++) {
        let value = factor * values[k] + shift;
        if (squashed) value /= Math.abs(value) + 0.7;
        const at = (value + 1) * half + 0.5;
        pixels[to] = table[at >= top ? top : at > 0 ? at | 0 : at === at ? 0 : (top + 1) >> 1]; // NaN is the middle
    }
}

export function largest(values: ArrayLike<number>): number {
    let most = 0;
    for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]));
    return most;
}
