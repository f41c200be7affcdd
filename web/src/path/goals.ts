// When a chapter has been done, as far as the state of the lab tells.

import { lab } from "../core/lab.svelte";
import { noticed } from "../core/noticed";

const whatIf = () => noticed.get("what_if");
const epoch = () => lab.run.snapshot?.epoch ?? 0;

/** By chapter; `walked` is how many of its experiments have been set up. */
export const GOALS: Record<string, (walked: number) => boolean> = {
    slope: () => (noticed.get("descent_step") ?? 0) >= 3,
    why: () => (whatIf() ?? 0) < -3,
    confidence: () => (whatIf() ?? 0) > 4,
    cube: (walked) => walked === 3,
    derivative: () => Math.abs((whatIf() ?? 0) + 2) <= 0.2,
    descent: () => (noticed.get("descent_rate") ?? 0) > 1,
    data: () => lab.table !== null || lab.experiment.data.set !== "circle",
    weight: () => noticed.has("cell"),
    ready: () => epoch() >= 100 && epoch() <= 1000,
    hidden: (walked) => walked === 3,
    shapes: (walked) => walked === 3,
    last: (walked) => walked === 2,
};
