// The machine: holds the emitted module, the data and the weights, and calls the module's functions in order.
// Everything that is arithmetic of learning happens inside the module.

import type { Arrays, Curve, Data, Divergence, Glimpse, Landscape, Numbers, Part, Place, Program, Slice, Snapshot, Story, Wants } from "./contract";
import { landscape } from "./landscape";
import { shownRows } from "./sample";
import { Trail, type Moment } from "./trail";

export interface Module {
    parameters(): Arrays;
    state?(): Arrays;
    scratch?(rows: number): Arrays;
    trace_scratch?(rows: number): Arrays;
    step(...given: unknown[]): number;
    predict(...given: unknown[]): void;
    evaluate(...given: unknown[]): number;
    trace(...given: unknown[]): number;
    initial(seed: number, w: Arrays): void;
    shuffle(order: Int32Array): void;
    drop(keep: number, x: Float64Array, count: number): void;
    inputs(N: number, R: Float64Array, X: Float64Array): void;
    asked(rate: number, x: number, delta: number): number;
    curves: Record<number, OfOneUnit>;
    pull(x: number, delta: number): number;
}

/** Activation and slope of a layer for one z; of the output also its error, or where the loss takes its slope along its delta. */
interface OfOneUnit {
    a(z: number): number;
    slope(z: number): number;
    delta(error: number, z: number): number;
    error?(a: number, y: number, N: number): number;
    fused?(a: number, y: number, N: number): number;
}

/** An emitted module, and the program that it was emitted from. */
export interface Emitted {
    module: Module;
    program: Program;
}

interface Evaluated {
    loss: number;
    right: number | null;
    outputs: Float64Array;
}

interface Measured {
    train: Evaluated;
    test: Evaluated | null;
    at: number;
    took: number; // milliseconds
}

interface Rows {
    N: number;
    X: Float64Array;
    y: Float64Array;
    scratch: Arrays;
    masks: Arrays;
}

const MOST_HISTORY = 1200;
const QUICK = 3; // milliseconds: losses of all rows that take longer are not taken anew for every frame,
const SOME = 512; // but of so many rows at a time,
const SHARE = 2; // for so long in each;
const SELDOM = 8; // or where that cannot be, after so many times what they take
const CHEAP = 1e5; // rows x parameters: so many test rows are looked at after every epoch, more with every snapshot
const DIFFERENCE = 1e-5;

export class Machine {
    w: Arrays = {};
    before: Arrays = {};
    m: Arrays = {};
    h: Record<string, number>;
    t = 0;
    epoch = 0;
    batch = 0;
    loss = NaN;
    diverged: Divergence | null = null;
    history = noHistory();
    private trail = new Trail(1);
    private showing = 0; // milliseconds that a snapshot takes
    private stride = 1;
    private total = 0;
    private order: Int32Array;
    private ahead: Int32Array; // the order of the next epoch, from the last step of this one on
    private coming: Rows;
    private all: Rows;
    private shown: Rows; // those that figures draw: all, or of many some
    private shownAt: Int32Array;
    private measured: Measured | null = null;
    private measuring: Generator<undefined, Measured, undefined> | null = null;
    private told: Evaluated | null = null; // whose outputs the page has
    private some: Rows | null = null; // room for the rows that are measured at a time
    private test: Rows | null;
    private traced = new Map<number, Arrays>();
    private gridRows: { N: number; X: Float64Array; scratch: Arrays; output: Float64Array } | null = null;

    constructor(
        readonly module: Module,
        readonly program: Program,
        readonly data: Data,
        seed: number,
    ) {
        this.h = { ...program.settings };
        this.order = this.ahead = new Int32Array(data.training.count);
        this.all = this.rowsOf(data.training);
        this.shownAt = shownRows(data.training.count);
        this.shown = this.shownAt.length < data.training.count ? this.rowsOf(this.picked(data.training, this.shownAt)) : this.all;
        this.test = data.test.count ? this.rowsOf(data.test) : null;
        const sizes = program.offsets.slice(1).map((end, i) => end - program.offsets[i]);
        this.coming = this.empty(Math.max(...sizes));
        this.reset(seed);
    }

    // --- what is run ---

