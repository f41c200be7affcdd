import { expect, test } from "vitest";
import { fromFragment, networkOf } from "./experiment";
import { question, settingsOf } from "./question";

// tests/lab/test_carried.py has the same link and looks for the same keys.
const LINK =
    "#data=founding_xor:4:0:0:0&layers=4:sigmoid&output=sigmoid&loss=half_squared_error&optimizer=gradient_descent:1" +
    "&bias=none&initial=uniform&batch=all&seed=1&dropout=0.2&l2=0.01";
const PROGRAM =
    'program {"columns":["x1","x2"],"edits":{},"inputs":[],"network":{"layers":[{"activation":"sigmoid","bias":false,"initial":"uniform","layer":"dense","units":4},{"layer":"dropout","rate":0.2},{"activation":"sigmoid","bias":false,"initial":"uniform","layer":"dense","units":1}],"loss":"half_squared_error","optimizer":"gradient_descent","penalty":"l2"}}';
const DATA = 'data {"inputs":[],"noise":0,"points":4,"seed":0,"set":"founding_xor","test":0}';

test("a question has the same key as in Python", () => {
    const { experiment } = fromFragment(LINK);
    const { set, points, noise, test, seed } = experiment.data;
    expect(question("data", { set, points, noise, test, seed, inputs: experiment.inputs })).toBe(DATA);
    const body = { columns: ["x1", "x2"], inputs: [], network: networkOf(experiment, 1), rows: 4, batch: null, edits: {} };
    expect(question("program", body)).toBe(PROGRAM);
    expect(settingsOf(body as never)).toEqual({ learning_rate: 1, l2: 0.01 });
    expect(question("start")).toBe("start");
});
