// The screens, each loaded when it is first opened.

import type { Component } from "svelte";

export interface Screen {
    name: string;
    load: () => Promise<{ default: Component }>;
    sampled: boolean; // of many rows its figures draw some
}

export const SCREENS: Screen[] = [
    { name: "network", load: () => import("./Network.svelte"), sampled: true },
    { name: "steps", load: () => import("./Steps.svelte"), sampled: false },
    { name: "slope", load: () => import("./Slope.svelte"), sampled: true },
    { name: "factors", load: () => import("./Factors.svelte"), sampled: true },
    { name: "health", load: () => import("./Health.svelte"), sampled: true },
    { name: "descent", load: () => import("./Descent.svelte"), sampled: true },
    { name: "compare", load: () => import("./Compare.svelte"), sampled: true },
    { name: "correlation", load: () => import("./Correlation.svelte"), sampled: true },
];
