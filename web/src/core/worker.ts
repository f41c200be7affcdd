// The worker: imports the emitted module and answers the page. One request, one answer.

import type { Answer, Request } from "./contract";
import { Machine, type Module } from "./machine";

let machine: Machine | null = null;

async function imported(text: string): Promise<Module> {
    const address = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    try {
        return (await import(/* @vite-ignore */ address)) as Module;
    } finally {
        URL.revokeObjectURL(address);
    }
}

async function respond(request: Request): Promise<Omit<Answer, "id">> {
    if (request.kind === "load") {
        const { program, data, seed } = request;
        machine = new Machine(await imported(program.module), program, data, seed);
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
            machine.setGrid(request.rows, request.count);
            return {};
        case "set":
            machine.set(request.name, request.index, request.value);
            return {};
        case "settings":
            Object.assign(machine.h, request.settings);
            machine.diverged = null;
            return {};
        case "predict":
            return { outputs: machine.predict(request.rows, request.count) };
        case "check":
            return { difference: machine.difference(request.name, request.index) };
        case "curve":
            return { curve: machine.curve(request.layer, request.z, request.error) };
        case "pulls":
            return { outputs: machine.pulls(request.layer, request.unit, request.source) };
        case "slice":
            return { slice: machine.slice() };
        case "glimpse":
            return { glimpse: machine.glimpse(request.epoch) };
        case "story":
            return { story: machine.story(request.names) };
    }
}

let queue = Promise.resolve();

self.onmessage = (event: MessageEvent<Request & { id: number }>) => {
    const { id, ...request } = event.data;
    queue = queue.then(async () => {
        try {
            self.postMessage({ id, ...(await respond(request as Request)) });
        } catch (error) {
            self.postMessage({ id, error: String(error) });
        }
    });
};
