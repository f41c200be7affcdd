// Side by side: a second run that takes every step that the run in hand takes, on the same rows in the same order.

import type { Glimpse, Snapshot } from "./contract";
import { networkOf, type Experiment } from "./experiment";
import { lab } from "./lab.svelte";
import { Run } from "./run.svelte";
import { alongside } from "./second";

/** A setting in which the two sides differ. */
export interface Difference {
    what: string;
    number: number; // of the layer, where it is one's
    values: [string | number | boolean, string | number | boolean];
}

class Pair {
    readonly first = lab.run;
    readonly second = new Run();
    private loaded = "";
    private data: unknown = null;
    private owed = false; // while it plays, losses of many rows are not taken for every frame
    private following: Promise<void> = Promise.resolve();

    constructor() {
        this.second.wants = { values: "none", grid: true };
    }

    /** Derives the second side where it has changed, and lets it catch up. */
    async load(given: Experiment): Promise<void> {
        const experiment = alongside($state.snapshot(lab.experiment) as Experiment, given);
        const data = this.first.data;
        const { seed, ...rest } = experiment;
        const wanted = JSON.stringify(rest);
        if (!data) return;
        if (wanted === this.loaded && data === this.data) return this.follow();
        this.loaded = wanted;
        this.data = data;
        if (!(await this.second.load({ ...experiment, seed }, data))) {
            if (wanted === this.loaded) this.loaded = ""; // else another is on its way
            return;
        }
        if (lab.view) await this.second.setView(lab.view);
        await this.second.look();
        await this.follow();
    }

    /** Takes the steps that the first side is ahead, one call after the other. */
    follow(): Promise<void> {
        this.following = this.following.then(() => this.catchUp()).catch(() => undefined);
        return this.following;
    }

    private async catchUp(): Promise<void> {
        const to = this.first.snapshot?.t ?? 0;
        if (!this.second.program || !this.second.snapshot || this.second.busy) return;
        if (to < this.second.snapshot.t || to === 0) await this.second.reset(lab.experiment.seed);
        const left = to - this.second.snapshot.t;
        const now = !this.first.playing;
        if (left > 0 && !this.second.snapshot.diverged) {
            this.owed = !now;
            await this.second.steps(left, now);
        } else if (now && this.owed) {
            this.owed = false;
            await this.second.look();
        }
    }
}

let made: Pair | null = null;
export const pair = (): Pair => (made ??= new Pair());

/** What a side looks like: now, or as it stood at the beginning of an epoch. */
export function seen(snapshot: Snapshot | null, past: Glimpse | null) {
    if (past) return past;
    if (!snapshot) return null;
    const { epoch, trainLoss: loss, trainRight: right, outputs, grid } = snapshot;
    return { epoch, loss, right, outputs, grid };
}

/** Where two experiments differ, in the order of the controls. */
export function differences(a: Experiment, b: Experiment): Difference[] {
    const found: Difference[] = [];
    const note = <T extends string | number | boolean>(what: string, one: T, two: T, number = 0) => {
        if (one !== two) found.push({ what, number, values: [one, two] });
    };
    const widths = (e: Experiment) => e.layers.map(({ units }) => units).join(", ");
    note("layers", widths(a), widths(b));
    const common = Math.min(a.layers.length, b.layers.length);
    const activations = (e: Experiment) => new Set(e.layers.map(({ activation }) => activation));
    if (activations(a).size === 1 && activations(b).size === 1) note("activation", a.layers[0].activation, b.layers[0].activation);
    else for (let i = 0; i < common; i++) note("activation_of", a.layers[i].activation, b.layers[i].activation, i + 1);
    note("output", a.output, b.output);
    note("loss", a.loss, b.loss);
    note("optimizer", a.optimizer.name, b.optimizer.name);
    note("rate", a.optimizer.rate, b.optimizer.rate);
    note("initial", a.initial, b.initial);
    note("bias", a.bias, b.bias);
    note("batch_norm", a.batchNorm, b.batchNorm);
    note("dropout", a.dropout, b.dropout);
    note("l2", a.l2, b.l2);
    note("l1", a.l1, b.l1);
    const formulas = (e: Experiment) => Object.entries(e.edits).map(([name, text]) => `${name} = ${text}`).join("; ");
    note("edits", formulas(a), formulas(b));
    return found;
}

/** Whether two experiments are the same network, learnt in the same way. */
export const same = (a: Experiment, b: Experiment) => JSON.stringify(networkOf(a, 1)) === JSON.stringify(networkOf(b, 1)) && JSON.stringify(a.edits) === JSON.stringify(b.edits);
