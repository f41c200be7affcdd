// The verdicts on a run: the rows that Python sends, held against what was observed. No bound stands here.

import type { Data, History, Snapshot, Story } from "./contract";

export interface Value {
    name: string;
    window: "start" | "now" | "history";
    reduce?: "max" | "min"; // of those above 0
}

export interface Condition extends Value {
    over?: Value;
    above?: number;
    below?: number;
}

/** A rule of the diagnosis for one layer (0: the network as a whole): it holds where all its conditions do. */
export interface Rule {
    verdict: string;
    rank: number;
    layer: number;
    fault: boolean;
    all: Condition[];
    remedy: Remedy;
}

export interface Remedy {
    rate?: number;
    activation?: string;
    initial?: boolean;
    scale?: boolean;
    loss?: string;
    class_weight?: string;
    stopping?: boolean;
}

/** What a rule found: the number that is told, its bound, and since which epoch; null: since when is not known. */
export interface Verdict extends Rule {
    value: number;
    bound: number;
    since: number | null;
}

const LAST = 3;

/** Numbers of the history of losses, as `observe/judging.py` has them. NaN, which is neither above nor below anything, where there are too few. */
export function ofHistory({ losses, testLosses }: History, first: number): Record<string, number> {
    const best = Math.min(...testLosses);
    const at = testLosses.indexOf(best);
    const last = Array.from(testLosses.slice(-LAST)).reduce((sum, value) => sum + value / Math.min(LAST, testLosses.length), 0);
    const enough = testLosses.length >= 5;
    const back = losses.length < 10 ? undefined : losses[losses.length - Math.max(2, Math.floor(losses.length / 10))];
    return {
        test_rise: enough ? last / best : NaN,
        test_risen: enough ? (last - best) / first : NaN,
        test_best: enough ? at / testLosses.length : NaN,
        test_gap: enough ? losses[losses.length - 1] / last : NaN,
        loss_fall: back === undefined ? NaN : 1 - losses[losses.length - 1] / back,
        epochs: losses.length,
    };
}

/** Numbers of the answers to all training rows, where they are to name a class: as `observe/judging.py` says. `far`: from the target, what is wrong for certain. */
export function ofAnswers(outputs: Float64Array, { kind, outputs: K, training: { y, count } }: Pick<Data, "kind" | "outputs" | "training">, far: number): Record<string, number> {
    if (kind === "number" || outputs.length !== count * K) return { classes: 0 };
    const sizes = Array.from({ length: Math.max(K, 2) }, () => 0);
    const found = sizes.map(() => 0);
    const named = (values: ArrayLike<number>, n: number) => {
        if (K === 1) return values[n] > 0.5 ? 1 : 0;
        let best = 0;
        for (let j = 1; j < K; j++) if (values[n * K + j] > values[n * K + best]) best = j;
        return best;
    };
    let off = 0;
    for (let n = 0; n < count; n++) {
        const right = named(y, n);
        sizes[right]++;
        if (named(outputs, n) === right) found[right]++;
        for (let j = n * K; j < (n + 1) * K; j++) if (Math.abs(outputs[j] - y[j]) > far) off++;
    }
    const rare = sizes.indexOf(Math.min(...sizes));
    return { classes: 1, far_off: off / outputs.length, rare_share: sizes[rare] / count, recall: sizes[rare] ? found[rare] / sizes[rare] : 1 };
}

/** The names of the observations that the rules read, for the story of a run to bring along. */
export function observations(rules: Rule[]): string[] {
    return [...new Set(rules.flatMap(({ all }) => all.flatMap(({ name, over }) => (over ? [name, over.name] : [name]))))];
}

/** The verdicts that hold, the most fundamental first; of one rule the layer where it is worst. `answers`: of `ofAnswers`. */
export function verdicts(rules: Rule[], story: Story, snapshot: Snapshot, answers: Record<string, number> = {}): Verdict[] {
    const moments = story.epochs.length;
    const losses = story.values.data_loss ?? new Float64Array();
    const courses: Record<string, Float64Array> = { ...story.values, loss_left: losses.map((loss) => loss / losses[0]) };
    const measures: Record<string, number> = {
        ...ofHistory(snapshot.history, losses[0]),
        loss_peak: Math.max(...courses.loss_left.filter((value) => !Number.isNaN(value))),
        diverged: snapshot.diverged ? 1 : 0,
        ...answers,
    };
    function at(name: string, moment: number, reduce?: "max" | "min"): number {
        const values = courses[name];
        if (!values) return NaN;
        const size = values.length / moments;
        const own = values.subarray(moment * size, (moment + 1) * size);
        return reduce === "min" ? Math.min(...own.filter((value) => value > 0)) : reduce === "max" ? Math.max(...own) : own[0];
    }
    function read({ name, window, reduce }: Value, last = moments - 1): number {
        if (name in measures) return measures[name];
        if (window === "start") return at(name, 0, reduce);
        if (window === "now") return at(name, last, reduce);
        const course = Array.from({ length: last + 1 }, (_, i) => at(name, i)).filter((value) => !Number.isNaN(value));
        return course.length ? (reduce === "min" ? Math.min(...course) : Math.max(...course)) : NaN;
    }
    const valueOf = (c: Condition, last?: number) => read(c, last) / (c.over ? read(c.over, last) : 1);
    const holds = (c: Condition, last?: number) => (c.above !== undefined ? valueOf(c, last) > c.above : valueOf(c, last) < c.below!);

    const found = new Map<number, Verdict>();
    for (const rule of rules) {
        if (!rule.all.every((condition) => holds(condition))) continue;
        const first = rule.all[0];
        const value = valueOf(first);
        const bound = first.above ?? first.below!;
        const kept = found.get(rule.rank);
        if (kept && !(first.above !== undefined && value > kept.value)) continue;
        let since: number | null = 0;
        if (first.name in answers) since = null;
        else if (first.window === "now") {
            let moment = moments - 1;
            while (moment > 0 && holds(first, moment - 1)) moment--;
            since = story.epochs[moment];
        } else if (first.window === "history") since = snapshot.diverged?.epoch ?? null;
        found.set(rule.rank, { ...rule, value, bound, since });
    }
    return [...found.values()].sort((a, b) => a.rank - b.rank);
}
