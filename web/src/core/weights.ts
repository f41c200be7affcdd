// What the lines of the network show.

import type { Arrays, Layer, Numbers, Snapshot } from "./contract";

export type Edges = "weights" | "gradient" | "update";
export type Weights = Pick<Snapshot, "parameters" | "before" | "values">;

/** A number for each weight into a layer: itself, its gradient, or by how much it was changed last. */
export function shownOf({ parameters, before, values }: Weights, { weights: name }: Layer, shows: Edges): Numbers {
    const gradients: Arrays | null = values;
    if (shows === "gradient") return gradients?.[`d${name}`] ?? [];
    if (shows === "update") return parameters[name].map((value, i) => value - before[name][i]);
    return parameters[name];
}
