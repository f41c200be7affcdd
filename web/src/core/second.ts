// The second side of Side by side: in the address stands, as `b.loss=...`, what differs from the first.

import { fromFragment, toFragment, type Experiment, type Place } from "./experiment";

const MARK = "b.";
const read = (fragment: string) => new URLSearchParams(fragment.replace(/^#/, ""));

/** The fragment of a place, and of what differs on the second side. */
export function withSecond(place: Place, second: Experiment | null): string {
    const fragment = toFragment(place);
    if (!second) return fragment;
    const [one, two] = [read(fragment), read(toFragment({ ...place, experiment: second }))];
    const keys = new Set([...one.keys(), ...two.keys()]);
    const differing = [...keys].filter((key) => one.get(key) !== two.get(key)).map((key) => [MARK + key, two.get(key) ?? ""]);
    if (!differing.length) return fragment;
    return `${fragment}&${new URLSearchParams(differing).toString().replaceAll("%3A", ":").replaceAll("%3B", ";")}`;
}

/** The second side that a fragment tells of: the same data, batches and seed as the first. */
export function secondOf(fragment: string): Experiment | null {
    const found = read(fragment);
    const differing = [...found].filter(([key]) => key.startsWith(MARK));
    if (!differing.length) return null;
    for (const [key, value] of differing) {
        found.delete(key);
        if (value) found.set(key.slice(MARK.length), value);
        else found.delete(key.slice(MARK.length));
    }
    return alongside(fromFragment(fragment).experiment, fromFragment(`#${found}`).experiment);
}

/** A second side of the same data, batches and seed as the first. */
export function alongside({ data, inputs, batch, seed }: Experiment, second: Experiment): Experiment {
    return { ...second, data, inputs, batch, seed };
}
