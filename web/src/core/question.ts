// The key under which an answer is carried: what the answer depends on, and nothing else. As `lab/carried.py` has it.

export interface ProgramQuestion {
    columns: string[];
    inputs: string[];
    network: { optimizer: { name: string; rate: number }; penalty?: { name: string; strength?: number; l1?: number; l2?: number } };
    rows: number;
    batch: number | null;
    edits: Record<string, string>;
}

export function question(name: string, body?: unknown): string {
    if (body === undefined) return name;
    if (name === "descent") {
        const { function: f, start, rate } = body as { function: string; start: number; rate: number };
        return `${name} ${sorted({ function: f, start, rate })}`;
    }
    if (name !== "program" && name !== "source") return `${name} ${sorted(body)}`;
    const { columns, inputs, network, edits, ...rest } = body as ProgramQuestion;
    const { optimizer, penalty, ...declared } = network;
    const kept = { columns, inputs, edits, network: { ...declared, optimizer: optimizer.name, penalty: penalty?.name ?? null } };
    if (name === "program") return `${name} ${sorted(kept)}`;
    const { language, teaching, notes } = rest as unknown as { language: string; teaching: boolean; notes: string };
    return `${name} ${sorted({ ...kept, language, notes: teaching ? notes : null })}`;
}

/** The numbers that a network is trained with, by the names that its program gives them. */
export function settingsOf({ network: { optimizer, penalty } }: ProgramQuestion): Record<string, number> {
    const settings: Record<string, number> = { learning_rate: optimizer.rate };
    if (penalty?.strength !== undefined) settings[penalty.name] = penalty.strength;
    if (penalty?.l1 !== undefined) settings.l1 = penalty.l1;
    if (penalty?.l2 !== undefined) settings.l2 = penalty.l2;
    return settings;
}

function sorted(value: unknown): string {
    return JSON.stringify(value, (_, inner: unknown) =>
        inner && typeof inner === "object" && !Array.isArray(inner)
            ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
            : inner,
    );
}
