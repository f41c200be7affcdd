import { describe, expect, test } from "vitest";
import { FOUNDING, fromFragment, networkOf, toFragment, USUAL, withChapter, type Experiment } from "./experiment";

const OWN: Experiment = {
    ...USUAL,
    data: { set: "spirals", points: 300, noise: 0.25, test: 0.4, seed: 12 },
    inputs: ["x1**2", "sin(3 * x1)"],
    layers: [{ units: 8, activation: "z * sigmoid(1.702 * z)" }, { units: 3, activation: "relu" }],
    optimizer: { name: "adam", rate: 0.003 },
    bias: false,
    initial: "he",
    batchNorm: true,
    dropout: 0.2,
    l1: 0.01,
    l2: 0.001,
    batch: null,
    seed: 4294967295,
    edits: { delta2: "(a2 - y)**3" },
};

describe("the fragment", () => {
    test.each([USUAL, FOUNDING, OWN, { ...USUAL, layers: [] }])("is read back as it was written", (experiment) => {
        const changes = [{ t: 0, name: "W1", index: 3, value: -0.1 }, { t: 40, name: "learning_rate", index: 0, value: 1e-7 }];
        const table = { name: "a:b;c,=&.csv", digest: "0123456789abcdef", target: "x, y", roles: { "k;1": "ignore" }, task: "auto", read: { encoding: "cp1252", missing: "NA,?" } };
        for (const place of [
            { screen: "network", language: "de", epoch: 35, step: 3, chapter: "why", experiment, table: null, changes },
            { screen: "slope", language: "en", epoch: 0, step: 0, chapter: "", experiment, table, changes: [] },
        ]) expect(fromFragment(toFragment(place))).toEqual({ ...place, said: true });
    });
    test("takes no change that is none, and no table without a digest", () => {
        const odd = fromFragment("#table=../../etc:x&changes=1,W1,0,1;-1,W1,0,1;2,<b>,0,1;3,W1,x,1;4,W1,0,;5,W1,0,NaN;0,b1,0,2");
        expect(odd.table).toBeNull();
        expect(odd.changes).toEqual([{ t: 0, name: "b1", index: 0, value: 2 }, { t: 1, name: "W1", index: 0, value: 1 }]);
    });
    test("falls back on the usual where it says nothing or nonsense", () => {
        expect(fromFragment("").experiment).toEqual(USUAL);
        const odd = fromFragment("#batch=-4&seed=x&layers=9999:tanh;&data=&epoch=1e99&edits=[]&dropout=7").experiment;
        expect(odd).toEqual({ ...USUAL, layers: [{ units: 4, activation: "tanh" }] });
    });
});

describe("a link to a chapter", () => {
    const chapters = [{ name: "why", ways: [{ fragment: "#screen=slope&data=founding_xor:4:0:0:0&layers=4:sigmoid&seed=1&epoch=7" }] }];
    test("alone means the chapter's first experiment", () => {
        const place = fromFragment(withChapter("#lang=de&path=why", chapters));
        expect(place).toMatchObject({ screen: "slope", language: "de", chapter: "why", epoch: 7, experiment: { data: { set: "founding_xor" } } });
        expect(fromFragment(withChapter("#path=why&screen=steps", chapters))).toMatchObject({ screen: "steps", epoch: 7 });
    });
    test("with an experiment of its own is left as it is", () => {
        for (const link of ["#path=why&data=moons:80:0:0:1", "#path=other", "#seed=3", "", "#path=why&edits={}"]) expect(withChapter(link, chapters)).toBe(link);
    });
});

describe("the network file", () => {
    test("has the layers, the loss and the optimizer", () => {
        const network = networkOf(OWN, 2) as { layers: Record<string, unknown>[]; penalty: unknown };
        expect(network.layers.map((layer) => layer.layer)).toEqual(["dense", "dropout", "dense", "dropout", "dense"]);
        expect(network.layers.at(-1)).toEqual({ layer: "dense", units: 2, activation: "sigmoid", bias: false, initial: "he" });
        expect(network.penalty).toEqual({ name: "elastic_net", l1: 0.01, l2: 0.001 });
    });
});
