import { expect, test } from "vitest";
import { shownRows } from "./sample";

test("few rows are all shown, of many one of every stretch, in no rhythm", () => {
    expect([...shownRows(3)]).toEqual([0, 1, 2]);
    const shown = [...shownRows(40_000, 2000)];
    expect(new Set(shown).size).toBe(2000);
    expect(shown.every((row, k) => Math.floor(row / 20) === k)).toBe(true);
    const places = Array.from({ length: 20 }, (_, place) => shown.filter((row) => row % 20 === place).length);
    expect(Math.min(...places)).toBeGreaterThan(90);
});
