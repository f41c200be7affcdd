// How a run is doing: its observations over time, the verdicts on it, and a remedy applied with the same seed.

import type { Experiment } from "./experiment";
import { lab } from "./lab.svelte";
import { curve, Telling } from "./story.svelte";
import { observations, ofAnswers, verdicts, type Verdict } from "./verdicts";
import { say, words } from "./words.svelte";

const STEMS = ["slope_mean", "saturated_share", "saturated", "off", "gradient_norm", "update_ratio", "dead_share", "dead"];

/** A run before a remedy: what there was to see of it, and the experiment, to go back to. */
interface Earlier {
    experiment: Experiment;
    stopAt: number | null;
    changes: string[];
    rows: [string, string][];
    epochs: number[];
    curves: Record<string, { label: string; values: number[] }[]>;
}

interface Unit {
    layer: number;
    unit: number;
    share: number;
    mean: number;
    dead: boolean;
    state: string;
}

// Kept while other screens are looked at.
let earlier = $state.raw<Earlier | null>(null);

export class Health {
    private names = $derived.by(() => {
        const layers = lab.run.program?.layers ?? [];
        const own = layers.flatMap(({ number }) => STEMS.map((stem) => `${stem}${number}`));
        const { wrong } = lab.choices!.readiness;
        return [...new Set([...own, "data_loss", wrong, ...observations(lab.run.program?.rules ?? [])])];
    });
    private telling = new Telling(
        () => lab.run,
        () => this.names,
    );
    verdicts = $derived.by(() => {
        const { program, data, snapshot } = lab.run;
        return program && data && snapshot && this.story ? verdicts(program.rules, this.story, snapshot, ofAnswers(snapshot.outputs, data, lab.choices!.readiness.far)) : [];
    });

    get story() {
        return this.telling.story;
    }

    get earlier() {
        return earlier;
    }

    /** The mean over all units of an observation that has one number for each. */
    meanOf(name: string): number[] {
        const values = this.story?.values[name];
        const moments = this.story?.epochs.length ?? 0;
        if (!values || !moments) return [];
        const size = values.length / moments;
        return Array.from({ length: moments }, (_, i) => values.subarray(i * size, (i + 1) * size).reduce((sum, value) => sum + value / size, 0));
    }

    private last(name: string, unit: number): number | undefined {
        const values = curve(this.story, name, unit);
        return values.at(-1);
    }

    /** Every unit with its case of readiness, by the table that Python sends. */
    units(): Unit[] {
        const { program } = lab.run;
        const { flat, wrong, right_below, cases } = lab.choices!.readiness;
        const right = (this.last(wrong, 0) ?? Infinity) < right_below;
        const found: Unit[] = [];
        for (const { number, units } of program?.layers ?? []) {
            const stem = flat.find((name) => this.story?.values[`${name}${number}`]);
            if (!stem) continue;
            for (let j = 0; j < units; j++) {
                const share = this.last(`${stem}${number}`, j) ?? NaN;
                const state = cases.find((row) => share > row.flat && (right || !row.right))?.name ?? "";
                found.push({ layer: number, unit: j + 1, share, mean: this.last(`slope_mean${number}`, j) ?? NaN, dead: this.last(`dead${number}`, j) === 1, state });
            }
        }
        return found;
    }

    unitsSummary(): string {
        const units = this.units();
        const count = (state: string) => units.filter((unit) => unit.state === state).length;
        return lab.choices!.readiness.cases.map(({ name }) => name).filter(count).map((name) => `${words.whole(count(name))} ${words.say(`diagnose.unit_${name}`)}`).join("; ");
    }

    /** What was measured, where, and since when. */
    measured({ all, value, bound, since, layer }: Verdict): string {
        const [{ name, over }] = all;
        const known = name.replace(/\d+$/, "");
        const key = `note.${known === "gradient_norm" ? "gradient_norm_layer" : known}`;
        const shown = words.has(key) ? `${name} (${words.say(key)})` : name;
        const when = since === null ? "" : since === 0 ? words.say("diagnose.since_start") : words.say("diagnose.since_epoch", { epoch: Math.floor(since) });
        const what = `${shown}${over && over.name !== name ? ` / ${over.name}` : ""}`;
        const where = layer ? `${say("lab.layer", { number: layer })}: ` : "";
        return `${where}${words.say("diagnose.measured", { observation: what, value: words.number(value, 3), bound: words.number(bound), when })}`.replace(/[,，]\s*$/, "");
    }

    /** What a remedy changes here, in words; nothing where this lab cannot apply it. */
    changes({ remedy }: Verdict): string[] {
        const e = lab.experiment;
        const found: string[] = [];
        if (remedy.rate) found.push(`${say("lab.rate")} ${words.number(e.optimizer.rate)} → ${words.number(e.optimizer.rate * remedy.rate)}`);
        if (remedy.activation && e.layers.some(({ activation }) => activation !== remedy.activation)) found.push(`${say("lab.remedy_activation")} → ${remedy.activation}`);
        if (remedy.initial && e.initial !== "auto") found.push(`${say("lab.initial")} ${e.initial} → ${say("lab.initial_auto")}`);
        if (remedy.loss) {
            const { output, loss } = this.classified();
            if (output !== e.output) found.push(`${say("lab.output_activation")} → ${output}`);
            found.push(`${say("lab.loss")} → ${loss.replaceAll("_", " ")}`);
        }
        if (remedy.scale && this.scaled().join() !== e.inputs.join()) found.push(say("lab.remedy_scale", { inputs: this.scaled().join("; ") }));
        if (remedy.stopping) found.push(`${say("lab.stop_at")} ${words.whole(this.best() || 1)}`);
        return found;
    }

