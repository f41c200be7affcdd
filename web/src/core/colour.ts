// Colours for numbers: blue for plus, orange for minus, paper between; classes by hue. Signs are shown by shape as well.

export type Colour = [number, number, number];

export interface Palette {
    paper: Colour;
    plus: Colour;
    minus: Colour;
    ink: string;
    panel: string;
    classes: Colour[];
}

const HUES = [212, 25, 145, 280, 350, 48, 180, 320, 95, 0];

export function palette(): Palette {
    const style = getComputedStyle(document.documentElement);
    const probe = document.createElement("span");
    document.body.append(probe);
    const resolved = (name: string) => {
        probe.style.color = style.getPropertyValue(name);
        return getComputedStyle(probe).color;
    };
    const numbers = (name: string) => (resolved(name).match(/[\d.]+/g) ?? ["0", "0", "0"]).slice(0, 3).map(Number) as Colour;
    const dark = numbers("--panel")[0] < 128;
    const found: Palette = {
        paper: numbers("--panel"),
        plus: numbers("--plus"),
        minus: numbers("--minus"),
        ink: resolved("--ink"),
        panel: resolved("--panel"),
        classes: HUES.map((hue) => hsl(hue, 0.62, dark ? 0.62 : 0.44)),
    };
    probe.remove();
    return found;
}

function hsl(hue: number, s: number, l: number): Colour {
    const a = s * Math.min(l, 1 - l);
    const part = (n: number) => {
        const k = (n + hue / 30) % 12;
        return 255 * (l - a * Math.max(-1, Math.min(k - 3, 9 - k, 1)));
    };
    return [part(0), part(8), part(4)];
}

/** A number from -1 to 1. */
export function blend(value: number, p: Palette, strength = 0.85): Colour {
    const to = value >= 0 ? p.plus : p.minus;
    const share = Math.min(1, Math.abs(value)) * strength;
    return [0, 1, 2].map((i) => p.paper[i] + (to[i] - p.paper[i]) * share) as Colour;
}

export function css([r, g, b]: Colour): string {
    return `rgb(${Math.round(r)} ${Math.round(g)} ${Math.round(b)})`;
}

/** Calls again whenever light becomes dark or the other way round. */
export function onTheme(changed: () => void): () => void {
    const media = matchMedia("(prefers-color-scheme: dark)");
    const watcher = new MutationObserver(changed);
    watcher.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    media.addEventListener("change", changed);
    return () => {
        watcher.disconnect();
        media.removeEventListener("change", changed);
    };
}

const SHADES = 256;

/** The colours from -1 to 1 as pixels, for pictures of many numbers. */
export function shades(p: Palette, strength = 0.85): Uint32Array {
    const bytes = new Uint8ClampedArray(4 * SHADES);
    for (let i = 0; i < SHADES; i++) bytes.set([...blend((2 * i) / (SHADES - 1) - 1, p, strength), 255], 4 * i);
    return new Uint32Array(bytes.buffer);
}
