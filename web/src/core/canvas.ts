// A canvas with a pixel for each of the screen: scaled ones cost the compositor in every frame.

/** Its context, in units of the page; what is on it stays, unless its size is another. */
export function canvasOf(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
    const sharp = Math.min(2, devicePixelRatio || 1);
    const [w, h] = [Math.round(width * sharp), Math.round(height * sharp)];
    if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
    const context = canvas.getContext("2d")!;
    context.setTransform(sharp, 0, 0, sharp, 0, 0);
    return context;
}