    reset(seed: number): void {
        this.w = this.module.parameters();
        this.m = this.module.state?.() ?? {};
        this.module.initial(seed, this.w);
        this.before = copied(this.w);
        this.t = this.epoch = this.batch = this.total = 0;
        this.stride = 1;
        this.loss = NaN;
        this.diverged = null;
        this.history = noHistory();
        this.measuring = null;
        this.ahead = this.shuffled(Int32Array.from(this.order, (_, n) => n));
        this.prepare();
        this.trail = new Trail(sizeOf(this.w) + sizeOf(this.m));
        this.trail.keep(this.now());
    }

    /** Changes a parameter by hand. */
    set(name: string, index: number, value: number): void {
        this.w[name][index] = value;
        this.diverged = null;
        if (this.batch === 0 && this.trail.wants(this.epoch)) this.trail.keep(this.now());
    }

    /** One training step on the batch that is prepared; false where it went wrong: then the weights stay as they were. */
    step(): boolean {
        if (this.diverged) return false;
        const kept = copied(this.m);
        copy(this.w, this.before);
        const loss = this.call("step", this.coming, this.t + 1);
        const bad = Number.isFinite(loss) ? this.notFinite(this.w) : this.program.loss;
        if (bad) {
            copy(this.before, this.w);
            copy(kept, this.m);
            const values = this.traceOf(this.coming);
            const first = this.program.steps.find((s) => values[s.name] && !values[s.name].every(Number.isFinite));
            const value = (first && values[first.name].find((x) => !Number.isFinite(x))) ?? NaN;
            this.diverged = { t: this.t + 1, epoch: this.epoch, name: first?.name ?? bad, value };
            return false;
        }
        this.loss = loss;
        this.t++;
        this.total += loss * this.coming.N;
        this.batch++;
        if (this.batch === this.program.offsets.length - 1) {
            this.remember(this.epoch, this.total / this.order.length);
            this.batch = 0;
            this.total = 0;
            this.epoch++;
            if (this.trail.wants(this.epoch)) this.trail.keep(this.now());
            if (this.test && this.epoch % this.stride === 0 && this.test.N * sizeOf(this.w) <= CHEAP) this.tested();
        }
        this.prepare();
        return true;
    }

    /** At most so many steps, for at most so long, what is then to be shown included: about as long as it took lately. */
    advance(steps: number, milliseconds: number): void {
        const end = performance.now() + Math.max(milliseconds / 4, milliseconds - this.showing);
        const seldom = this.coming.N > 100 ? 0 : 15; // small steps are shorter than a look at the clock
        for (let i = 0; i < steps; i++) {
            if (!this.step() || ((i & seldom) === seldom && performance.now() > end)) return;
        }
    }

    /** The program before it was edited: a slice takes the coming step of both. */
    original: Emitted | null = null;

    /** The coming step in full, made on a copy: what it reads, what it makes; that of the original beside it. */
    private slice(): Slice {
        const before = { ...copied(this.w), ...copied(this.m) };
        const { values, after } = this.tried(this);
        values.X = this.coming.X.slice(0, this.coming.N * this.data.inputs);
        values.y = this.coming.y.slice(0, this.coming.N * this.data.outputs);
        return { values, before, after, rows: this.batchRows(), next: this.nextRows(), original: this.original && this.tried(this.original) };
    }

    /** The coming step of this program or another of the same parameters; nothing is changed. */
    private tried(of: Emitted): { values: Arrays; after: Arrays } {
        const { N, X, y, masks } = this.coming;
        const [w, m] = [this.w, this.m];
        const given = { N, X, y, t: this.t + 1, ...masks };
        const values = of.module.trace_scratch?.(N) ?? {};
        this.given("trace", { ...given, s: values }, of);
        [this.w, this.m] = [copied(w), copied(m)];
        this.given("step", { ...given, s: of.module.scratch?.(N) ?? {} }, of);
        const after = { ...this.w, ...this.m };
        [this.w, this.m] = [w, m];
        return { values, after };
    }

