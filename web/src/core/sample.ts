// Of many rows figures draw some, and say so. Losses are of all of them.

export const MOST_SHOWN = 2000;

/** One row of each of so many equal stretches, and never at the same place of one: a rhythm in the rows is not followed. */
export function shownRows(count: number, most = MOST_SHOWN): Int32Array {
    if (count <= most) return Int32Array.from({ length: count }, (_, n) => n);
    const golden = (Math.sqrt(5) - 1) / 2;
    return Int32Array.from({ length: most }, (_, k) => Math.floor(((k + ((k * golden) % 1)) * count) / most));
}
