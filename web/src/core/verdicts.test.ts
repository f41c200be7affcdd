import { expect, test } from "vitest";
import type { Data, Snapshot, Story } from "./contract";
import { observations, ofAnswers, ofHistory, verdicts, type Rule } from "./verdicts";

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
        rule(3, 0, { name: "loss_peak", window: "history", above: 4 }),
        rule(4, 0, { name: "loss_left", window: "now", below: 0.6 }, { name: "s1", window: "now", above: 0.85 }),
        rule(5, 0, { name: "nothing", window: "now", below: 1 }),
        rule(6, 0, { name: "size", window: "now", reduce: "max", over: { name: "size", window: "start", reduce: "min" }, above: 6 }),
        rule(7, 0, { name: "loss_left", window: "now", below: 0.6 }),
    ];
    const found = verdicts(rules, story, snapshot);
    expect(found.map(({ rank, layer, value, since }) => [rank, layer, value, since])).toEqual([[0, 0, 7, 0], [1, 2, 0.95, 20], [3, 0, 4.5, null], [6, 0, 7, 0], [7, 0, 0.5, 20]]);
    expect(observations(rules)).toEqual(["s1", "s2", "size", "loss_peak", "loss_left", "nothing"]);
});

test("the answers to all rows: how many are far off, and how many of the rarest class are found", () => {
    const part = (y: number[], K: number) => ({ count: y.length / K, rows: [], X: [], y }) as unknown as Data["training"];
    const one = ofAnswers(Float64Array.of(0.95, 0.2, 0.1, 0.3), { kind: "classes", outputs: 1, training: part([0, 0, 0, 1], 1) }, 0.9);
    expect(one).toEqual({ classes: 1, far_off: 1 / 4, rare_share: 1 / 4, recall: 0 });
    const several = ofAnswers(Float64Array.of(1, 0, 0, 0, 1, 0), { kind: "several", outputs: 3, training: part([1, 0, 0, 1, 0, 0], 3) }, 0.9);
    expect(several).toEqual({ classes: 1, far_off: 2 / 6, rare_share: 0, recall: 1 });
    expect(ofAnswers(Float64Array.of(1), { kind: "number", outputs: 1, training: part([7], 1) }, 0.9)).toEqual({ classes: 0 });
    const rule1 = rule(1, 0, { name: "recall", window: "now", below: 0.3 }, { name: "classes", window: "now", above: 0 });
    expect(verdicts([rule1], story, snapshot, one).map(({ value, since }) => [value, since])).toEqual([[0, null]]);
    expect(verdicts([rule1], story, snapshot)).toEqual([]);
});

test("the history of losses", () => {
    const testLosses = [1, 0.5, 0.4, 0.5, 0.6, 0.7];
    const found = ofHistory({ epochs: [], losses: [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.25, 0.2], testEpochs: [], testLosses }, 1);
    expect(found.test_rise).toBeCloseTo(1.5);
    expect(found.test_best).toBeCloseTo(2 / 6);
    expect(found.loss_fall).toBeCloseTo(0.2);
    expect(ofHistory(history, 1).loss_fall).toBeNaN();
});