    /** The slope of the loss along one parameter, by a central difference. */
    difference(name: string, index: number): number {
        const x = this.w[name];
        const kept = x[index];
        const h = DIFFERENCE * Math.max(1, Math.abs(kept));
        const at = (value: number) => {
            x[index] = value;
            return this.call("trace", this.coming, this.t + 1);
        };
        const found = (at(kept + h) - at(kept - h)) / (2 * h);
        x[index] = kept;
        return found;
    }

    /** input x delta of one unit: a row for every row that is shown, a column for every weight, and the bias behind them. */
    pulls(number: number, unit: number, source: string): Float64Array {
        const layer = this.program.layers[number - 1];
        const values = this.traceOf(this.shown);
        const [x, delta] = [source === "X" ? this.shown.X : values[source], values[`delta${number}`]];
        const [D, M, width] = [layer.inputs, layer.units, layer.inputs + (layer.bias ? 1 : 0)];
        if (!x || !delta) return new Float64Array();
        const found = new Float64Array(this.shown.N * width);
        for (let n = 0; n < this.shown.N; n++)
            for (let i = 0; i < width; i++) found[n * width + i] = this.module.pull(i < D ? x[n * D + i] : 1, delta[n * M + unit]);
        return found;
    }

    /** `target`: of the output, whose error changes with its z; of other units `error` is what comes from above. */
    curve(layer: number, z: Float64Array, error: number, target?: number): Curve | null {
        const found = this.module.curves[layer];
        if (!found) return null;
        const a = z.map(found.a);
        const of = target === undefined ? undefined : found.error;
        const errors = of ? a.map((value) => of(value, target!, this.shown.N)) : z.map(() => error);
        const { fused } = found;
        const whole = fused && target !== undefined ? a.map((value) => fused(value, target, this.shown.N)) : null;
        return { a, slope: z.map(found.slope), error: whole ? null : errors, delta: whole ?? z.map((at, i) => found.delta(errors[i], at)) };
    }

    /** What one sample asks of weights whose inputs these are. */
    asked(x: Float64Array, delta: number, rate: number): Float64Array {
        return x.map((value) => this.module.asked(rate, value, delta));
    }

    predict(rows: Float64Array, N: number): Float64Array {
        const X = new Float64Array(N * this.data.inputs);
        this.module.inputs(N, rows, X);
        const output = new Float64Array(N * this.data.outputs);
        this.given("predict", { s: this.module.scratch?.(N) ?? {}, N, X, [this.program.prediction]: output });
        return output;
    }

    /** The window that is looked at; the inputs of the network at each of its cells. */
    setGrid(rows: Float64Array, N: number): Float64Array {
        const X = new Float64Array(N * this.data.inputs);
        this.module.inputs(N, rows, X);
        const scratch = this.module.scratch?.(N) ?? {};
        this.gridRows = { N, X, scratch, output: new Float64Array(N * this.data.outputs) };
        return X.slice();
    }

    // --- what is shown ---

    snapshot(wants: Wants): Snapshot {
        const begun = performance.now();
        const { train, test } = this.metrics(wants.metrics ?? true);
        const known = wants.metrics === false && train === this.told;
        this.told = train;
        const found = this.seen(wants, train, test, known);
        this.showing = Math.max(performance.now() - begun, 0.8 * this.showing); // every second one shows more
        return found;
    }

    private seen(wants: Wants, train: Evaluated, test: Evaluated | null, known: boolean): Snapshot {
        return {
            t: this.t,
            epoch: this.epoch,
            batch: this.batch,
            loss: this.loss,
            trainLoss: train.loss,
            testLoss: test?.loss ?? null,
            trainRight: train.right,
            testRight: test?.right ?? null,
            parameters: copied(this.w),
            before: copied(this.before),
            values: this.valuesFor(wants),
            rows: wants.values === "all" ? this.shownAt.slice() : this.batchRows(),
            outputs: known ? new Float64Array() : train.outputs.slice(),
            grid: wants.grid ? this.gridValues(wants.units) : null,
            history: {
                epochs: Float64Array.from(this.history.epochs),
                losses: Float64Array.from(this.history.losses),
                testEpochs: Float64Array.from(this.history.testEpochs),
                testLosses: Float64Array.from(this.history.testLosses),
            },
            diverged: this.diverged,
            settings: { ...this.h },
            slice: wants.slice ? this.slice() : null,
        };
    }

