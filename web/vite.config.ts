import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// Two builds of the same sources. The page that is served: modules, screens on demand, answers from the server.
// And with `--mode carried.NAME`, src/carried/NAME.ts as one classic script, for a page that has no server.
const OUT = "../src/chainrule/lab/page";
const served = {
    outDir: OUT,
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    cssCodeSplit: false,
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: "shared", minShareCount: 2 }] } } },
};
const carried = (name: string) => ({
    outDir: `${OUT}/carried`,
    emptyOutDir: false,
    copyPublicDir: false,
    cssCodeSplit: false,
    modulePreload: false as const,
    rolldownOptions: {
        input: `src/carried/${name}.ts`,
        transform: { define: { "import.meta": "{}" } },
        output: { format: "iife" as const, codeSplitting: false, entryFileNames: `${name}.js`, assetFileNames: `${name}[extname]` },
    },
});

export default defineConfig(({ mode }) => {
    const name = mode.startsWith("carried.") ? mode.slice("carried.".length) : "";
    const answers = new URL("src/core/carried.ts", import.meta.url).pathname;
    const numbers = new URL("src/core/interpolate.ts", import.meta.url).pathname;
    return {
        base: "./", // every address is relative: the token is the first part of the path
        plugins: [svelte()],
        resolve: { alias: [{ find: "d3-interpolate", replacement: numbers }, ...(name ? [{ find: /^\.\/served$/, replacement: answers }] : [])] },
        build: {
            target: "es2023",
            assetsInlineLimit: 0, // data: addresses are not allowed by the policy
            ...(name ? carried(name) : served),
        },
        worker: { format: "iife" },
        test: { include: ["src/**/*.test.ts"] },
    };
});
