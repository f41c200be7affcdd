// The window onto the data: one or two columns on the axes, the others held still.

import type { Data } from "./contract";

export interface View {
    x: number;
    y: number; // -1 where there is a single column
    held: number[];
    low: [number, number];
    high: [number, number];
    side: number;
    given: number;
}

export const SIDE = 48;

export function viewOf(data: Data, x = 0, y = data.given > 1 ? 1 : -1, held: number[] | null = null): View {
    const spans = [x, y].map((column) => (column < 0 ? ([-1, 1] as [number, number]) : span(data, column)));
    return {
        x,
        y,
        held: held ?? means(data),
        low: [spans[0][0], spans[1][0]],
        high: [spans[0][1], spans[1][1]],
        side: y < 0 ? 4 * SIDE : SIDE,
        given: data.given,
    };
}

/** From the least to the most of a column, and a little further. */
function span(data: Data, column: number): [number, number] {
    let low = Infinity;
    let high = -Infinity;
    for (const { rows, count } of [data.training, data.test])
        for (let n = 0; n < count; n++) {
            const value = rows[n * data.given + column];
            low = Math.min(low, value);
            high = Math.max(high, value);
        }
    const margin = 0.12 * (high - low) || 1;
    return [low - margin, high + margin];
}

export function means(data: Data): number[] {
    const { rows, count } = data.training;
    const sums = Array.from({ length: data.given }, () => 0);
    for (let n = 0; n < count; n++) for (let i = 0; i < data.given; i++) sums[i] += rows[n * data.given + i];
    return sums.map((sum) => sum / Math.max(1, count));
}

/** A row for every cell of the window, from the upper left, line by line. */
export function gridRows(view: View): { rows: Float64Array; count: number } {
    const { side, given, low, high } = view;
    const lines = view.y < 0 ? 1 : side;
    const rows = new Float64Array(side * lines * given);
    for (let j = 0; j < lines; j++)
        for (let i = 0; i < side; i++) {
            const at = (j * side + i) * given;
            rows.set(view.held, at);
            rows[at + view.x] = low[0] + ((i + 0.5) / side) * (high[0] - low[0]);
            if (view.y >= 0) rows[at + view.y] = high[1] - ((j + 0.5) / side) * (high[1] - low[1]);
        }
    return { rows, count: side * lines };
}
