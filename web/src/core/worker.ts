// The worker: imports the emitted program and answers the page. One request, one answer.

import type { Answer, Request } from "./contract";
import { Machine, type Module } from "./machine";

let machine: Machine | null = null;

declare const network: Module;

/** The emitted program. A classic script, in a classic worker: from file:// a browser starts no others. */
function imported(text: string): Module {
    const address = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    try {
        (self as unknown as { importScripts(address: string): void }).importScripts(address);
        return network;
    } finally {
        URL.revokeObjectURL(address);
    }
}

function respond(request: Request): Omit<Answer, "id"> {
    if (request.kind === "load") {
        const { program, data, seed } = request;
        machine = new Machine(imported(program.module), program, data, seed);
        return {};
    }
    if (!machine) throw new Error("nothing is loaded");
    switch (request.kind) {
        case "reset":
            machine.reset(request.seed);
            return {};
        case "advance":
            machine.advance(request.steps, request.milliseconds);
            return { snapshot: machine.snapshot(request.wants) };
        case "look":
            return { snapshot: machine.snapshot(request.wants) };
        case "grid":
            return { outputs: machine.setGrid(request.rows, request.count) };
        case "set":
            machine.set(request.name, request.index, request.value);
            return { t: machine.t };
        case "settings":
            Object.assign(machine.h, request.settings);
            machine.diverged = null;
            return { t: machine.t };
        case "predict":
            return { outputs: machine.predict(request.rows, request.count) };
        case "check":
            return { difference: machine.difference(request.name, request.index) };
        case "curve":
            return { curve: machine.curve(request.layer, request.z, request.error, request.target) };
        case "asked":
            return { outputs: machine.asked(request.x, request.delta, request.rate) };
        case "pulls":
            return { outputs: machine.pulls(request.layer, request.unit, request.source) };
        case "landscape":
            return { landscape: machine.landscape(request.over) };
        case "original":
            machine.original = request.program && { module: imported(request.program.module), program: request.program };
            return {};
        case "glimpse":
            return { glimpse: machine.glimpse(request.epoch) };
        case "story":
            return { story: machine.story(request.names) };
    }
}

/** The memory of an answer's arrays: it goes to the page without being copied. */
function buffers(answer: object): Transferable[] {
    const found = new Set<Transferable>();
    const look = (value: unknown, depth: number): void => {
        if (ArrayBuffer.isView(value)) found.add(value.buffer as ArrayBuffer);
        else if (depth && value !== null && typeof value === "object") for (const inner of Object.values(value)) look(inner, depth - 1);
    };
    look(answer, 5);
    return [...found];
}

self.onmessage = (event: MessageEvent<Request & { id: number }>) => {
    const { id, ...request } = event.data;
    try {
        const answer = respond(request as Request);
        self.postMessage({ id, ...answer }, buffers(answer));
    } catch (error) {
        self.postMessage({ id, error: String(error) });
    }
};
