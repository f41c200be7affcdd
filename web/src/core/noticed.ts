// What a visitor has done on a screen, by name: the guided path asks for it, screens tell it.

import { SvelteMap } from "svelte/reactivity";

export const noticed = new SvelteMap<string, number>();
