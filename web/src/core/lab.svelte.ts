// What all screens share: the experiment, the run, the window onto the data, and the address that says it all.

import * as api from "./api";
import type { Data } from "./contract";
import { changesOf, changesText, FOUNDING, fromFragment, networkOf, USUAL, type Change, type Experiment, type Place, type TableChoice, withChapter } from "./experiment";
import { Run } from "./run.svelte";
import { secondOf, withSecond } from "./second";
import { viewOf, type View } from "./view";
import { words } from "./words.svelte";

/** The file of a table of one's own: as text, or where it is none as its bytes. */
export interface Content {
    text?: string;
    base64?: string;
}

/** What a saved experiment is: the link, and the table where there is one. */
interface Saved {
    format: string;
    link: string;
    table?: { name: string; text?: string; base64?: string };
}

const FORMAT = "chainrule experiment 1";

export class Lab {
    screen = $state("network");
    chapter = $state(""); // of the guided path; none: ""
    chapters = $state.raw<api.Chapter[]>([]);
    aim = $state.raw<{ layer: number; unit: number; row: number } | null>(null); // the dot that the path points at
    experiment = $state<Experiment>(structuredClone(USUAL));
    second = $state<Experiment | null>(null); // of Side by side
    choices = $state.raw<api.Choices | null>(null);
    languages = $state.raw<string[]>([]);
    table = $state<TableChoice | null>(null);
    private content: Content = {}; // of the table; it may be large: nothing watches or copies it
    opened = $state.raw<{ name: string; read: Record<string, string> } | null>(null); // the file opened last, taken or refused
    private offered: Content = {}; // what is in it
    tableColumns = $state.raw<string[]>([]);
    tableError = $state<string | null>(null);
    asked = $state.raw<(Partial<Place> & { table: TableChoice }) | null>(null); // a link whose table is not here
    other = $state(false); // the table that was opened is not the one that was asked for
    view = $state.raw<View | null>(null);
    given = $state.raw<api.Given | null>(null); // the one program of a page that has nothing else
    screens = $state.raw<string[] | null>(null);
    lost = $state(false);
    arrivals = $state(0); // counts the links whose experiment has been reached
    ready = $state(false);
    readonly run = new Run();
    private turn = 0; // counts the derivations that were asked for
    private visit = 0; // counts the links that were followed
    private goal: Data["kind"] | "said" | "" = ""; // what output and loss were matched to last; said: by a link
    private opening = 0; // counts the tables that were opened, and the ways away from one
    good = $state.raw<Experiment | null>(null); // that which runs

    async begin(): Promise<void> {
        const start = await api.start();
        this.choices = start.choices;
        this.languages = start.languages;
        this.chapters = start.chapters;
        const place = fromFragment(withChapter(location.hash || (start.begin ?? ""), start.chapters));
        this.turnTo(place.chapter);
        const language = start.languages.includes(place.language ?? "") ? place.language! : start.language;
        await words.speak(language, language === start.language ? start.texts : undefined);
        this.screens = start.screens ?? null;
        if (place.screen) this.screen = place.screen;
        else if (this.screens?.length) this.screen = this.screens[0];
        this.experiment = place.experiment;
        this.goal = place.said ? "said" : "";
        this.second = secondOf(location.hash);
        if (place.table) this.asked = { ...place, table: place.table };
        this.ready = true;
        const visit = this.visit;
        if (start.given) {
            this.given = await api.given();
            const { experiment, epoch, step, changes } = this.given;
            this.experiment = { ...this.experiment, ...structuredClone(experiment), ...seedOf(location.hash) };
            if (!place.epoch && !place.step) Object.assign(place, { epoch, step, changes: changesOf(changes) });
            await this.derive();
        } else if (start.table) {
            const { name, read, ...content } = start.table;
            await this.open(name, content, read && Object.keys(read).length ? read : undefined);
        } else await this.derive();
        await this.run.settled(); // a table may have been opened meanwhile
        if (!this.run.program) await this.fallBack();
        if (!place.table && visit === this.visit) await this.arrive(place); // else a link was followed meanwhile
        this.arrivals++;
    }

