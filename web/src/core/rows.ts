// The numbers that a step takes: rows of the data, and whether they are those of before.

import type { Data, Numbers } from "./contract";

/** The inputs or targets of these training rows, one row after the other. */
export function picked(data: Data, name: "X" | "y", rows: Int32Array): Float64Array {
    const width = name === "X" ? data.inputs : data.outputs;
    const all = data.training[name];
    const found = new Float64Array(rows.length * width);
    rows.forEach((row, n) => { for (let i = 0; i < width; i++) found[n * width + i] = all[row * width + i]; });
    return found;
}

/** Whether both are there and have the same numbers, one by one. */
export function same(one: Numbers | Int32Array, other: Numbers | Int32Array | undefined): boolean {
    if (one.length !== other?.length) return false;
    for (let i = 0; i < one.length; i++) if (!Object.is(one[i], other[i])) return false;
    return true;
}

/** How many numbers are others in `other`, which has as many. */
export function differ(one: Numbers, other: Numbers): number {
    let count = 0;
    for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) count++;
    return count;
}