    /** The test rows as they are now, remembered once an epoch. */
    private tested(): Evaluated | null {
        return this.test && this.noted(this.evaluated(this.test), this.epoch);
    }

    private noted(found: Evaluated, epoch: number): Evaluated {
        const { testEpochs, testLosses } = this.history;
        if ((testEpochs.at(-1) ?? -1) < epoch) {
            testEpochs.push(epoch);
            testLosses.push(found.loss);
            if (testEpochs.length > MOST_HISTORY) Object.assign(this.history, { testEpochs: halved(testEpochs), testLosses: halved(testLosses) });
        }
        return found;
    }

    /** Loss and share right of all rows: where that takes long, not `now` but as they were shortly before. */
    private metrics(now: boolean): Measured {
        const begun = performance.now();
        const known = this.measured;
        if (known && !now && known.took > QUICK) {
            if (!this.program.additive) {
                if (begun - known.at < SELDOM * known.took) return known;
            } else {
                this.measuring ??= this.gradually(known.took);
                let found = this.measuring.next();
                while (!found.done && performance.now() - begun < SHARE) found = this.measuring.next();
                if (!found.done) return known;
                this.measuring = null;
                return (this.measured = found.value);
            }
        }
        this.measuring = null;
        const train = this.evaluated(this.all);
        const test = this.tested();
        const at = performance.now();
        this.measured = { train, test, at, took: at - begun };
        return this.measured;
    }

    /** The same, some rows at a time, of all of them with the weights of this moment. */
    private *gradually(took: number): Generator<undefined, Measured, undefined> {
        const moment = this.now();
        const measured: Evaluated[] = [];
        this.some ??= this.empty(SOME);
        const s = this.some.scratch;
        for (const { N: all, X, y } of this.test ? [this.all, this.test] : [this.all]) {
            const { inputs, outputs: K } = this.data;
            const outputs = new Float64Array(all * K);
            let loss = 0;
            for (let begin = 0; begin < all; begin += SOME) {
                const end = Math.min(all, begin + SOME);
                const of = (values: Float64Array, width: number) => values.subarray(begin * width, end * width);
                const given = { s, N: end - begin, X: of(X, inputs), y: of(y, K), [this.program.prediction]: of(outputs, K) };
                const part = this.during(moment, () => this.given("evaluate", given));
                loss += this.program.additive === "sum" ? part : part * ((end - begin) / all);
                yield;
            }
            measured.push({ loss, right: this.data.kind === "number" ? null : right(outputs, y, all, K), outputs });
        }
        const [train, test] = measured;
        return { train, test: test ? this.noted(test, moment.epoch) : null, at: performance.now(), took };
    }

    private valuesFor({ values }: Wants): Arrays | null {
        if (values === "none") return null;
        if (values === "all") return copied(this.traceOf(this.shown));
        const traced = this.traceOf(this.coming);
        const names = this.program.parameters.map(({ name }) => `d${name}`).filter((name) => traced[name]);
        return Object.fromEntries(names.map((name) => [name, traced[name].slice()]));
    }

    // --- the way here ---

    private now(): Moment {
        return { t: this.t, epoch: this.epoch, w: copied(this.w), m: copied(this.m), seen: null };
    }

    /** What `look` finds when the run stands at a moment of its past. */
    private during<T>({ t, w, m }: Moment, look: () => T): T {
        const kept = { t: this.t, w: this.w, m: this.m };
        Object.assign(this, { t, w, m });
        try {
            return look();
        } finally {
            Object.assign(this, kept);
        }
    }

    /** All there is to see at the beginning of an epoch, or of the last one before it that is kept. */
    glimpse(epoch: number): Glimpse {
        const moment = epoch >= this.epoch ? this.now() : this.trail.at(epoch);
        return this.during(moment, () => ({
            epoch: moment.epoch,
            ...this.evaluated(this.all),
            values: copied(this.traceOf(this.shown)),
            grid: this.gridValues(),
        }));
    }

