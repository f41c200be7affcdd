// The run in hand: one worker, one experiment, shared by all screens. Figures read its snapshot.

import * as api from "./api";
import type { Answer, Arrays, Curve, Data, Glimpse, Landscape, Place, Program, Request, Slice, Snapshot, Story, Wants } from "./contract";
import { networkOf, type Change, type Experiment } from "./experiment";
import { Turns } from "./turns.svelte";
import { gridRows, type View } from "./view";

const FRAME = 11; // milliseconds of a frame for steps and for what is shown of them
const SHOWING = 4; // milliseconds from the beginning of a frame until it is on the screen, about
const QUICK = 10; // steps and their drawing that take less can wait for it
const SLICE = 120; // milliseconds at a time of many steps in a row

/** The coming step in full, where it is asked for. */
export interface Stepped {
    snapshot: Snapshot; // as it begins
    slice: Slice;
    earlier: Slice | null; // the step before, where that was shown and had as many rows
}

export class Run {
    program = $state.raw<Program | null>(null);
    data = $state.raw<Data | null>(null);
    snapshot = $state.raw<Snapshot | null>(null);
    drawn = $state.raw<Snapshot | null>(null); // the same, with what every unit makes of the window: while it plays in every second frame
    stepped = $state.raw<Stepped | null>(null); // while it plays or returns, the one that was shown stays
    readonly turns = new Turns(() => this.snapshot); // and a few times a second: for what is there to be read
    playing = $state(false);
    going = $state(false); // many steps in a row
    busy = $state(false);
    error = $state<string | null>(null);
    where = $state<"data" | "program">("program"); // what the error is about
    speed = $state(1); // epochs a frame
    stopAt = $state<number | null>(null);
    changes = $state.raw<Change[]>([]); // numbers changed by hand since the start, in order
    startRate = $state(0);
    wants: Wants = { values: "gradients", grid: true };
    coming: Promise<unknown> = Promise.resolve(); // the derivation on its way: steps are taken with what it brings
    companion: (() => Promise<void>) | null = null; // is told of every step, and waited for

    private worker = api.thread();
    private waiting = new Map<number, (answer: Answer) => void>();
    private next = 1;
    private version = 0;
    private game = 0; // counts the times of playing
    private frames = 0; // that were asked for
    private ground: Float64Array | undefined; // the inputs at every cell of the window
    private turn = 0; // counts the times that a row of steps was begun or ended
    private returning = false; // on the way from the seed to an earlier step

    constructor() {
        this.worker.onmessage = (event: MessageEvent<Answer>) => {
            this.waiting.get(event.data.id)?.(event.data);
            this.waiting.delete(event.data.id);
        };
    }

    ask(request: Request): Promise<Answer> {
        const id = this.next++;
        this.worker.postMessage({ id, ...request });
        return new Promise((resolve, reject) => {
            this.waiting.set(id, (answer) => (answer.error ? reject(new Error(answer.error)) : resolve(answer)));
        });
    }

    /** Derives and loads an experiment; the newest one wins. `given` is a table of one's own in the place of a set. */
    async load(experiment: Experiment, given: Data | null): Promise<boolean> {
        const version = ++this.version;
        this.busy = true;
        try {
            this.where = "data";
            const { set, points, noise, test, seed } = experiment.data;
            const data = given ?? (await api.data({ set, points, noise, test, seed, inputs: experiment.inputs }));
            if (version !== this.version) return false;
            const rows = data.training.count;
            if (version === this.version) this.where = "program";
            const program = await api.program({
                columns: data.columns,
                inputs: experiment.inputs,
                network: networkOf(experiment, data.outputs),
                rows,
                batch: experiment.batch === null || experiment.batch >= rows ? null : experiment.batch,
                edits: experiment.edits,
                ...(Object.keys(experiment.edits).length ? sampled(data) : {}),
            });
            if (version !== this.version) return false;
            return await this.begin(program, data, experiment.seed, version);
        } catch (error) {
            if (version === this.version) {
                this.playing = false;
                this.error = error instanceof Error ? error.message : String(error);
                this.busy = false;
                if (this.program) void this.look();
            }
            return false;
        } finally {
            if (version === this.version) this.busy = false;
        }
    }

    /** Loads a program and its rows. */
    async begin(program: Program, data: Data, seed: number, version = ++this.version): Promise<boolean> {
        await this.ask({ kind: "load", program, data, seed });
        const { snapshot } = await this.ask({ kind: "look", wants: { ...this.wants, grid: false } });
        if (version !== this.version) return false;
        // Program, data and numbers change together: a figure never sees those of one with the names of another.
        this.data = data;
        this.program = program;
        this.changes = [];
        this.startRate = program.settings.learning_rate ?? 0;
        this.error = null;
        this.take(snapshot, true);
        return true;
    }

    async setView(view: View): Promise<void> {
        const { rows, count } = gridRows(view);
        this.ground = (await this.ask({ kind: "grid", rows, count })).outputs;
    }

    async look(): Promise<void> {
        this.take((await this.ask({ kind: "look", wants: this.wants })).snapshot);
    }

