// The guided path: which chapter is open, what has been walked, what is done. Progress stays in this browser.

import type { Chapter } from "../core/api";
import { fromFragment } from "../core/experiment";
import { lab } from "../core/lab.svelte";
import { noticed } from "../core/noticed";
import { words } from "../core/words.svelte";

const KEPT = "chainrule.path";

class Path {
    done = $state.raw<string[]>(kept());
    walked = $state.raw<string[]>([]);

    get chapters(): Chapter[] {
        return lab.chapters;
    }

    get at(): number {
        return this.chapters.findIndex((chapter) => chapter.name === lab.chapter);
    }

    /** Opens a chapter, and sets up its first experiment. */
    async open(index: number): Promise<void> {
        const chapter = this.chapters[index];
        if (!chapter) return;
        this.walked = [];
        await this.setUp(chapter, chapter.ways[0].name);
    }

    async setUp(chapter: Chapter, name: string): Promise<void> {
        const way = chapter.ways.find((found) => found.name === name)!;
        noticed.clear();
        if (!(await lab.follow(`${way.fragment}&path=${chapter.name}`)) || lab.chapter !== chapter.name) return; // another was opened since
        for (const name of ["what_if", "cell"]) noticed.delete(name); // of the run before; the descent has none, and may have gone on
        this.begun(chapter, name);
    }

    private begun(chapter: Chapter, name: string): void {
        this.walked = [...new Set([...this.walked, name])];
        if (chapter.aim) lab.aim = { layer: chapter.aim[0], unit: chapter.aim[1], row: chapter.aim[2] };
    }

    /** A link led here: where it has set up an experiment of the chapter, that one is begun. */
    recognise(): void {
        const chapter = this.chapters[this.at];
        const same = ({ fragment }: { fragment: string }) => {
            const { experiment, epoch } = fromFragment(fragment);
            return epoch === lab.run.snapshot?.epoch && JSON.stringify(experiment) === JSON.stringify(lab.experiment);
        };
        const found = chapter?.ways.find(same);
        if (found && !this.walked.includes(found.name)) this.begun(chapter, found.name);
    }

    close(): void {
        lab.chapter = "";
        lab.remember();
    }

    finish(name: string): void {
        if (this.done.includes(name)) return;
        this.done = [...this.done, name];
        try {
            localStorage.setItem(KEPT, JSON.stringify(this.done));
        } catch {
            // Kept for this visit only.
        }
    }
}

function kept(): string[] {
    try {
        const found: unknown = JSON.parse(localStorage.getItem(KEPT) ?? "[]");
        return Array.isArray(found) ? found.filter((name) => typeof name === "string").slice(0, 100) : [];
    } catch {
        return [];
    }
}

export interface Piece {
    text: string;
    label: boolean;
}

/** A text of a chapter: `{name}` is one of its numbers, `[lab.key]` what stands on the screen. */
export function pieces(key: string, chapter: Chapter): Piece[] {
    const facts: Record<string, string> = {};
    for (const [name, value] of Object.entries(chapter.facts)) facts[name] = words.number(value);
    for (const [name, value] of Object.entries(chapter.shares)) facts[name] = words.percent(value);
    return words
        .say(key, facts)
        .split(/(\[lab\.[a-z_]+\])/)
        .filter(Boolean)
        .map((part) => (part.startsWith("[lab.") ? { text: words.say(part.slice(1, -1)).replace(/\s*[:：]$/, ""), label: true } : { text: part, label: false }));
}

export const path = new Path();
