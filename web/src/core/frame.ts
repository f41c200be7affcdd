// What can wait until a frame is on the screen.

/** Does `work` once the next frame has been drawn; what is returned takes the wish back. */
export function afterFrame(work: () => void): () => void {
    let timer = 0;
    const frame = requestAnimationFrame(() => (timer = setTimeout(work)));
    return () => {
        cancelAnimationFrame(frame);
        clearTimeout(timer);
    };
}
