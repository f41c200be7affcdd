// The server's endpoints. Addresses are relative: the token is the first part of the path, and never leaves it.

import type { Data, Kind, Program } from "./contract";

export interface Choices {
    data: { name: string; kind: Kind; columns: string[]; fixed: boolean }[];
    activations: string[];
    initial: string[];
    losses: { name: string; outputs: string[]; fused: string[]; target: string }[];
    optimizers: { name: string; settings: Record<string, number> }[];
    languages: { name: string; teaching: boolean }[];
}

export interface Start {
    language: string;
    languages: string[];
    table: { name: string; text: string } | null;
    choices: Choices;
}

/** A refusal of the server, in its words; or "" where it does not answer. */
export class Refusal extends Error {}

async function fetched<T>(address: string, options?: RequestInit): Promise<T> {
    let response: Response;
    try {
        response = await fetch(address, options);
    } catch {
        throw new Refusal("");
    }
    const answer = (await response.json().catch(() => ({ error: response.statusText }))) as T & { error?: string };
    if (!response.ok) throw new Refusal(answer.error ?? response.statusText);
    return answer;
}

function post<T>(name: string, body: unknown): Promise<T> {
    const headers = { "content-type": "application/json" };
    return fetched<T>(`./api/${name}`, { method: "POST", headers, body: JSON.stringify(body) });
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

export const start = () => fetched<Start>("./api/start");
export const messages = (language: string) => fetched<Record<string, string>>(`./api/messages/${language}`);
export const data = (body: unknown) => post<Data>("data", body);
export const table = (body: unknown) => post<Data>("table", body);
export const program = (body: unknown) => post<Program>("program", body);
export const source = (body: unknown) => post<{ text: string; language: string }>("source", body);
export const descent = (body: unknown) => post<Descent>("descent", body);
