// One number of a step, with its equation: the same formula once in names and once in the numbers that stand for them.

import { count, type Arrays, type Size, type Tree } from "./contract";

/** A piece of a formula, as MathML sets it; `plain` writes the same in a line. */
export type Piece =
    | { kind: "name"; text: string }
    | { kind: "number"; text: string }
    | { kind: "operator"; text: string }
    | { kind: "place"; name: string; index: number[] }
    | { kind: "fraction"; top: Piece[]; bottom: Piece[]; wrapped: [boolean, boolean] }
    | { kind: "power"; base: Piece[]; exponent: Piece[]; wrapped: boolean };

export interface Equation {
    names: Piece[];
    numbers: Piece[];
    used: Map<string, Set<number>>;
}

const MOST_TERMS = 6;
const ATOM = 100;
const POSTFIX: Record<string, string> = { sum: "sum", mean: "mean", max: "max", variance: "var" };

interface Parts {
    names: Piece[];
    numbers: Piece[];
    level: number; // precedence of what stands outermost
}

const operator = (text: string): Piece => ({ kind: "operator", text });
const name = (text: string): Piece => ({ kind: "name", text });
const number = (text: string): Piece => ({ kind: "number", text });
const fenced = (pieces: Piece[]): Piece[] => [operator("("), ...pieces, operator(")")];

/** What makes both the formula in names and the one in numbers. */
function twice(level: number, make: (part: "names" | "numbers") => Piece[]): Parts {
    return { names: make("names"), numbers: make("numbers"), level };
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
    function leaf(text: string, shape: Size[], index: number[]): Parts {
        if (text === "N") return { names: [name("N")], numbers: [number(String(rows))], level: ATOM };
        const own = within(shape, index);
        const array = values[text];
        const value = array ? array[flat(shape, own)] : scalars[text];
        if (array && count(shape, rows) > 0) {
            if (!used.has(text)) used.set(text, new Set());
            used.get(text)!.add(flat(shape, own));
        }
        const place: Piece = own.length ? { kind: "place", name: text, index: own } : name(text);
        const found = [number(value === undefined ? "?" : shown(value))];
        return { names: [place], numbers: value !== undefined && value < 0 ? fenced(found) : found, level: ATOM };
    }
    function wrapped(part: Parts, level: number): Parts {
        return part.level >= level ? part : twice(ATOM, (which) => fenced(part[which]));
    }
    function joined(terms: Parts[], symbol: string, level: number): Parts {
        const kept = terms.length > MOST_TERMS ? [...terms.slice(0, MOST_TERMS - 2), null, terms[terms.length - 1]] : terms;
        return twice(level, (part) =>
            kept.flatMap((term, i) => [...(i ? [operator(` ${symbol} `)] : []), ...(term ? wrapped(term, level)[part] : [operator("…")])]),
        );
    }
    function walk(node: Tree, index: number[]): Parts {
        if (typeof node === "number") {
            const found = [number(String(node))];
            return twice(ATOM, () => (node < 0 ? fenced(found) : found));
        }
        if ("name" in node) return leaf(node.name, node.shape, index);
        const { op, args } = node;
        if (op === "matmul") {
            const [left, right] = args;
            const [i, j] = index.slice(-2);
            const inner = sizes((left as { shape: Size[] }).shape)[1];
            const terms = Array.from({ length: inner }, (_, k) => {
                const [a, b] = [wrapped(walk(left, [i, k]), 60), wrapped(walk(right, [k, j]), 60)];
                return twice(60, (part) => [...a[part], operator("·"), ...b[part]]);
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
            if (op === "mean") return divided(terms, twice(ATOM, () => [number(String(free.length))]), 60);
            return twice(ATOM, (part) => [name(POSTFIX[op]), ...fenced(terms[part])]);
        }
        if (op === "full_like") return walk(args[1], index);
        if (op === "negative") {
            const inner = wrapped(walk(args[0], index), 70);
            return twice(70, (part) => [operator("−"), ...inner[part]]);
        }
        if (node.symbol && args.length === 2) {
            const level = node.precedence ?? 0;
            const [left, right] = [walk(args[0], index), walk(args[1], index)];
            if (op === "divide") return divided(left, right, level);
            if (op === "power") {
                const base = wrapped(left, level);
                return twice(level, (part) => [{ kind: "power", base: base[part], exponent: right[part], wrapped: right.level <= level }]);
            }
            const symbol = op === "multiply" ? "·" : op === "subtract" ? " − " : ` ${node.symbol} `;
            const [a, b] = [wrapped(left, level), wrapped(right, level + 1)];
            return twice(level, (part) => [...a[part], operator(symbol), ...b[part]]);
        }
        // Row-wise functions (softmax) show the element that they are asked for.
        const inner = args.map((arg) => walk(arg, index));
        return twice(ATOM, (part) => [name(op), ...fenced(inner.flatMap((found, i) => [...(i ? [operator(", ")] : []), ...found[part]]))]);
    }
    function divided(top: Parts, bottom: Parts, level: number): Parts {
        const fences: [boolean, boolean] = [top.level < level, bottom.level <= level];
        return twice(level, (part) => [{ kind: "fraction", top: top[part], bottom: bottom[part], wrapped: fences }]);
    }
    const found = walk(tree, at);
    return { names: found.names, numbers: found.numbers, used };
}

/** A formula in a line: for whoever reads without MathML, and to be said. */
export function plain(pieces: Piece[]): string {
    const side = (inner: Piece[], wrapped: boolean) => (wrapped ? `(${plain(inner)})` : plain(inner));
    return pieces
        .map((piece) => {
            if (piece.kind === "place") return `${piece.name}[${piece.index.join(", ")}]`;
            if (piece.kind === "fraction") return `${side(piece.top, piece.wrapped[0])} / ${side(piece.bottom, piece.wrapped[1])}`;
            if (piece.kind === "power") return `${plain(piece.base)}^${side(piece.exponent, piece.wrapped)}`;
            return piece.text;
        })
        .join("");
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
