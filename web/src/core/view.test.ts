import { expect, test } from "vitest";
import type { Data } from "./contract";
import { gridRows, means, viewOf } from "./view";

const part = { count: 2, rows: [0, 10, 1, 1, 30, 1], X: [], y: [0, 1] };
const data = {
    kind: "classes", columns: ["a", "b", "one"], classes: [], fixed: true, given: 3, inputs: 3, outputs: 1,
    training: part, test: { count: 0, rows: [], X: [], y: [] },
} as Data;

test("columns that are not on the axes are held at their means", () => {
    expect(means(data)).toEqual([0.5, 20, 1]);
});

test("the window reaches a little further than the data, and its rows begin at the upper left", () => {
    const view = viewOf(data);
    expect(view.low).toEqual([-0.12, 10 - 2.4]);
    const { rows, count } = gridRows(view);
    expect(count).toBe(view.side ** 2);
    expect(rows[0]).toBeLessThan(rows[3]);
    expect(rows[1]).toBeGreaterThan(rows[rows.length - 2]);
    expect(rows[2]).toBe(1);
});