    /** Output and loss for classes. */
    private classified(): { output: string; loss: string } {
        const several = (lab.run.data?.outputs ?? 1) > 1;
        return several ? { output: "softmax", loss: "softmax_cross_entropy" } : { output: "sigmoid", loss: "binary_cross_entropy" };
    }

    /** The further inputs, each minus its mean over the training rows, divided by its deviation; tables come scaled. */
    private scaled(): string[] {
        const { data } = lab.run;
        const { inputs } = lab.experiment;
        if (!data || lab.table || !inputs.length) return inputs;
        const { X, count } = data.training;
        return inputs.map((formula, i) => {
            const column = Array.from({ length: count }, (_, n) => X[n * data.inputs + data.given + i]);
            const mean = column.reduce((sum, x) => sum + x / count, 0);
            const deviation = Math.sqrt(column.reduce((sum, x) => sum + (x - mean) ** 2 / count, 0));
            const written = (x: number) => String(Number(x.toPrecision(4)));
            return deviation > 0 ? `(${formula} ${mean < 0 ? "+" : "-"} ${written(Math.abs(mean))}) / ${written(deviation)}` : formula;
        });
    }

    /** The epoch with the best loss on the test rows. */
    private best(): number {
        const { testLosses, testEpochs } = lab.run.snapshot!.history;
        return testEpochs[testLosses.indexOf(Math.min(...testLosses))] ?? 0;
    }

    private rows(): [string, string][] {
        const { snapshot } = lab.run;
        if (!snapshot) return [];
        const rows: [string, string][] = [
            [say("lab.epoch"), words.whole(snapshot.epoch)],
            [say("lab.loss_training"), snapshot.diverged ? "NaN" : words.number(snapshot.trainLoss)],
        ];
        if (snapshot.testLoss !== null) rows.push([say("lab.loss_test"), words.number(snapshot.testLoss)]);
        if (snapshot.trainRight !== null) rows.push([say("lab.right"), words.percent(snapshot.trainRight)]);
        const faults = this.verdicts.filter(({ fault }) => fault).map(({ verdict }) => words.say(`diagnose.${verdict}`).split(/[:：]/)[0]);
        rows.push([say("lab.diagnosis"), faults.join("; ") || words.say("diagnose.healthy")]);
        return rows;
    }

    compared(): { before: [string, string][]; after: [string, string][] } {
        const after = new Map(this.rows());
        const before = (earlier?.rows ?? []).filter(([name]) => after.has(name));
        return { before, after: before.map(([name]) => [name, after.get(name)!]) };
    }

    /** The curves of a chart before the remedy. */
    earlierSeries(name: string): { at: number[]; series: { label: string; values: number[] }[] } | null {
        const series = earlier?.curves[name];
        return earlier && series?.length ? { at: earlier.epochs, series } : null;
    }

    /** The same data and seed once more, with the remedy, as far as it came; what was before stays beside it. */
    async apply(verdict: Verdict): Promise<void> {
        const { run } = lab;
        const e = lab.experiment;
        const layers = run.program!.layers;
        const label = (number: number) => say("lab.layer", { number });
        const curves: Earlier["curves"] = { slope: layers.map(({ number }) => ({ label: label(number), values: this.meanOf(`slope_mean${number}`) })) };
        for (const stem of ["saturated_share", "gradient_norm", "update_ratio", "dead_share"])
            curves[stem] = layers.map(({ number }) => ({ label: label(number), values: curve(this.story, `${stem}${number}`, 0) }));
        for (const stem in curves) curves[stem] = curves[stem].filter(({ values }) => values.length);
        const changed = { experiment: $state.snapshot(e) as Experiment, stopAt: run.stopAt, changes: this.changes(verdict), rows: this.rows(), epochs: this.story?.epochs ?? [], curves };
        const { remedy } = verdict;
        let epochs = Math.max(1, run.snapshot?.epoch ?? 1, (run.snapshot?.diverged?.epoch ?? 0) + 1);
        if (remedy.stopping) {
            epochs = this.best() || 1;
            run.stopAt = epochs;
        }
        if (remedy.rate) e.optimizer.rate = Number((e.optimizer.rate * remedy.rate).toPrecision(12));
        if (remedy.activation) for (const layer of e.layers) layer.activation = remedy.activation;
        if (remedy.loss) Object.assign(e, this.classified());
        if (remedy.scale) e.inputs = this.scaled();
        if (remedy.initial || remedy.activation) e.initial = "auto";
        if (!(await lab.derive())) return;
        earlier = changed;
        await run.epochs(epochs);
    }

    async back(): Promise<void> {
        if (!earlier) return;
        lab.experiment = earlier.experiment;
        lab.run.stopAt = earlier.stopAt;
        const epochs = lab.run.snapshot?.epoch ?? 0;
        earlier = null;
        if (await lab.derive()) await lab.run.epochs(epochs);
    }

    keep(): void {
        earlier = null;
    }
}