    async reset(seed: number): Promise<void> {
        await this.settled(); // else the derivation on its way would come with the seed of before
        this.pause();
        this.changes = [];
        this.startRate = this.rate;
        await this.ask({ kind: "reset", seed });
        await this.look();
        await this.companion?.();
    }

    /** The learning rate in force. */
    get rate(): number {
        return this.snapshot?.settings.learning_rate ?? this.program?.settings.learning_rate ?? this.startRate;
    }

    /** Waits until no derivation is on its way. */
    async settled(): Promise<void> {
        let seen: Promise<unknown>;
        do await (seen = this.coming);
        while (seen !== this.coming);
    }

    /** So many steps; where they take long, shown on the way, and `pause` ends them. Without `metrics` losses may come later. */
    async steps(count: number, metrics = true): Promise<void> {
        await this.settled();
        const turn = ++this.turn;
        const end = (this.snapshot?.t ?? 0) + count;
        let left = count;
        do {
            const answer = await this.ask({ kind: "advance", steps: left, milliseconds: SLICE, wants: { ...this.wants, metrics } });
            this.take(answer.snapshot);
            await this.companion?.();
            left = end - (answer.snapshot?.t ?? end);
            this.going = left > 0 && !answer.snapshot?.diverged && turn === this.turn;
        } while (this.going);
    }

    /** To where so many steps lead, numbers that were changed by hand changed again on the way. */
    async replay(changes: Change[], steps: number): Promise<void> {
        for (const change of changes.filter(({ t }) => t <= steps)) {
            const turn = this.turn;
            if (change.t > (this.snapshot?.t ?? 0)) await this.steps(change.t - (this.snapshot?.t ?? 0));
            if (this.snapshot?.t !== change.t || this.turn > turn + 1) return;
            if (change.name === "learning_rate") await this.settings({ learning_rate: change.value });
            else await this.set(change.name, change.index, change.value);
        }
        if (steps > (this.snapshot?.t ?? 0)) await this.steps(steps - (this.snapshot?.t ?? 0));
    }

    /** Back to an earlier step: from the seed again, what was changed by hand on the way changed again; `arrived` is told with what is shown then. */
    async rewind(seed: number, steps: number, arrived: () => void = () => undefined): Promise<void> {
        const changes = this.changes.filter(({ t }) => t <= steps);
        const rate = this.startRate;
        const rated = this.rate !== rate;
        this.returning = true;
        try {
            await this.reset(seed);
            if (rated) await this.settings({ learning_rate: rate });
            await this.replay(changes, steps);
        } finally {
            this.returning = false;
        }
        this.show(this.snapshot!, false);
        arrived();
    }

    get perEpoch(): number {
        return Math.max(1, (this.program?.offsets.length ?? 2) - 1);
    }

    /** Up to the end of the epoch that is `epochs` from here. */
    async epochs(epochs: number): Promise<void> {
        await this.settled();
        const into = this.snapshot?.batch ?? 0;
        await this.steps(epochs * this.perEpoch - into);
    }

    play(): void {
        if (this.playing || !this.program) return;
        this.playing = true;
        const game = ++this.game;
        this.turn++;
        // The steps of the next frame are asked for when this one is on the screen, and drawn when they come: the frame
        // itself has little left to do, and while the browser shows it the worker does not take a processor from it.
        const turn = async () => {
            const began = performance.now();
            try {
                const snapshot = (await this.further(this.snapshot))?.snapshot;
                this.take(snapshot);
                await this.companion?.();
                const end = this.stopAt !== null && (snapshot?.epoch ?? 0) >= this.stopAt;
                if (!this.playing || game !== this.game || !snapshot || snapshot.diverged || end) {
                    if (game !== this.game) return; // played again since
                    this.pause();
                    await this.look(); // losses of many rows were not taken for every frame
                    await this.companion?.();
                } else if (this.speed < 1) setTimeout(() => requestAnimationFrame(turn), 250);
                else {
                    const quick = performance.now() - began < QUICK;
                    requestAnimationFrame(quick ? () => setTimeout(turn, SHOWING) : turn);
                }
            } catch (error) {
                this.error = String(error);
                this.pause();
            }
        };
        requestAnimationFrame(turn);
    }

    /** Asks for the steps of the next frame; null where the run is to stop here. */
    private further(snapshot: Snapshot | null): Promise<Answer> | null {
        const left = this.stopAt === null ? Infinity : this.stopAt - (snapshot?.epoch ?? 0);
        if (left <= 0) return null;
        const steps = this.speed < 1 ? 1 : Math.min(this.speed, left) * this.perEpoch - (snapshot?.batch ?? 0); // up to the end of an epoch
        return this.ask({ kind: "advance", steps, milliseconds: FRAME, wants: { ...this.wants, metrics: false, slice: false, units: ++this.frames % 2 === 0 } });
    }

    pause(): void {
        this.playing = this.going = false;
        this.turn++;
        this.turns.all(this.snapshot);
    }

