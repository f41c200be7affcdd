// Everything said to people comes from the catalogue; numbers are written as the language writes them.

import * as api from "./api";

export const NAMES: Record<string, string> = {
    en: "English",
    es: "Español",
    de: "Deutsch",
    "zh-Hans": "简体中文",
    "zh-Hant": "繁體中文",
};

class Words {
    language = $state("en");
    private texts = $state.raw<Record<string, string>>({});
    private formats = new Map<string, Intl.NumberFormat>(); // making one takes a hundred times as long as using it
    private readonly plural = $derived(new Intl.PluralRules(this.language));

    private turn = 0; // counts the wishes for a language

    /** `known`: its texts, where they are here already. */
    async speak(language: string, known?: Record<string, string>): Promise<void> {
        const turn = ++this.turn;
        const texts = known ?? (await api.messages(language));
        if (turn !== this.turn) return; // another language was asked for meanwhile
        this.texts = texts;
        this.language = language;
        document.documentElement.lang = language;
        document.title = this.say("lab.title");
    }

    /**
     * The text of a key; `{name}` is filled in, and `{name:one|many}` is the form that goes with that number.
     * A key that is missing shows itself: a test looks for that.
     */
    say(key: string, values: Record<string, string | number> = {}): string {
        const text = this.texts[key] ?? `⟦${key}⟧`;
        return text.replace(/\{([a-z_]+)(?::([^{}|]*)\|([^{}]*))?\}/g, (whole, name: string, one?: string, many?: string) => {
            const value = values[name];
            if (value === undefined) return whole;
            if (one !== undefined && many !== undefined) return this.plural.select(Number(value)) === "one" ? one : many;
            return typeof value === "number" ? this.whole(value) : value;
        });
    }

    has(key: string): boolean {
        return key in this.texts;
    }

    whole(value: number): string {
        return this.format("whole", { maximumFractionDigits: 20 }).format(value);
    }

    /** A number in so many digits; very large and very small ones with a power of ten. */
    number(value: number | null | undefined, digits = 4): string {
        if (value === null || value === undefined || Number.isNaN(value)) return value === undefined || value === null ? "–" : "NaN";
        if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
        const size = Math.abs(value);
        const far = size !== 0 && (size >= 1e5 || size < 1e-4);
        const decimals = size >= 100 ? 1 : size >= 10 ? 2 : digits;
        const format = far
            ? this.format(`far${digits}`, { notation: "scientific", maximumSignificantDigits: Math.min(digits, 3) })
            : size < 0.1
              ? this.format(`small${digits}`, { maximumSignificantDigits: Math.min(digits, 4) })
              : this.format(`up to ${decimals}`, { maximumFractionDigits: decimals });
        return format.format(value).replace("-", "−");
    }

    /** A number of fixed width, for columns: always so many decimals. */
    fixed(value: number, decimals = 3): string {
        if (!Number.isFinite(value)) return this.number(value);
        const size = Math.abs(value);
        if (size >= 1e4) return this.number(value, 3);
        if (size < 0.5 * 10 ** -decimals) value = 0;
        const options = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
        return this.format(`always ${decimals}`, options).format(value).replace("-", "−");
    }

    percent(value: number): string {
        return this.format("percent", { style: "percent", maximumFractionDigits: 1 }).format(value);
    }

    private format(key: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
        const known = `${this.language} ${key}`;
        let found = this.formats.get(known);
        if (!found) this.formats.set(known, (found = new Intl.NumberFormat(this.language, options)));
        return found;
    }
}

export const words = new Words();
export const say = (key: string, values?: Record<string, string | number>) => words.say(key, values);