    /** To the epoch of a link, its changed numbers changed again. */
    private async arrive({ epoch = 0, step = 0, changes = [] }: Partial<Place>): Promise<void> {
        if (!this.run.program || this.run.error) return;
        await this.run.replay(changes, epoch * this.run.perEpoch + step);
        this.experiment.optimizer.rate = this.run.rate;
    }

    /** A link that cannot be followed, or a table that cannot be used as it is: the refusal is shown, beside the usual experiment. */
    private async fallBack(): Promise<void> {
        const [refused, table, told] = [this.run.error, this.table, this.tableError];
        this.table = null;
        this.experiment = structuredClone(USUAL);
        this.goal = "";
        await this.derive();
        [this.run.error, this.table, this.tableError] = [refused, table, told];
    }

    /** Derives the experiment as it now is; steps that are asked for meanwhile wait for it. Whether it runs, and is the newest. */
    derive(): Promise<boolean> {
        const made = this.derived();
        this.run.coming = made.catch(() => undefined);
        return made;
    }

    private async derived(): Promise<boolean> {
        const turn = ++this.turn;
        this.fit();
        this.run.pause();
        let given: Data | null = null;
        if (this.table?.target) {
            try {
                const { name, digest, target, roles, task, read } = $state.snapshot(this.table);
                const { test, seed } = this.experiment.data;
                given = await api.table({ name, target, roles, task, read, test, seed }, digest, this.content);
                if (turn !== this.turn) return false; // another wish came meanwhile: it wins
                this.tableError = null;
            } catch (error) {
                if (turn === this.turn) this.tableError = this.refusal(error);
                return false;
            }
            this.matchGoal(given);
        }
        const loaded = this.given ? await this.again(this.given) : await this.run.load($state.snapshot(this.experiment) as Experiment, given);
        if (turn !== this.turn) return false;
        this.lost = this.run.error === "";
        this.remember();
        if (!loaded) return false;
        this.good = $state.snapshot(this.experiment) as Experiment;
        const { data } = this.run;
        const kept = this.view;
        const same = kept && data && kept.given === data.given && given !== null;
        this.view = viewOf(data!, same ? kept.x : 0, same ? kept.y : undefined);
        await this.run.setView(this.view);
        await this.run.look();
        return turn === this.turn;
    }

    /** What a refusal says; a server that does not answer is told for the whole page. */
    private refusal(error: unknown): string {
        const text = error instanceof Error ? error.message : String(error);
        this.lost = text === "";
        return text;
    }

    /** The given program from its first weights, at the rate that is set. */
    private async again({ program, data }: api.Given): Promise<boolean> {
        const { optimizer, seed } = this.experiment;
        const known: Record<string, number> = "learning_rate" in program.settings ? { learning_rate: optimizer.rate } : {};
        return this.run.begin({ ...program, settings: { ...program.settings, ...known } }, data, seed);
    }

    async look(view: View): Promise<void> {
        this.view = view;
        await this.run.setView(view);
        await this.run.look();
    }

    /** Output and loss that go with the data; what is chosen for data of the same kind stays chosen. */
    fit(): void {
        const kind = this.choices?.data.find((row) => row.name === this.experiment.data.set)?.kind;
        if (kind && !this.table && !this.given) this.matchGoal({ kind });
    }

    private matchGoal({ kind }: Pick<Data, "kind">): void {
        const kept = this.goal === kind || this.goal === "said";
        this.goal = kind;
        if (kept) return;
        const e = this.experiment;
        const squared = e.loss.includes("squared") || e.loss === "mean_absolute_error" || e.loss === "huber";
        if (kind === "several" && e.output !== "softmax" && (!squared || e.output === "linear")) [e.output, e.loss] = ["softmax", "softmax_cross_entropy"];
        if (kind === "number" && (e.output === "softmax" || !squared || e.output === "sigmoid"))
            [e.output, e.loss] = ["linear", "half_mean_squared_error"];
        if (kind === "classes" && (e.output === "softmax" || e.output === "linear"))
            [e.output, e.loss] = ["sigmoid", "binary_cross_entropy"];
    }

