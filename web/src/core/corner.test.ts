import { expect, test } from "vitest";
import { corners } from "./corner";

test("small arrays are drawn whole, large ones share a room, and none is less than two lines", () => {
    const small = corners([[10, 8], [8], []]);
    expect(small([10, 8])).toEqual({ lines: 10, columns: 8 });
    expect(small([8])).toEqual({ lines: 1, columns: 8 });
    expect(small([])).toEqual({ lines: 1, columns: 1 });
    const three = corners([[10, 64], [10, 64], [64, 64]]);
    expect(three([64, 64])).toEqual({ lines: 4, columns: 4 });
    expect(three([10, 2])).toEqual({ lines: 10, columns: 2 });
    const seven = corners(Array.from({ length: 7 }, () => [64, 64]));
    expect(seven([64, 64])).toEqual({ lines: 2, columns: 4 });
    expect(corners([[64]])([64])).toEqual({ lines: 1, columns: 4 });
});