    /** A weight changed by hand; a name or place that this network does not have changes nothing. */
    async set(name: string, index: number, value: number): Promise<void> {
        await this.settled();
        if (index >= (this.snapshot?.parameters[name]?.length ?? 0)) return;
        const { t = 0 } = await this.ask({ kind: "set", name, index, value });
        this.changed({ t, name, index, value });
        await this.look();
    }

    async settings(settings: Record<string, number>): Promise<void> {
        await this.settled();
        const { t = 0 } = await this.ask({ kind: "settings", settings });
        const value = settings.learning_rate;
        if (t === 0) this.startRate = value;
        else this.changed({ t, name: "learning_rate", index: 0, value });
        await this.look();
    }

    private changed(change: Change): void {
        const same = (other: Change) => other.t === change.t && other.name === change.name && other.index === change.index;
        this.changes = [...this.changes.filter((other) => other.t <= change.t && !same(other)), change];
    }

    async check(name: string, index: number): Promise<number> {
        return (await this.ask({ kind: "check", name, index })).difference ?? NaN;
    }

    async predict(rows: Float64Array, count: number): Promise<Float64Array> {
        return (await this.ask({ kind: "predict", rows, count })).outputs ?? new Float64Array();
    }

    async curve(layer: number, z: Float64Array, error = 0, target?: number): Promise<Curve | null> {
        return (await this.ask({ kind: "curve", layer, z, error, target })).curve ?? null;
    }

    /** What one sample asks of weights, at the learning rate in force. */
    async asked(x: Float64Array, delta: number): Promise<Float64Array> {
        return (await this.ask({ kind: "asked", x, delta, rate: this.rate })).outputs ?? new Float64Array();
    }

    async pulls(layer: number, unit: number, source: string): Promise<Float64Array> {
        return (await this.ask({ kind: "pulls", layer, unit, source })).outputs ?? new Float64Array();
    }

    /** Lets every slice show the step of the program before it was edited beside that of the edited one. */
    async beside(experiment: Experiment): Promise<void> {
        const { data, program } = this;
        if (!data || !program) return;
        const rows = data.training.count;
        const batch = experiment.batch === null || experiment.batch >= rows ? null : experiment.batch;
        const original = program.edited.length
            ? await api.program({ columns: data.columns, inputs: experiment.inputs, network: networkOf(experiment, data.outputs), rows, batch, edits: {} })
            : null;
        if (program === this.program) await this.ask({ kind: "original", program: original });
    }

    /** A slice of the loss over two weights, with the way of the run on it; null before it has moved. */
    async landscape(over: [Place, Place] | null): Promise<Landscape | null> {
        return (await this.ask({ kind: "landscape", over })).landscape ?? null;
    }

    /** The run as it stood at the beginning of an epoch. */
    async glimpse(epoch: number): Promise<Glimpse | null> {
        return (await this.ask({ kind: "glimpse", epoch })).glimpse ?? null;
    }

    /** The run from the first epoch until now. */
    async story(names: string[]): Promise<Story | null> {
        return (await this.ask({ kind: "story", names })).story ?? null;
    }

    /** Takes a snapshot in, and shows it. */
    private take(snapshot: Snapshot | undefined, loaded = false): void {
        if (!snapshot || (this.busy && !loaded)) return; // of a program that is on its way out, or in
        if (snapshot.grid && this.ground) snapshot.grid.X = this.ground;
        if (!snapshot.outputs.length && this.snapshot) snapshot.outputs = this.snapshot.outputs;
        this.snapshot = snapshot;
        this.show(snapshot, loaded);
        const { grid } = snapshot;
        if (!grid || this.program?.layers.every(({ output }) => grid[output])) this.drawn = snapshot;
        if (loaded || !this.playing || this.speed < 1) this.turns.all(snapshot);
        else this.turns.one(snapshot);
    }

    /** Shows the coming step in full, where it is asked for. */
    private show(snapshot: Snapshot, loaded: boolean): void {
        if (!loaded && (this.returning || (this.wants.slice && !snapshot.slice))) return;
        const last = loaded ? null : this.stepped;
        const { slice, t } = snapshot;
        const earlier = last?.snapshot.t === t - 1 ? last.slice : last?.snapshot.t === t ? last.earlier : null;
        this.stepped = slice && { snapshot, slice, earlier: earlier?.rows.length === slice.rows.length ? earlier : null };
    }

    /** A gradient by its parameter's name, of the coming batch. */
    gradient(name: string): Float64Array | undefined {
        const values: Arrays | null | undefined = this.snapshot?.values;
        return values?.[`d${name}`];
    }
}

/** What the rows of a step are called. */
export const samples = (rows: Int32Array): string[] => Array.from(rows, (row) => `#${row + 1}`);

/** A few rows with which an edited program is told from its declared gradient. */
function sampled(data: Data): { X: number[]; y: number[] } {
    const N = Math.max(1, Math.min(data.training.count, 40, Math.floor(5000 / Math.max(data.inputs, data.outputs))));
    return { X: Array.from(data.training.X.slice(0, N * data.inputs)), y: Array.from(data.training.y.slice(0, N * data.outputs)) };
}
