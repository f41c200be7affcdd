// The story of a run for a figure: anew when the run stands still, at most five times a second while it goes on.

import type { Story } from "./contract";
import type { Run } from "./run.svelte";

const PAUSE = 200; // milliseconds

export class Telling {
    story = $state.raw<Story | null>(null);
    private asked = 0;
    private busy = false;
    private again = false;

    /** Made while a component is set up: it listens as long as that one lives. */
    constructor(
        private readonly run: () => Run | null,
        private readonly names: () => string[],
    ) {
        $effect(() => {
            const run = this.run();
            if (!run?.snapshot || !run.program) return;
            void this.names();
            const wait = run.playing ? Math.max(0, this.asked + PAUSE - performance.now()) : 0;
            const timer = setTimeout(() => void this.ask(), wait);
            return () => { if (!run.playing) clearTimeout(timer); };
        });
    }

    private async ask(): Promise<void> {
        if (this.busy) {
            this.again = true;
            return;
        }
        const run = this.run();
        if (!run || performance.now() - this.asked < (run.playing ? PAUSE : 0)) return;
        this.busy = true;
        this.asked = performance.now();
        try {
            this.story = await run.story(this.names());
        } catch {
            this.story = null; // a run that is being replaced
        } finally {
            this.busy = false;
        }
        if (this.again) {
            this.again = false;
            void this.ask();
        }
    }
}

/** The values of one element of an observation, over time. */
export function curve(story: Story | null, name: string, index: number): number[] {
    const values = story?.values[name];
    if (!story || !values) return [];
    const size = values.length / story.epochs.length;
    return story.epochs.map((_, i) => values[i * size + index]);
}
