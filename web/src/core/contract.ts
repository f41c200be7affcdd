// The one data contract: name -> shape and values. Python derives what is here, the worker fills it, figures draw it.

import type { Rule } from "./verdicts";

export type Arrays = Record<string, Float64Array>;
export type Size = number | "N";

/** An expression: a number, a named array, or an op on expressions. */
export type Tree =
    | number
    | { name: string; shape: Size[] }
    | {
          op: string;
          shape: Size[];
          symbol?: string;
          precedence?: number;
          options?: Record<string, number | boolean>;
          args: Tree[];
      };

export interface Statement {
    name: string;
    phase: "forward" | "loss" | "backward" | "update" | "observe";
    shape: Size[];
    number: number;
    update: boolean;
    note: string;
    more: string[];
    of: string;
    lines: string[];
    text: string;
    assigns: { name: string; tree: Tree }[];
}

export interface Variable {
    name: string;
    shape: number[];
    trainable: boolean;
}

export interface Layer {
    number: number;
    inputs: number;
    units: number;
    output: string;
    weights: string;
    before: string; // what the activation is applied to
    bias: string;
    z?: string;
    a?: string;
    error?: string;
    slope?: string;
    delta?: string;
}

export interface Program {
    title: string;
    steps: Statement[];
    prediction: string;
    loss: string;
    additive: "sum" | "mean" | ""; // how the data loss of all rows comes of those of some at a time
    inputs: Record<string, Size[]>;
    parameters: Variable[];
    state: Variable[];
    settings: Record<string, number>;
    masks: { name: string; units: number; keep: number }[];
    layers: Layer[];
    edited: string[];
    module: string;
    rules: Rule[];
    arguments: Record<"step" | "predict" | "evaluate" | "trace", string[]>;
    offsets: number[];
    verdict: { passed: boolean; relative: number | null } | null;
}

export type Kind = "classes" | "number" | "several";

/** Rows of a data set: as given, as the network takes them, and their targets; row by row. */
export interface Part {
    count: number;
    rows: Numbers;
    X: Numbers;
    y: Numbers;
}

/** From a server as they are in memory; a page without one has read them. */
export type Numbers = number[] | Float64Array;

export interface Data {
    kind: Kind;
    columns: string[];
    classes: string[];
    fixed: boolean;
    given: number;
    inputs: number;
    outputs: number;
    training: Part;
    test: Part;
    features?: Feature[];
    target?: { name: string; mean?: number; deviation?: number };
    remarks?: { kind: string; column: string; count: number }[];
    names?: string[];
    digest?: string;
}

/** A column of a table: its inputs are `count` from `begin` on; a number is (x - mean) / deviation. */
export interface Feature {
    name: string;
    role: string;
    begin: number;
    count: number;
    mean?: number;
    deviation?: number;
}

export interface History {
    epochs: Numbers;
    losses: Numbers;
    testEpochs: Numbers;
    testLosses: Numbers;
}

export interface Divergence {
    t: number;
    epoch: number;
    name: string; // the statement whose value went first
    value: number; // what it became: infinite, or NaN
}

/** What is known after so many steps. `values` holds every named step of the coming one. */
export interface Snapshot {
    t: number;
    epoch: number;
    batch: number;
    loss: number;
    trainLoss: number;
    testLoss: number | null;
    trainRight: number | null;
    testRight: number | null;
    parameters: Arrays;
    before: Arrays;
    values: Arrays | null;
    rows: Int32Array;
    outputs: Float64Array; // on its way: empty where they are those of the snapshot before
    grid: Arrays | null;
    history: History;
    diverged: Divergence | null;
    settings: Record<string, number>;
    slice: Slice | null;
}

/** One step in full: every value before the update, and what the update made. */
export interface Slice {
    values: Arrays;
    before: Arrays;
    after: Arrays;
    rows: Int32Array;
    next: Int32Array; // the rows of the step after this one
    original: { values: Arrays; after: Arrays } | null; // the same step of the program before it was edited
}

/** A moment of the run, seen on all training rows. */
export interface Glimpse {
    epoch: number;
    loss: number;
    right: number | null;
    outputs: Float64Array;
    values: Arrays;
    grid: Arrays | null;
}

/** The run from its first epoch until now: loss, share right, and observations, one after the other for each moment. */
export interface Story {
    epochs: number[];
    losses: number[];
    rights: (number | null)[];
    values: Arrays;
}

/** Activation, slope, and delta for one error, at every z asked for. */
export interface Curve {
    a: Float64Array;
    slope: Float64Array;
    error: Float64Array | null; // null: the loss takes the slope along
    delta: Float64Array;
}

/**
 * values   of the coming step: none; the gradients of its batch; every named value, of the rows that are shown
 * metrics  loss and share right of all rows as they are now; else, where they take long, as they were shortly before
 */
export interface Wants {
    values: "none" | "gradients" | "all";
    grid: boolean; // what the network makes of the window,
    units?: boolean; // with all of its units
    metrics?: boolean;
    slice?: boolean; // the coming step in full
}

export type Request =
    | { kind: "load"; program: Program; data: Data; seed: number }
    | { kind: "reset"; seed: number }
    | { kind: "advance"; steps: number; milliseconds: number; wants: Wants }
    | { kind: "look"; wants: Wants }
    | { kind: "grid"; rows: Float64Array; count: number }
    | { kind: "set"; name: string; index: number; value: number }
    | { kind: "settings"; settings: Record<string, number> }
    | { kind: "predict"; rows: Float64Array; count: number }
    | { kind: "check"; name: string; index: number }
    | { kind: "curve"; layer: number; z: Float64Array; error: number; target?: number }
    | { kind: "asked"; x: Float64Array; delta: number; rate: number }
    | { kind: "pulls"; layer: number; unit: number; source: string }
    | { kind: "landscape"; over: [Place, Place] | null }
    | { kind: "original"; program: Program | null }
    | { kind: "glimpse"; epoch: number }
    | { kind: "story"; names: string[] };

/** One number of the parameters. */
export interface Place {
    name: string;
    index: number;
}

/** The loss over two weights, all others held where they are, and the way that the run really went. */
export interface Landscape {
    over: [Place, Place];
    axes: [Float64Array, Float64Array];
    loss: Float64Array; // a row for each value of the second
    path: [Float64Array, Float64Array];
    pathLoss: Float64Array;
    epochs: number[];
    weights: number;
}

export interface Answer {
    id: number;
    error?: string;
    t?: number; // so many steps were made when it was answered
    snapshot?: Snapshot;
    outputs?: Float64Array;
    difference?: number;
    glimpse?: Glimpse;
    story?: Story;
    landscape?: Landscape | null;
    curve?: Curve | null;
}

/** How many elements a shape has, with so many rows for N. */
export function count(shape: readonly Size[], rows: number): number {
    return shape.reduce<number>((product, size) => product * (size === "N" ? rows : size), 1);
}
