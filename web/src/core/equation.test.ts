import { expect, test } from "vitest";
import type { Tree } from "./contract";
import { equation as made, leaves, plain } from "./equation";

const X: Tree = { name: "X", shape: ["N", 2] };
const W: Tree = { name: "W1", shape: [2, 2] };
const b: Tree = { name: "b1", shape: [2] };
const values = {
    X: Float64Array.of(1, 2, 3, 4),
    W1: Float64Array.of(0.5, -1, 0.25, 2),
    b1: Float64Array.of(0.1, 0.2),
    d: Float64Array.of(1, 2, 3, 4),
};
/** The equation in a line. */
function equation(...given: Parameters<typeof made>) {
    const { names, numbers, used } = made(...given);
    return { names: plain(names), numbers: plain(numbers), used };
}
const product: Tree = { op: "matmul", symbol: "@", precedence: 60, shape: ["N", 2], args: [X, W] };

test("a weighted sum, element by element", () => {
    const tree: Tree = { op: "add", symbol: "+", precedence: 50, shape: ["N", 2], args: [product, b] };
    const found = equation(tree, [1, 1], 2, values, {}, String);
    expect(found.names).toBe("X[1, 0]·W1[0, 1] + X[1, 1]·W1[1, 1] + b1[1]");
    expect(found.numbers).toBe("3·(-1) + 4·2 + 0.2");
    expect([...found.used.get("W1")!]).toEqual([1, 3]);
});

test("the transpose and the sum over rows", () => {
    const T: Tree = { op: "transpose", shape: [2, "N"], args: [X] };
    const d: Tree = { name: "d", shape: ["N", 2] };
    const dW: Tree = { op: "matmul", symbol: "@", precedence: 60, shape: [2, 2], args: [T, d] };
    expect(equation(dW, [0, 1], 2, values, {}, String).names).toBe("X[0, 0]·d[0, 1] + X[1, 0]·d[1, 1]");
    const db: Tree = { op: "sum", shape: [2], options: { axis: 0 }, args: [d] };
    expect(equation(db, [1], 2, values, {}, String).numbers).toBe("2 + 4");
});

test("brackets only where they are needed, scalars by name", () => {
    const rate: Tree = { name: "learning_rate", shape: [] };
    const minus: Tree = { op: "subtract", symbol: "-", precedence: 50, shape: [2], args: [b, 1] };
    const tree: Tree = { op: "multiply", symbol: "*", precedence: 60, shape: [2], args: [rate, minus] };
    expect(equation(tree, [0], 2, values, { learning_rate: 0.5 }, String)).toMatchObject({
        names: "learning_rate·(b1[0] − 1)",
        numbers: "0.5·(0.1 − 1)",
    });
    expect(leaves(tree).map((leaf) => leaf.name)).toEqual(["learning_rate", "b1"]);
});

test("a fraction and a power are set as such, and written in a line with the brackets that they need", () => {
    const minus: Tree = { op: "subtract", symbol: "-", precedence: 50, shape: [2], args: [b, 1] };
    const square: Tree = { op: "power", symbol: "**", precedence: 80, shape: [2], args: [minus, 2] };
    const tree: Tree = { op: "divide", symbol: "/", precedence: 60, shape: [2], args: [minus, { op: "add", symbol: "+", precedence: 50, shape: [2], args: [square, b] }] };
    expect(equation(tree, [1], 2, values, {}, String).names).toBe("(b1[1] − 1) / ((b1[1] − 1)^2 + b1[1])");
    expect(made(tree, [1], 2, values, {}, String).names[0]).toMatchObject({ kind: "fraction" });
});