    /** Loss, share right and these observations at every moment that is kept, and now. */
    story(names: string[]): Story {
        const { moments } = this.trail;
        const shown = moments.at(-1)!.t === this.t ? moments : [...moments, this.now()];
        for (const moment of shown) {
            if (moment.seen && names.every((name) => moment.seen!.values[name])) continue;
            this.during(moment, () => {
                const { loss, right } = this.evaluated(this.shown);
                const traced = this.traceOf(this.shown);
                const found = names.filter((name) => traced[name]).map((name) => [name, traced[name].slice()] as const);
                moment.seen = { loss, right, values: Object.fromEntries(found) };
            });
        }
        const known = names.filter((name) => moments[0].seen!.values[name]);
        const part = (this.batch / (this.program.offsets.length - 1)) || 0;
        return {
            epochs: shown.map(({ epoch }, i) => (i === moments.length ? epoch + part : epoch)),
            losses: shown.map(({ seen }) => seen!.loss),
            rights: shown.map(({ seen }) => seen!.right),
            values: Object.fromEntries(known.map((name) => [name, joined(shown.map(({ seen }) => seen!.values[name]))])),
        };
    }

    /** A slice of the loss over two weights (null: those that moved most), with the way of the run on it. */
    landscape(over: [Place, Place] | null): Landscape | null {
        const { moments } = this.trail;
        const shown = moments.at(-1)!.t === this.t ? moments : [...moments, this.now()];
        const lossAt = (i: number, w = shown[i].w) => this.during({ ...shown[i], w }, () => this.evaluated(this.shown).loss);
        return landscape(shown, over, this.shown.N, lossAt);
    }

    /** What every layer makes of the window, or the output alone. */
    private gridValues(units = true): Arrays | null {
        const grid = this.gridRows;
        if (!grid) return null;
        const given = { s: grid.scratch, N: grid.N, X: grid.X, [this.program.prediction]: grid.output };
        this.given("predict", given);
        const found: Arrays = {};
        for (const layer of this.program.layers) {
            const last = layer.output === this.program.prediction;
            const values = last ? grid.output : grid.scratch[layer.output];
            if (values && (units || last)) found[layer.output] = values.slice();
        }
        return found;
    }

    private evaluated(rows: Rows): Evaluated {
        const outputs = new Float64Array(rows.N * this.data.outputs);
        const { N, X, y, scratch: s } = rows;
        const loss = this.given("evaluate", { s, N, X, y, [this.program.prediction]: outputs });
        return { loss, right: this.data.kind === "number" ? null : right(outputs, y, N, this.data.outputs), outputs };
    }

    private batchRows(): Int32Array {
        const begin = this.program.offsets[this.batch];
        return this.order.slice(begin, begin + this.coming.N);
    }

    /** The rows of the batch behind the one that is coming. */
    private nextRows(): Int32Array {
        const { offsets } = this.program;
        const begin = this.batch + 1;
        return begin < offsets.length - 1 ? this.order.slice(offsets[begin], offsets[begin + 1]) : this.ahead.slice(0, offsets[1]);
    }

    private traceOf(rows: Rows): Arrays {
        let s = this.traced.get(rows.N);
        if (!s) {
            if (this.traced.size > 4) this.traced.clear();
            s = this.module.trace_scratch?.(rows.N) ?? {};
            this.traced.set(rows.N, s);
        }
        const { N, X, y, masks } = rows;
        this.given("trace", { s, N, X, y, t: this.t + 1, ...masks });
        return s;
    }

    // --- inside ---

    private prepare(): void {
        const { offsets } = this.program;
        if (this.batch === 0) this.order = this.ahead;
        const begin = offsets[this.batch];
        const { X, y, masks } = this.coming;
        const N = (this.coming.N = offsets[this.batch + 1] - begin);
        const { inputs, outputs } = this.data;
        for (let n = 0; n < N; n++) {
            const row = this.order[begin + n];
            X.set(this.all.X.subarray(row * inputs, (row + 1) * inputs), n * inputs);
            y.set(this.all.y.subarray(row * outputs, (row + 1) * outputs), n * outputs);
        }
        for (const mask of this.program.masks) this.module.drop(mask.keep, masks[mask.name], N * mask.units);
        // The numbers that are drawn next are those of the next order: drawn a step before, it is the same.
        if (this.batch === offsets.length - 2) this.ahead = this.shuffled(this.order);
    }

