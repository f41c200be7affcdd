// Where answers come from in a page without a server: it carries them, packed, in an element of its own.
// `src/chainrule/lab/carried.py` writes them. What is not carried is refused in words that say so.

import type { Program } from "./contract";
import { question, settingsOf, type ProgramQuestion } from "./question";
import type * as served from "./served";
import { say } from "./words.svelte";
import Thread from "./worker.ts?worker&inline";

export class Refusal extends Error {}

export const alone: typeof served.alone = true;
export const home: typeof served.home = () => location.href.replace(/#.*$/, "");
export const thread: typeof served.thread = () => new Thread({ name: "chainrule" });

type Packed = string | { plain: unknown };

/** Question -> answer: as it is, or as base64 of gzipped JSON. */
let answers: Record<string, Packed> | null = null;

function carried(): Record<string, Packed> {
    return (answers ??= JSON.parse(document.getElementById("carried")?.textContent ?? "{}") as Record<string, Packed>);
}

async function unpacked<T>(text: Packed): Promise<T> {
    if (typeof text !== "string") return text.plain as T;
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(plain).text()) as T;
}

async function found<T>(key: string, name: string): Promise<T> {
    const text = carried()[key];
    if (text === undefined) throw new Refusal(say(`lab.carried_${name}`));
    return unpacked<T>(text);
}

export const ask: typeof served.ask = async <T>(name: string, body?: unknown): Promise<T> => {
    const kind = name.split("/")[0];
    const key = question(name, body);
    const only = `${name}/${(body as { language?: string } | undefined)?.language}`; // of the one program that is given
    const answer = await found<T>(key in carried() || !(only in carried()) ? key : only, kind);
    if (kind === "descent") {
        const told = answer as { paths: Record<string, { verdict: string | Record<string, string> }> };
        for (const way of Object.values(told.paths)) way.verdict = (way.verdict as Record<string, string>)[(body as { notes: string }).notes];
    }
    if (kind !== "program") return answer;
    // One program serves every rate, strength and size of a batch: they are not part of it.
    const asked = body as ProgramQuestion;
    const program = answer as T & Program;
    const joined = program.state.some(({ name }) => name.startsWith("running_"));
    const offsets = await found<number[]>(question("offsets", { rows: asked.rows, batch: asked.batch ?? null, joined }), "batch");
    return { ...program, offsets, settings: { ...program.settings, ...settingsOf(asked) } };
};
