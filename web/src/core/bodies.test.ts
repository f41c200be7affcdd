import { expect, test } from "vitest";
import { unpacked } from "./bodies";

test("numbers come as they are in memory, and what is the same array once", () => {
    const json = '{"count":2,"rows":{"float64":[0,2]},"X":{"float64":[0,2]},"y":{"float64":[2,1]},"no":null}';
    const text = new TextEncoder().encode(json.padEnd(8 * Math.ceil((4 + json.length) / 8) - 4));
    const body = new ArrayBuffer(4 + text.length + 24);
    new DataView(body).setUint32(0, text.length, true);
    new Uint8Array(body).set(text, 4);
    new Float64Array(body, 4 + text.length).set([0.1, -2, 1e300]);
    const found = unpacked<{ rows: Float64Array; X: Float64Array; y: Float64Array; no: null }>(body);
    expect([...found.rows]).toEqual([0.1, -2]);
    expect([...found.X]).toEqual([0.1, -2]);
    expect([...found.y]).toEqual([1e300]);
    expect(found.no).toBeNull();
});
