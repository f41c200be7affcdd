// How numbers become brightness: a map of values, -1 to 1, whatever the activation.

/** Whether the values of an activation lie between 0 and 1, -1 and 1, or anywhere. */
export function scaler(activation: string): (value: number) => number {
    if (activation === "sigmoid" || activation === "softmax") return (value) => 2 * value - 1;
    if (activation === "tanh") return (value) => value;
    return (value) => value / (Math.abs(value) + 0.7);
}

export function largest(values: ArrayLike<number>): number {
    let most = 0;
    for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]));
    return most;
}
