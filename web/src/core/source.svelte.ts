// The source of the program in hand in one language, the same wherever it is shown: on the screens and in a second window.

import * as api from "./api";
import { download } from "./download";
import { networkOf } from "./experiment";
import { lab } from "./lab.svelte";
import { words } from "./words.svelte";

export const SHOWN: Record<string, string> = { numpy: "NumPy", jax: "JAX", torch: "PyTorch", c: "C", cpp: "C++", cuda: "CUDA", d: "D", javascript: "JavaScript" };
const ENDINGS: Record<string, string> = { numpy: "py", jax: "py", torch: "py", c: "c", cpp: "cpp", cuda: "cu", d: "d", javascript: "js" };

class Source {
    language = $state("numpy");
    teaching = $state(true);
    text = $state("");
    blocks = $state.raw<api.Block[]>([]);
    refused = $state("");

    get takesTeaching(): boolean {
        return lab.choices?.languages.find((row) => row.name === this.language)?.teaching ?? false;
    }

    /** Asks anew when the program, the language or the notes change; for an $effect. */
    keep(): (() => void) | undefined {
        const { program, data } = lab.run;
        if (!program || !data) return;
        const e = lab.experiment;
        const body = {
            columns: data.columns, inputs: lab.table ? [] : [...e.inputs], network: networkOf(e, data.outputs),
            edits: { ...e.edits }, language: this.language, teaching: this.teaching && this.takesTeaching, notes: words.language,
        };
        let current = true;
        const ask = async () => {
            await lab.run.settled(); // with other data comes another network: until both are there, they may not fit
            if (!current) return;
            const answer = await api.source(body);
            if (current) [this.text, this.blocks, this.refused] = [answer.text, answer.blocks, ""];
        };
        ask().catch((error: Error) => { if (current) this.refused = error.message; });
        return () => (current = false);
    }

    download(): void {
        download(`network.${ENDINGS[this.language] ?? "txt"}`, "text/plain", this.text);
    }
}

export const source = new Source();
