// One number of a step, with its equation: the same formula once in names and once in the numbers that stand for them.

import { count, type Arrays, type Size, type Tree } from "./contract";

export interface Equation {
    names: string;
    numbers: string;
    used: Map<string, Set<number>>;
}

const MOST_TERMS = 6;
const ATOM = 100;
const POSTFIX: Record<string, string> = { sum: "sum", mean: "mean", max: "max", variance: "var" };

interface Parts {
    names: string;
    numbers: string;
    level: number; // precedence of what stands outermost
}

/**
 * The equation of element (i, j) of an expression.
 *
 * rows     what N stands for
 * shown    how a number is written
 */
export function equation(tree: Tree, at: number[], rows: number, values: Arrays, scalars: Record<string, number>, shown: (x: number) => string): Equation {
    const used = new Map<string, Set<number>>();
    const sizes = (shape: Size[]) => shape.map((size) => (size === "N" ? rows : size));

    /** The index into an array of this shape that broadcasting gives. */
    function within(shape: Size[], index: number[]): number[] {
        const own = sizes(shape);
        const last = index.slice(index.length - own.length);
        return own.map((size, axis) => (size === 1 ? 0 : (last[axis] ?? 0)));
    }
    function flat(shape: Size[], index: number[]): number {
        return sizes(shape).reduce((sum, size, axis) => sum * size + index[axis], 0);
    }
    function leaf(name: string, shape: Size[], index: number[]): Parts {
        if (name === "N") return { names: "N", numbers: String(rows), level: ATOM };
        const own = within(shape, index);
        const array = values[name];
        const value = array ? array[flat(shape, own)] : scalars[name];
        if (array && count(shape, rows) > 0) {
            if (!used.has(name)) used.set(name, new Set());
            used.get(name)!.add(flat(shape, own));
        }
        const place = own.length ? `${name}[${own.join(", ")}]` : name;
        const number = value === undefined ? "?" : shown(value);
        return { names: place, numbers: value !== undefined && value < 0 ? `(${number})` : number, level: ATOM };
    }
    function wrapped(part: Parts, level: number): Parts {
        return part.level >= level ? part : { names: `(${part.names})`, numbers: `(${part.numbers})`, level: ATOM };
    }
    function joined(terms: Parts[], symbol: string, level: number): Parts {
        const kept = terms.length > MOST_TERMS ? [...terms.slice(0, MOST_TERMS - 2), null, terms[terms.length - 1]] : terms;
        const text = (part: "names" | "numbers") => kept.map((term) => (term ? wrapped(term, level)[part] : "…")).join(` ${symbol} `);
        return { names: text("names"), numbers: text("numbers"), level };
    }
    function walk(node: Tree, index: number[]): Parts {
        if (typeof node === "number") {
            const text = String(node);
            return { names: text, numbers: node < 0 ? `(${text})` : text, level: ATOM };
        }
        if ("name" in node) return leaf(node.name, node.shape, index);
        const { op, args } = node;
        if (op === "matmul") {
            const [left, right] = args;
            const [i, j] = index.slice(-2);
            const inner = sizes((left as { shape: Size[] }).shape)[1];
            const terms = Array.from({ length: inner }, (_, k) => {
                const [a, b] = [wrapped(walk(left, [i, k]), 60), wrapped(walk(right, [k, j]), 60)];
                return { names: `${a.names}·${b.names}`, numbers: `${a.numbers}·${b.numbers}`, level: 60 };
            });
            return joined(terms, "+", 50);
        }
        if (op === "transpose") return walk(args[0], [...index].reverse());
        if (op in POSTFIX) {
            const shape = sizes((args[0] as { shape: Size[] }).shape);
            const axis = node.options?.axis as number | undefined;
            const own = within(node.shape, index);
            const free: number[][] = [];
            const [R, C] = [shape[0] ?? 1, shape[1] ?? 1];
            const other = own[own.length - 1] ?? 0;
            if (axis === 0) for (let n = 0; n < R; n++) free.push([n, other]);
            else if (axis === 1) for (let n = 0; n < C; n++) free.push([own[0] ?? 0, n]);
            else for (let n = 0; n < R; n++) for (let m = 0; m < C; m++) free.push(shape.length === 1 ? [n] : [n, m]);
            const terms = joined(free.map((place) => walk(args[0], place)), op === "sum" || op === "mean" ? "+" : ",", 50);
            if (op === "sum") return terms;
            if (op === "mean") return { names: `(${terms.names}) / ${free.length}`, numbers: `(${terms.numbers}) / ${free.length}`, level: 60 };
            return { names: `${POSTFIX[op]}(${terms.names})`, numbers: `${POSTFIX[op]}(${terms.numbers})`, level: ATOM };
        }
        if (op === "full_like") return walk(args[1], index);
        if (op === "negative") {
            const inner = wrapped(walk(args[0], index), 70);
            return { names: `−${inner.names}`, numbers: `−${inner.numbers}`, level: 70 };
        }
        if (node.symbol && args.length === 2) {
            const level = node.precedence ?? 0;
            const symbol = op === "multiply" ? "·" : op === "subtract" ? "−" : op === "power" ? "^" : node.symbol;
            const [left, right] = [wrapped(walk(args[0], index), level), wrapped(walk(args[1], index), level + 1)];
            const gap = op === "multiply" || op === "power" ? "" : " ";
            const text = (part: "names" | "numbers") => `${left[part]}${gap}${symbol}${gap}${right[part]}`;
            return { names: text("names"), numbers: text("numbers"), level };
        }
        // Row-wise functions (softmax) show the element that they are asked for.
        const inner = args.map((arg) => walk(arg, index));
        const text = (part: "names" | "numbers") => `${op}(${inner.map((found) => found[part]).join(", ")})`;
        return { names: text("names"), numbers: text("numbers"), level: ATOM };
    }
    const found = walk(tree, at);
    return { names: found.names, numbers: found.numbers, used };
}

/** The names in an expression, each once, in order. */
export function leaves(tree: Tree): { name: string; shape: Size[] }[] {
    const found = new Map<string, Size[]>();
    const walk = (node: Tree): void => {
        if (typeof node === "number") return;
        if ("name" in node) found.set(node.name, node.shape);
        else node.args.forEach(walk);
    };
    walk(tree);
    return [...found].map(([name, shape]) => ({ name, shape }));
}
