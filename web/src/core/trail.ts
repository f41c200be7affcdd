// The way a run has come: its weights at the beginning of epochs, every second one forgotten when they grow many.
// Learning is deterministic, so that two runs of the same epochs keep the same ones.

import type { Arrays } from "./contract";

export interface Moment {
    t: number;
    epoch: number;
    w: Arrays;
    m: Arrays;
    seen: { loss: number; right: number | null; values: Arrays } | null; // what was made of it, where it was asked for
}

const MOST = 240;
const MOST_NUMBERS = 2e6; // of all moments together

export class Trail {
    moments: Moment[] = [];
    private stride = 1;

    constructor(private readonly numbers: number) {}

    /** Whether the beginning of this epoch is to be kept. */
    wants(epoch: number): boolean {
        return epoch % this.stride === 0;
    }

    /** A moment; it takes the place of one of the same epoch. */
    keep(moment: Moment): void {
        if (this.moments.at(-1)?.epoch === moment.epoch) this.moments.pop();
        this.moments.push(moment);
        if (this.moments.length <= Math.max(24, Math.min(MOST, MOST_NUMBERS / this.numbers))) return;
        this.stride *= 2;
        this.moments = this.moments.filter(({ epoch }) => this.wants(epoch));
    }

    /** The last moment that is not after this epoch. */
    at(epoch: number): Moment {
        return this.moments.findLast((moment) => moment.epoch <= epoch) ?? this.moments[0];
    }
}
