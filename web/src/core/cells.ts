// The cells of a table of numbers, made and changed by hand: there are hundreds, most change with every step, and the
// framework's bookkeeping for each of them took longer than all else that a step takes.

/** Of the bar below a number there are so many lengths. */
const LENGTHS = 50;
// A class each: where classes change, a browser finds the style of a cell among those that it knows; one with a length of
// its own it makes anew, which took a quarter of a step.
const lengths = new CSSStyleSheet();
for (let i = 0; i <= LENGTHS; i++) lengths.insertRule(`table td.bar${i} { background-size: ${(100 * i) / LENGTHS}% 2.5px }`);
document.adoptedStyleSheets.push(lengths);

/** The class of a bar over this share of its cell; it seldom changes while a network learns. */
export function bar(share: number): string {
    return `bar${Math.round(LENGTHS * Math.min(1, share)) || 0}`;
}

export interface Cell {
    at: number; // its place in the array
    value: number;
    text: string;
    kind: string; // its classes
    was: number | undefined; // what it is compared with,
    old: string | null; // as text, where it is another
    chosen: boolean;
}

export interface Line {
    name: string | undefined;
    marked: boolean;
    cells: Cell[];
}

interface Drawn {
    td: HTMLTableCellElement;
    button: HTMLButtonElement | null;
    text: Text;
    old: HTMLSpanElement | null;
    shows: Cell | null;
    focus: boolean;
}

interface Row {
    tr: HTMLTableRowElement;
    th: HTMLTableCellElement | null;
    cells: Drawn[];
    more: HTMLTableCellElement | null;
}

export class Cells {
    private readonly rows: Row[] = [];

    /** `live`: each number is a button. */
    constructor(
        private readonly body: HTMLTableSectionElement,
        readonly live: boolean,
    ) {
        body.replaceChildren();
    }

    /** Shows these lines; `more`: the array has further columns; `focus`: the place of the one button that Tab reaches. */
    draw(lines: Line[], more: boolean, focus: number): void {
        while (this.rows.length > lines.length) this.rows.pop()!.tr.remove();
        lines.forEach((line, r) => {
            const row = (this.rows[r] ??= { tr: this.body.insertRow(), th: null, cells: [], more: null });
            if (row.tr.className !== (line.marked ? "marked" : "")) row.tr.className = line.marked ? "marked" : "";
            this.head(row, line.name);
            while (row.cells.length > line.cells.length) row.cells.pop()!.td.remove();
            line.cells.forEach((cell, j) => this.show((row.cells[j] ??= this.made(row)), cell, cell.at === focus));
            if (more && !row.more) {
                row.more = row.tr.appendChild(document.createElement("td"));
                [row.more.className, row.more.textContent] = ["more", "…"];
            } else if (!more) row.more = (row.more?.remove(), null);
        });
    }

    private head(row: Row, name: string | undefined): void {
        if (!name) row.th = (row.th?.remove(), null);
        else if (!row.th) {
            row.th = document.createElement("th");
            row.th.scope = "row";
            row.th.textContent = name;
            row.tr.prepend(row.th);
        } else if (row.th.textContent !== name) row.th.textContent = name;
    }

    private made(row: Row): Drawn {
        const td = document.createElement("td");
        const text = document.createTextNode("");
        const button = this.live ? td.appendChild(document.createElement("button")) : null;
        (button ?? td).append(text);
        if (button) button.tabIndex = -1;
        row.tr.insertBefore(td, row.more);
        return { td, button, text, old: null, shows: null, focus: false };
    }

    /** Touches what is another than before, nothing else. */
    private show(drawn: Drawn, cell: Cell, focus: boolean): void {
        const { td, button, text, shows } = drawn;
        if (shows?.kind !== cell.kind) td.className = cell.kind;
        if (shows?.text !== cell.text) text.data = cell.text;
        if (!shows || !Object.is(shows.value, cell.value)) (button ?? td).dataset.value = String(cell.value);
        if (button) {
            if (shows?.at !== cell.at) button.dataset.at = String(cell.at);
            if (shows?.chosen !== cell.chosen) button.ariaPressed = String(cell.chosen);
            if (drawn.focus !== focus) button.tabIndex = focus ? 0 : -1;
        }
        if (cell.old === null) drawn.old = (drawn.old?.remove(), null);
        else {
            if (!drawn.old) {
                drawn.old = td.appendChild(document.createElement("span"));
                drawn.old.className = "was";
            }
            if (drawn.old.textContent !== cell.old) drawn.old.textContent = cell.old;
            drawn.old.dataset.was = String(cell.was);
        }
        [drawn.shows, drawn.focus] = [cell, focus];
    }
}
