// How an answer with many numbers travels: JSON, and behind it the numbers as they are in memory, which nobody reads digit by
// digit. `src/chainrule/lab/bodies.py` writes it and says how.

export const NUMBERS = "application/octet-stream";

/** The answer in such a body; arrays are views of it. */
export function unpacked<T>(body: ArrayBuffer): T {
    const length = new DataView(body).getUint32(0, true);
    const text = new TextDecoder().decode(new Uint8Array(body, 4, length));
    const filled = (_: string, value: unknown): unknown => {
        const place = (value as { float64?: [number, number] } | null)?.float64;
        return place ? new Float64Array(body, 4 + length + 8 * place[0], place[1]) : value;
    };
    return JSON.parse(text, filled) as T;
}
