// What d3-scale needs of d3-interpolate where a scale maps numbers to numbers: the build puts it in its place, which
// saves the colours, dates and texts that it can also lead from one to another.

export const interpolateNumber = (a: number, b: number) => (t: number) => a * (1 - t) + b * t;
export const interpolateRound = (a: number, b: number) => (t: number) => Math.round(a * (1 - t) + b * t);
export const interpolate = interpolateNumber;

export function piecewise(): never {
    throw new Error("a scale with parts is not among those that the lab draws with");
}