    /** A table of one's own: as its text, or as bytes where it is not UTF-8; where a link asked for it, as the link has it. */
    async open(name: string, content: Content, reading?: Record<string, string>): Promise<void> {
        const opening = ++this.opening;
        const read = reading ?? this.asked?.table.read ?? {};
        this.opened = { name, read };
        this.offered = content;
        try {
            const found = await api.columns({ name, ...content, read });
            if (opening !== this.opening) return; // another table was opened meanwhile, or other data chosen
            const asked = this.asked;
            const right = asked?.table.digest === found.digest;
            this.other = asked !== null && !right;
            const again = reading && this.table?.digest === found.digest ? this.table : null;
            const kept = right ? asked.table : (again ?? { target: "", roles: {}, task: "auto" });
            const target = found.names.includes(kept.target) ? kept.target : (found.names.at(-1) ?? "");
            this.tableColumns = found.names;
            this.content = content;
            this.table = { name, digest: found.digest, target, roles: { ...kept.roles }, task: kept.task, read };
            this.tableError = null;
            const e = this.experiment;
            e.inputs = [];
            if (!right) [e.data.test, this.goal] = [e.data.test || 0.2, ""];
            await this.derive();
            if (this.asked === asked) this.asked = null; // else another link was followed since
            if (right && opening === this.opening) await this.arrive(asked);
        } catch (error) {
            if (opening === this.opening) this.tableError = this.refusal(error);
        }
    }

    /** The file that was opened last is read in another way; `text` "": as the file itself tells. */
    async reread(key: string, text: string): Promise<void> {
        if (!this.opened) return;
        const { [key]: _, ...others } = this.opened.read;
        await this.open(this.opened.name, this.offered, text ? { ...others, [key]: text } : others);
    }

    /** What a column of the table is for: to be predicted, a number, a category, or nothing. */
    async assign(column: string, role: string): Promise<void> {
        const table = this.table;
        if (!table) return;
        const { [column]: _, ...others } = table.roles;
        if (role === "target") [table.target, table.roles] = [column, others];
        else table.roles = role ? { ...others, [column]: role } : others;
        await this.derive();
    }

    /** The experiment as a file: everything that the link says, and the table. */
    saved(): string {
        const table = this.table ? { name: this.table.name, ...this.content } : undefined;
        return JSON.stringify({ format: FORMAT, link: this.fragment(true), table } satisfies Saved, null, 1);
    }

    /** What runs as a page that trains without a server, from where it stands. */
    async live(): Promise<api.Report> {
        const { run } = this;
        const e = structuredClone(this.good)!;
        e.optimizer.rate = run.startRate;
        const { set, points, noise, test, seed } = e.data;
        const data = run.data!;
        const body = {
            language: words.language,
            columns: data.columns,
            inputs: e.inputs,
            network: networkOf(e, data.outputs),
            batch: e.batch === null || e.batch >= data.training.count ? null : e.batch,
            edits: e.edits,
            seed: this.experiment.seed,
            epoch: run.snapshot?.epoch ?? 0,
            step: run.snapshot?.batch ?? 0,
            changes: changesText(run.changes),
        };
        if (!this.table) return api.report({ ...body, data: { set, points, noise, test, seed, inputs: e.inputs } }, null, {});
        const { name, digest, target, roles, task, read } = $state.snapshot(this.table);
        return api.report(body, { name, digest, target, roles, task, read, test, seed }, this.content);
    }

    /** A saved experiment.  Error: the file is none. */
    async load(text: string): Promise<void> {
        let saved: Partial<Saved> | null = null;
        try {
            saved = JSON.parse(text) as Partial<Saved> | null;
        } catch {
            // the same as a file of another kind
        }
        if (saved?.format !== FORMAT || typeof saved.link !== "string") throw new Error(words.say("lab.load_refused"));
        if (!(await this.follow(saved.link))) return;
        const { name, text: csv, base64 } = saved.table ?? {};
        if (typeof name === "string" && (typeof csv === "string" || typeof base64 === "string"))
            await this.open(name, typeof base64 === "string" ? { base64 } : { text: csv });
    }

