import { expect, test } from "vitest";
import { FOUNDING, USUAL, type Place } from "./experiment";
import { alongside, secondOf, withSecond } from "./second";

const place = (experiment = USUAL) => ({ screen: "compare", language: "en", epoch: 0, step: 0, chapter: "", experiment, table: null, changes: [] }) as Place;

test.each([
    [USUAL, FOUNDING],
    [FOUNDING, USUAL],
    [FOUNDING, { ...FOUNDING, layers: [], edits: { error2: "(a2 - y)**3" } }],
])("both sides are read back as they were written", (first, different) => {
    const second = alongside(first, different);
    expect(secondOf(withSecond(place(first), second))).toEqual(second);
});

test("a side that does not differ is none, and nonsense is the usual", () => {
    expect(secondOf(withSecond(place(), USUAL))).toBeNull();
    expect(secondOf("#b.l1=x&b.layers=9:relu")).toEqual({ ...USUAL, layers: [{ units: 9, activation: "relu" }] });
});
