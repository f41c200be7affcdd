// Where answers come from: the server. `carried.ts` has the same names for a page without one; the build chooses.
// Addresses are relative: the token is the first part of the path, and never leaves it.

import { NUMBERS, unpacked } from "./bodies";

/** A refusal, in the words of whoever refuses; or "" where the server does not answer. */
export class Refusal extends Error {}

/** Whether there is no server, now or ever. */
export const alone: boolean = false;

/** What a copied link begins with: never the token. */
export const home = (): string => `${location.origin}/`;

export const thread = (): Worker => new Worker(new URL("./worker.ts", import.meta.url), { name: "chainrule" });

/** The answer to a question: one without a body is a look, one with a body is work. */
export async function ask<T>(name: string, body?: unknown): Promise<T> {
    const headers = { "content-type": "application/json" };
    const options = body === undefined ? undefined : { method: "POST", headers, body: JSON.stringify(body) };
    let response: Response;
    try {
        response = await fetch(`./api/${name}`, options);
    } catch {
        throw new Refusal("");
    }
    if (response.ok && response.headers.get("content-type") === NUMBERS) return unpacked<T>(await response.arrayBuffer());
    const answer = (await response.json().catch(() => ({ error: response.statusText }))) as T & { error?: string };
    if (!response.ok) throw new Refusal(answer.error ?? response.statusText);
    return answer;
}
