// The questions that the page asks: of its server, or of what it carries.

import type { Data, Kind, Program } from "./contract";
import type { Experiment } from "./experiment";
import { ask } from "./served";

export { alone, home, Refusal, thread } from "./served";

export interface Choices {
    data: { name: string; kind: Kind; columns: string[]; fixed: boolean }[];
    activations: string[];
    initial: string[];
    losses: { name: string; outputs: string[]; fused: string[]; target: string }[];
    optimizers: { name: string; settings: Record<string, number> }[];
    languages: { name: string; teaching: boolean }[];
    readiness: Readiness;
    encodings: string[]; // of a file
}

/** How ready a unit is to learn: the first case that fits its share of flat rows, and whether the network is right. */
export interface Readiness {
    flat: string[];
    wrong: string;
    right_below: number;
    far: number; // from its target: certain, and wrong
    cases: { name: string; flat: number; right: boolean }[];
}

/** A chapter of the guided path: what it sets up, and the numbers of its texts. */
export interface Chapter {
    name: string;
    ways: { name: string; fragment: string }[];
    facts: Record<string, number>;
    shares: Record<string, number>;
    aim: [layer: number, unit: number, row: number] | null;
}

export interface Start {
    language: string;
    languages: string[];
    table: { name: string; text?: string; base64?: string; read?: Record<string, string> } | null;
    choices: Choices;
    chapters: Chapter[];
    begin?: string; // the fragment to begin with, where the address has none
    given?: boolean; // one program and its rows, nothing else: a live report, a figure
    texts?: Record<string, string>; // in its language: one question fewer before anything is shown
    screens?: string[]; // those that are shown; all where it says nothing
}

/** The one program of a page that is given it, its rows, and what the experiment says of itself. */
export interface Given {
    data: Data;
    program: Program;
    experiment: Pick<Experiment, "layers" | "output" | "loss" | "optimizer" | "batch" | "seed" | "inputs">;
    epoch: number;
    step: number;
    changes: string; // as a link has them
    name: string;
    whole: number; // rows that there were, where these are a sample of them; else 0
}

/** A live report: its HTML, how many rows it carries, and of how many where it does not carry all; else 0. */
export interface Report {
    page: string;
    rows: number;
    whole: number;
    bytes: number;
}

/** Lines that do one or several statements, and what they call. */
export interface Block {
    names: string[];
    phase: string;
    lines: string[];
    calls: string[];
}

export interface Way {
    points: (number | null)[];
    values: (number | null)[];
    slopes: (number | null)[];
    verdict: string;
}

/** A function of one variable and the ways down it. */
export interface Descent {
    texts: [string, string][];
    x: number[];
    f: (number | null)[];
    paths: Record<string, Way>;
    solved: number[] | null;
    story: string;
}

export const start = () => ask<Start>("start");
export const messages = (language: string) => ask<Record<string, string>>(`messages/${language}`);
export const given = () => ask<Given>("given");
export const data = (body: unknown) => ask<Data>("data", body);
/** The server has read the table before and is asked by its digest; one that has not is given the file again. */
export async function table(body: object, digest: string, content: object): Promise<Data> {
    const found = await ask<Data | { again: true }>("table", { ...body, digest });
    return "again" in found ? ask<Data>("table", { ...body, ...content }) : found;
}

/** A page that trains without a server; of a table as `table` asks for it. */
export async function report(body: object, own: object | null, content: object): Promise<Report> {
    const found = await ask<Report | { again: true }>("report", own ? { ...body, table: own } : body);
    if (!("again" in found)) return found;
    const { digest: _, ...asked } = own as { digest: string };
    return ask<Report>("report", { ...body, table: { ...asked, ...content } });
}
export const columns = (body: unknown) => ask<{ names: string[]; count: number; digest: string }>("table", body);
export const program = (body: unknown) => ask<Program>("program", body);
export const source = (body: unknown) => ask<{ text: string; language: string; blocks: Block[] }>("source", body);
export const descent = (body: unknown) => ask<Descent>("descent", body);
