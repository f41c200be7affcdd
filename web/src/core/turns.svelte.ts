// While a run plays, what is there to be read is drawn anew a few times a second. Each part of the page has its turn,
// one a frame, so that no frame has much more to do than another.

import type { Snapshot } from "./contract";

const READ = 120; // milliseconds between changes of what is there to be read
const UNSEEN = 1000; // where it is out of sight

/** A part of the page and the snapshot that it shows. */
export class Turn {
    shown = $state.raw<Snapshot | null>(null);
    at = -Infinity; // when it had its turn

    constructor(public pause: number) {} // milliseconds to its next one, at the least
}

export class Turns {
    private readonly parts = new Set<Turn>();

    constructor(private readonly newest: () => Snapshot | null) {}

    /**
     * A part, as long as the component lives that is being set up.
     *
     * pause    milliseconds from one turn to the next, at the least
     * place    the element that may be out of sight
     */
    join(pause = READ, place?: () => Element | undefined): Turn {
        const turn = new Turn(pause);
        turn.shown = this.newest();
        this.parts.add(turn);
        $effect(() => {
            const element = place?.();
            if (!element) return;
            const observer = new IntersectionObserver((entries) => (turn.pause = entries.at(-1)!.isIntersecting ? pause : UNSEEN));
            observer.observe(element);
            return () => observer.disconnect();
        });
        $effect(() => () => void this.parts.delete(turn));
        return turn;
    }

    /** All show this snapshot. */
    all(snapshot: Snapshot | null): void {
        for (const turn of this.parts) turn.shown = snapshot;
    }

    /** The one that waits longest beyond its pause shows this snapshot. */
    one(snapshot: Snapshot): void {
        const now = performance.now();
        let next: Turn | null = null;
        for (const turn of this.parts) if (now - turn.at >= turn.pause && (!next || turn.at + turn.pause < next.at + next.pause)) next = turn;
        if (next) [next.shown, next.at] = [snapshot, now];
    }
}
