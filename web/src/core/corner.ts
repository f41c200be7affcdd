// Which part of an array is drawn: a small one whole, of a large one a corner. A statement of Adam's update shows seven
// arrays, and every cell is styled, laid out and painted: the corners share the room that there is.

const MOST = { numbers: 192, lines: 12, columns: 16 }; // of an array that is drawn whole
const [LINES, COLUMNS] = [6, 4]; // of a corner, at the most
const ROOM = 48; // numbers of all corners together

export interface Corner {
    lines: number;
    columns: number;
}

const wide = (shape: number[]) => shape.at(-1) ?? 1;
const tall = (shape: number[]) => (shape.length === 2 ? shape[0] : 1);

function whole(shape: number[]): boolean {
    return tall(shape) <= MOST.lines && wide(shape) <= MOST.columns && tall(shape) * wide(shape) <= MOST.numbers;
}

/** What is drawn of each array of these shapes, which stand beside each other; of a whole one, its shape. */
export function corners(shapes: number[][]): (shape: number[]) => Corner {
    const across = shapes.filter((shape) => !whole(shape)).reduce((sum, shape) => sum + Math.min(COLUMNS, wide(shape)), 0);
    const most = Math.max(2, Math.min(LINES, Math.floor(ROOM / Math.max(1, across))));
    return (shape) => (whole(shape) ? { lines: tall(shape), columns: wide(shape) } : { lines: Math.min(tall(shape), most), columns: Math.min(wide(shape), COLUMNS) });
}
