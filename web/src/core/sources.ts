// What a layer's weights are multiplied with: the columns of the data, or what the layer before passes on.

import type { Data, Program, Tree } from "./contract";

/** The name of a layer's input: X, or the value of the layer before. */
export function sourceOf(program: Program, number: number): string {
    const product = (tree: Tree): string | null => {
        if (typeof tree === "number" || "name" in tree) return null;
        const [left] = tree.args;
        if (tree.op === "matmul" && typeof left === "object" && "name" in left) return left.name;
        return tree.args.map(product).find((found) => found !== null) ?? null;
    };
    const step = program.steps.find(({ name }) => name === `z${number}`) ?? program.steps.find(({ number: own, phase }) => own === number && phase === "forward");
    return (step && product(step.assigns[0].tree)) ?? "X";
}

/** What the inputs of a layer are called. */
export function inputNames(data: Data, program: Program, number: number, formulas: string[]): string[] {
    const source = sourceOf(program, number);
    const layer = program.layers[number - 1];
    if (source === "X") return [...data.columns.slice(0, data.given), ...formulas].slice(0, layer.inputs);
    return Array.from({ length: layer.inputs }, (_, i) => `${source}[${i + 1}]`);
}