    async choose(set: string): Promise<void> {
        this.leave();
        const e = this.experiment;
        const columns = this.choices?.data.find((row) => row.name === set)?.columns ?? [];
        const before = this.choices?.data.find((row) => row.name === e.data.set);
        e.data = { ...(before?.fixed || api.alone ? USUAL.data : e.data), set };
        if (columns.length !== 2 || columns.includes("one")) e.inputs = [];
        await this.derive();
    }

    private leave(): void {
        this.opening++;
        this.table = this.asked = this.tableError = null;
        this.content = this.offered = {};
        this.opened = null;
        this.other = false;
    }

    async founding(): Promise<void> {
        this.leave();
        this.experiment = structuredClone(FOUNDING);
        await this.derive();
    }

    private turnTo(chapter = ""): void {
        this.chapter = this.chapters.some(({ name }) => name === chapter) ? chapter : "";
    }

    /** From an experiment that was refused to the one that runs: its run goes on. */
    back(): void {
        if (!this.good) return;
        this.experiment = structuredClone(this.good);
        this.run.error = null;
        this.remember();
    }

    go(screen: string): void {
        this.screen = screen;
        this.remember();
    }

    /** What the address says after the #. `reached`: up to the step that is reached, not only how it starts. */
    fragment(reached = false): string {
        const { run } = this;
        if (this.given) {
            const epoch = reached ? run.snapshot?.epoch : 0;
            const said = { screen: this.screen, lang: words.language, seed: String(this.experiment.seed), ...(epoch ? { epoch: String(epoch) } : {}) };
            return `#${new URLSearchParams(said)}`;
        }
        const experiment = $state.snapshot(this.experiment) as Experiment;
        if (reached && run.program) experiment.optimizer.rate = run.startRate;
        const table = this.table ?? this.asked?.table ?? null;
        const place = {
            screen: this.screen,
            language: words.language,
            chapter: this.chapter,
            epoch: reached ? (run.snapshot?.epoch ?? 0) : 0,
            step: reached ? (run.snapshot?.batch ?? 0) : 0,
            experiment,
            table: table ? ($state.snapshot(table) as TableChoice) : null,
            changes: run.changes.filter(({ t }: Change) => reached || t === 0),
        };
        return withSecond(place, $state.snapshot(this.second) as Experiment | null);
    }

    /** The link to what is in hand: address without the token, and the step that is reached. */
    link(): string {
        return `${api.home()}${this.fragment(true)}`;
    }

    remember(): void {
        history.replaceState(null, "", this.fragment());
    }

    /** To what a link says; whether no other link was followed meanwhile. */
    async follow(link: string): Promise<boolean> {
        const visit = ++this.visit;
        const at = link.indexOf("#");
        const place = fromFragment(withChapter(at < 0 ? "" : link.slice(at), this.chapters));
        const [kept, content] = [this.table, this.content];
        this.leave();
        if (this.given) Object.assign(this.experiment, seedOf(link));
        else this.experiment = place.experiment;
        this.goal = place.said ? "said" : "";
        this.second = secondOf(at < 0 ? "" : link.slice(at));
        if (place.screen) this.screen = place.screen;
        this.turnTo(place.chapter);
        if (place.language && this.languages.includes(place.language)) await words.speak(place.language).catch(() => (this.lost = true));
        if (visit !== this.visit) return false;
        if (place.table) this.asked = { ...place, table: place.table };
        if (place.table && kept?.digest === place.table.digest) await this.open(kept.name, content);
        else await this.derive();
        if (!place.table && visit === this.visit) await this.arrive(place);
        this.arrivals++;
        return visit === this.visit;
    }
}

/** The seed of a link, where it says one. */
function seedOf(link: string): { seed?: number } {
    return /[#&]seed=/.test(link) ? { seed: fromFragment(link).experiment.seed } : {};
}

export const lab = new Lab();
