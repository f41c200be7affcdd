import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

export default defineConfig({
    base: "./", // every address is relative: the token is the first part of the path
    plugins: [svelte()],
    build: {
        outDir: "../src/chainrule/lab/page",
        emptyOutDir: true,
        target: "es2023",
        assetsInlineLimit: 0, // data: addresses are not allowed by the policy
        modulePreload: { polyfill: false },
    },
    worker: { format: "es" },
    test: { include: ["src/**/*.test.ts"] },
});
