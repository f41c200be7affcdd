// The window onto the data: one or two columns on the axes, the others held still.

import type { Data, Numbers } from "./contract";
import { shownRows } from "./sample";

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

/** A number of a column in the units of the table, where it was standardised. */
export function unscaled(data: Data, column: number, value: number): number {
    const feature = data.features?.find(({ begin }) => begin === column);
    return feature?.deviation === undefined ? value : (feature.mean ?? 0) + value * feature.deviation;
}

/** A point chosen to be predicted: anywhere in the window, or a row of the data, which brings its target. */
export interface Chosen {
    at: [number, number];
    row: Float64Array;
    target: Numbers | null;
    number: number; // of the row, from 1; 0 where it is none
    test: boolean;
}

export function chosenAt(view: View, x: number, y: number): Chosen {
    const row = Float64Array.from(view.held);
    row[view.x] = x;
    if (view.y >= 0) row[view.y] = y;
    return { at: [x, y], row, target: null, number: 0, test: false };
}

export function chosenRow(data: Data, view: View, n: number, test = false): Chosen {
    const part = test ? data.test : data.training;
    const row = Float64Array.from(part.rows.slice(n * data.given, (n + 1) * data.given));
    const target = part.y.slice(n * data.outputs, (n + 1) * data.outputs);
    return { at: [row[view.x], view.y < 0 ? target[0] : row[view.y]], row, target, number: n + 1, test };
}

/** The row that is drawn nearest, if it is within `far` of the window's width. */
export function nearest(data: Data, view: View, x: number, y: number, far: number): Chosen | null {
    let [best, found, held] = [far * far, -1, false];
    for (const test of [false, true]) {
        const part = test ? data.test : data.training;
        for (const n of shownRows(part.count)) {
            const across = (part.rows[n * data.given + view.x] - x) / (view.high[0] - view.low[0]);
            const up = view.y < 0 ? 0 : (part.rows[n * data.given + view.y] - y) / (view.high[1] - view.low[1]);
            const distance = across * across + up * up;
            if (distance < best) [best, found, held] = [distance, n, test];
        }
    }
    return found < 0 ? null : chosenRow(data, view, found, held);
}

/** From the least to the most of a column, and a little further. */
export function span(data: Data, column: number): [number, number] {
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