    /** The order of the rows that follows this one; where all are one batch, there is one order. */
    private shuffled(order: Int32Array): Int32Array {
        if (this.program.offsets.length === 2) return order;
        const found = order.slice();
        this.module.shuffle(found);
        return found;
    }

    private call(name: "step" | "trace", rows: Rows, t: number): number {
        const { N, X, y, masks } = rows;
        const s = name === "step" ? rows.scratch : this.traced.get(N) ?? this.module.trace_scratch?.(N) ?? {};
        return this.given(name, { s, N, X, y, t, ...masks });
    }

    private given(name: "step" | "predict" | "evaluate" | "trace", values: Record<string, unknown>, of: Emitted = this): number {
        const known: Record<string, unknown> = { w: this.w, m: this.m, h: this.h, ...values };
        return of.module[name](...of.program.arguments[name].map((argument) => known[argument])) as number;
    }

    private rowsOf(part: Part): Rows {
        const rows = this.empty(part.count, part.X, part.y);
        for (const mask of Object.values(rows.masks)) mask.fill(1);
        return rows;
    }

    /** The rows at these places. */
    private picked({ X, y }: Part, places: Int32Array): Part {
        const { inputs, outputs } = this.data;
        const of = (values: Numbers, width: number) => {
            const found = new Float64Array(places.length * width);
            places.forEach((row, n) => { for (let i = 0; i < width; i++) found[n * width + i] = values[row * width + i]; });
            return found;
        };
        return { count: places.length, rows: [], X: of(X, inputs), y: of(y, outputs) };
    }

    private empty(N: number, X: Numbers | null = null, y: Numbers | null = null): Rows {
        const masks: Arrays = {};
        for (const mask of this.program.masks) masks[mask.name] = new Float64Array(N * mask.units);
        const { inputs, outputs } = this.data;
        const scratch = this.module.scratch?.(N) ?? {};
        const own = (values: Numbers | null, size: number) => (values instanceof Float64Array ? values : values ? Float64Array.from(values) : new Float64Array(size));
        return { N, X: own(X, N * inputs), y: own(y, N * outputs), scratch, masks };
    }

    private notFinite(arrays: Arrays): string {
        return Object.keys(arrays).find((name) => !arrays[name].every(Number.isFinite)) ?? "";
    }

    private remember(epoch: number, loss: number): void {
        if (epoch % this.stride) return;
        this.history.epochs.push(epoch);
        this.history.losses.push(loss);
        if (this.history.epochs.length > MOST_HISTORY) {
            this.history.epochs = halved(this.history.epochs);
            this.history.losses = halved(this.history.losses);
            this.stride *= 2;
        }
    }
}

const noHistory = () => ({ epochs: [] as number[], losses: [] as number[], testEpochs: [] as number[], testLosses: [] as number[] });

function halved(list: number[]): number[] {
    return list.filter((_, i) => i % 2 === 0);
}

function sizeOf(arrays: Arrays): number {
    return Object.values(arrays).reduce((sum, values) => sum + values.length, 0);
}

function joined(parts: Float64Array[]): Float64Array {
    const found = new Float64Array(parts.length * parts[0].length);
    parts.forEach((part, i) => found.set(part, i * part.length));
    return found;
}

function copied(arrays: Arrays): Arrays {
    return Object.fromEntries(Object.entries(arrays).map(([name, values]) => [name, values.slice()]));
}

function copy(from: Arrays, to: Arrays): void {
    for (const name in from) to[name].set(from[name]);
}

/** The share of rows whose class the outputs name. */
export function right(outputs: Float64Array, y: Float64Array, N: number, K: number): number {
    let found = 0;
    for (let n = 0; n < N; n++) {
        if (K === 1) found += outputs[n] > 0.5 === y[n] > 0.5 ? 1 : 0;
        else found += best(outputs, n * K, K) === best(y, n * K, K) ? 1 : 0;
    }
    return found / N;
}

function best(values: ArrayLike<number>, begin: number, K: number): number {
    let at = 0;
    for (let j = 1; j < K; j++) if (values[begin + j] > values[begin + at]) at = j;
    return at;
}
