// A slice through the loss, as chainrule's `landscape` cuts it: over two weights, the others held where they are now.

import type { Arrays, Landscape, Place } from "./contract";

const POINTS = 41;
const FEW = 21; // of a large network or many rows
const LARGE = 2e5; // rows x parameters

interface Kept {
    epoch: number;
    w: Arrays;
}

/**
 * moments   where the run has been, the last one now
 * lossAt    the loss of a moment, and of weights in the place of the last ones
 */
export function landscape(moments: Kept[], over: [Place, Place] | null, rows: number, lossAt: (moment: number, w?: Arrays) => number): Landscape | null {
    const last = moments[moments.length - 1].w;
    const chosen = over ?? mostMoved(moments[0].w, last);
    if (!chosen || moments.length < 2 || chosen.some(({ name, index }) => !(index < (last[name]?.length ?? 0)))) return null;
    const path = chosen.map(({ name, index }) => Float64Array.from(moments, ({ w }) => w[name][index])) as [Float64Array, Float64Array];
    const weights = Object.values(last).reduce((sum, values) => sum + values.length, 0);
    const points = rows * weights > LARGE ? FEW : POINTS;
    const axes = path.map((values) => around(values, points)) as [Float64Array, Float64Array];
    const moved: Arrays = Object.fromEntries(Object.entries(last).map(([name, values]) => [name, values.slice()]));
    const loss = new Float64Array(points * points);
    const [first, second] = chosen;
    for (let row = 0; row < points; row++)
        for (let column = 0; column < points; column++) {
            moved[first.name][first.index] = axes[0][column];
            moved[second.name][second.index] = axes[1][row];
            loss[row * points + column] = lossAt(moments.length - 1, moved);
        }
    return { over: chosen, axes, loss, path, pathLoss: Float64Array.from(moments, (_, i) => lossAt(i)), epochs: moments.map(({ epoch }) => epoch), weights };
}

/** The two weights that the training moved most. */
function mostMoved(start: Arrays, end: Arrays): [Place, Place] | null {
    const moves = Object.entries(end).flatMap(([name, values]) => Array.from(values, (value, index) => ({ name, index, far: Math.abs(value - start[name][index]) })));
    moves.sort((a, b) => b.far - a.far || (a.name < b.name ? -1 : a.name > b.name ? 1 : a.index - b.index));
    return moves.length < 2 || moves[0].far === 0 ? null : [moves[0], moves[1]].map(({ name, index }) => ({ name, index })) as [Place, Place];
}

/** Around all that a weight has been, half as wide again to either side. */
function around(path: Float64Array, points: number): Float64Array {
    const [low, high] = [Math.min(...path), Math.max(...path)];
    const half = 0.75 * (high - low) || 1;
    return Float64Array.from({ length: points }, (_, i) => (low + high) / 2 - half + (2 * half * i) / (points - 1));
}
