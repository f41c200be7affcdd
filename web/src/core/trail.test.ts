import { expect, test } from "vitest";
import { Trail, type Moment } from "./trail";

const moment = (epoch: number): Moment => ({ t: epoch, epoch, w: {}, m: {}, seen: null });

test("a long way is thinned evenly, and its beginning is kept", () => {
    const trail = new Trail(10);
    for (let epoch = 0; epoch <= 1000; epoch++) if (trail.wants(epoch)) trail.keep(moment(epoch));
    const epochs = trail.moments.map((kept) => kept.epoch);
    expect(epochs.length).toBeLessThanOrEqual(240);
    expect(new Set(epochs.slice(1).map((epoch, i) => epoch - epochs[i]))).toEqual(new Set([8]));
    expect(trail.at(0).epoch).toBe(0);
    expect(trail.at(99).epoch).toBe(96);
});

test("a number changed by hand takes the place of what was there", () => {
    const trail = new Trail(10);
    trail.keep(moment(0));
    trail.keep({ ...moment(0), t: 7 });
    expect(trail.moments.map(({ t }) => t)).toEqual([7]);
});
