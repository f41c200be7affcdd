// What all screens share: the experiment, the run, the window onto the data, and the address that says it all.

import * as api from "./api";
import type { Data } from "./contract";
import { FOUNDING, fromFragment, USUAL, type Experiment } from "./experiment";
import { Run } from "./run.svelte";
import { secondOf, withSecond } from "./second";
import { viewOf, type View } from "./view";
import { words } from "./words.svelte";

export interface Table {
    name: string;
    text: string;
    target: string;
    without: string[];
    task: string;
}

export class Lab {
    screen = $state("network");
    chapter = $state(""); // of the guided path; none: ""
    chapters = $state.raw<api.Chapter[]>([]);
    aim = $state.raw<{ layer: number; unit: number; row: number } | null>(null); // the dot that the path points at
    experiment = $state<Experiment>(structuredClone(USUAL));
    second = $state<Experiment | null>(null); // of Side by side
    choices = $state.raw<api.Choices | null>(null);
    languages = $state.raw<string[]>([]);
    table = $state<Table | null>(null);
    tableColumns = $state.raw<string[]>([]);
    tableError = $state<string | null>(null);
    view = $state.raw<View | null>(null);
    lost = $state(false);
    ready = $state(false);
    readonly run = new Run();

    async begin(): Promise<void> {
        const start = await api.start();
        this.choices = start.choices;
        this.languages = start.languages;
        this.chapters = start.chapters;
        const place = fromFragment(location.hash || (start.begin ?? ""));
        this.turnTo(place.chapter);
        await words.speak(start.languages.includes(place.language ?? "") ? place.language! : start.language);
        if (place.screen) this.screen = place.screen;
        this.experiment = place.experiment;
        this.second = secondOf(location.hash);
        if (start.table) await this.open(start.table.name, start.table.text);
        else await this.derive(place.epoch ?? 0);
        if (!this.run.program) await this.fallBack();
        this.ready = true;
    }

    /** A link that cannot be followed: its refusal is shown, above the usual experiment. */
    private async fallBack(): Promise<void> {
        const refused = this.run.error;
        this.experiment = structuredClone(USUAL);
        await this.derive();
        this.run.error = refused;
    }

    /** Derives the experiment as it now is, and runs it up to an epoch. */
    async derive(epoch = 0): Promise<void> {
        this.fit();
        this.run.pause();
        let given: Data | null = null;
        if (this.table?.target) {
            try {
                const { name, text, target, without, task } = $state.snapshot(this.table);
                const { test, seed } = this.experiment.data;
                given = await api.table({ name, text, target, without, task, test, seed });
                this.tableError = null;
            } catch (error) {
                this.tableError = error instanceof Error ? error.message : String(error);
                return;
            }
            this.matchGoal(given);
        }
        const loaded = await this.run.load($state.snapshot(this.experiment) as Experiment, given);
        this.lost = this.run.error === "";
        this.remember();
        if (!loaded) return;
        const { data } = this.run;
        const kept = this.view;
        const same = kept && data && kept.given === data.given && given !== null;
        this.view = viewOf(data!, same ? kept.x : 0, same ? kept.y : undefined);
        await this.run.setView(this.view);
        if (epoch) await this.run.epochs(epoch);
        else await this.run.look();
    }

    async look(view: View): Promise<void> {
        this.view = view;
        await this.run.setView(view);
        await this.run.look();
    }

    /** Output and loss that go with the data. */
    fit(): void {
        const kind = this.choices?.data.find((row) => row.name === this.experiment.data.set)?.kind;
        if (kind && !this.table) this.matchGoal({ kind });
    }

    private matchGoal({ kind }: Pick<Data, "kind">): void {
        const e = this.experiment;
        const squared = e.loss.includes("squared") || e.loss === "mean_absolute_error" || e.loss === "huber";
        if (kind === "several" && e.output !== "softmax" && !squared) [e.output, e.loss] = ["softmax", "softmax_cross_entropy"];
        if (kind === "number" && (e.output === "softmax" || !squared || e.output === "sigmoid"))
            [e.output, e.loss] = ["linear", "half_mean_squared_error"];
        if (kind === "classes" && (e.output === "softmax" || e.output === "linear"))
            [e.output, e.loss] = ["sigmoid", "binary_cross_entropy"];
    }

    /** A table of one's own. */
    async open(name: string, text: string): Promise<void> {
        try {
            const found = (await api.table({ name, text })) as unknown as { columns: string[] };
            this.tableColumns = found.columns;
            this.table = { name, text, target: found.columns.at(-1) ?? "", without: [], task: "auto" };
            this.tableError = null;
            const e = this.experiment;
            e.inputs = [];
            e.data.test = e.data.test || 0.2;
            await this.derive();
        } catch (error) {
            this.tableError = error instanceof Error ? error.message : String(error);
        }
    }

    async choose(set: string): Promise<void> {
        this.table = null;
        this.tableError = null;
        const e = this.experiment;
        const columns = this.choices?.data.find((row) => row.name === set)?.columns ?? [];
        e.data.set = set;
        if (columns.length !== 2 || columns.includes("one")) e.inputs = [];
        await this.derive();
    }

    async founding(): Promise<void> {
        this.table = null;
        this.experiment = structuredClone(FOUNDING);
        await this.derive();
    }

    private turnTo(chapter = ""): void {
        this.chapter = this.chapters.some(({ name }) => name === chapter) ? chapter : "";
    }

    go(screen: string): void {
        this.screen = screen;
        this.remember();
    }

    fragment(epoch = 0): string {
        const place = {
            screen: this.screen,
            language: words.language,
            epoch,
            chapter: this.chapter,
            experiment: $state.snapshot(this.experiment) as Experiment,
        };
        return withSecond(place, $state.snapshot(this.second) as Experiment | null);
    }

    /** The link to what is in hand: address without the token, and the epoch that is reached. */
    link(): string {
        return `${api.home()}${this.fragment(this.run.snapshot?.epoch ?? 0)}`;
    }

    remember(): void {
        history.replaceState(null, "", this.fragment());
    }

    async follow(link: string): Promise<void> {
        const at = link.indexOf("#");
        const place = fromFragment(at < 0 ? "" : link.slice(at));
        this.table = null;
        this.experiment = place.experiment;
        this.second = secondOf(at < 0 ? "" : link.slice(at));
        if (place.screen) this.screen = place.screen;
        this.turnTo(place.chapter);
        if (place.language && this.languages.includes(place.language)) await words.speak(place.language);
        await this.derive(place.epoch ?? 0);
    }
}

export const lab = new Lab();
