import { expect, test } from "vitest";
import type { Snapshot, Story } from "./contract";
import { observations, ofHistory, verdicts, type Rule } from "./verdicts";

const rule = (rank: number, layer: number, ...all: Rule["all"]): Rule => ({ verdict: `v${rank}`, rank, layer, fault: true, all, remedy: {} });
const story: Story = {
    epochs: [0, 10, 20], losses: [], rights: [],
    values: { s1: Float64Array.of(0.1, 0.9, 0.8), s2: Float64Array.of(0.1, 0.1, 0.95), size: Float64Array.of(1, 7, 1, 7, 1, 7), data_loss: Float64Array.of(2, 9, 1) },
};
const history = { epochs: [], losses: [], testEpochs: [], testLosses: [] };
const snapshot = { history, diverged: null } as unknown as Snapshot;

test("a rule holds where all its conditions do, in its worst layer, since it has held", () => {
    const rules = [
        rule(1, 1, { name: "s1", window: "now", above: 0.5 }),
        rule(1, 2, { name: "s2", window: "now", above: 0.5 }),
        rule(0, 0, { name: "size", window: "now", reduce: "max", above: 6 }),
        rule(2, 0, { name: "s1", window: "start", above: 0.5 }),
        rule(3, 0, { name: "data_loss", window: "history", reduce: "max", over: { name: "data_loss", window: "start" }, above: 4 }),
        rule(4, 0, { name: "data_loss", window: "now", over: { name: "data_loss", window: "start" }, below: 0.6 }, { name: "s1", window: "now", above: 0.85 }),
        rule(5, 0, { name: "nothing", window: "now", below: 1 }),
    ];
    const found = verdicts(rules, story, snapshot);
    expect(found.map(({ rank, layer, value, since }) => [rank, layer, value, since])).toEqual([[0, 0, 7, 0], [1, 2, 0.95, 20], [3, 0, 4.5, null]]);
    expect(observations(rules)).toEqual(["s1", "s2", "size", "data_loss", "nothing"]);
});

test("the history of losses", () => {
    const testLosses = [1, 0.5, 0.4, 0.5, 0.6, 0.7];
    const found = ofHistory({ epochs: [], losses: [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.25, 0.2], testEpochs: [], testLosses }, 1);
    expect(found.test_rise).toBeCloseTo(1.5);
    expect(found.test_best).toBeCloseTo(2 / 6);
    expect(found.loss_fall).toBeCloseTo(0.2);
    expect(ofHistory(history, 1).loss_fall).toBeNaN();
});
