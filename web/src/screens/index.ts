// The screens, each loaded when it is first opened.

import type { Component } from "svelte";

export interface Screen {
    name: string;
    load: () => Promise<{ default: Component }>;
}

export const SCREENS: Screen[] = [
    { name: "network", load: () => import("./Network.svelte") },
    { name: "steps", load: () => import("./Steps.svelte") },
    { name: "slope", load: () => import("./Slope.svelte") },
    { name: "factors", load: () => import("./Factors.svelte") },
    { name: "health", load: () => import("./Health.svelte") },
    { name: "descent", load: () => import("./Descent.svelte") },
    { name: "compare", load: () => import("./Compare.svelte") },
    { name: "correlation", load: () => import("./Correlation.svelte") },
];
