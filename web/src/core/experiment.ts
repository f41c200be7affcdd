// The state of an experiment, and how it is written into the fragment of the address. The token is never in it.

export interface DenseLayer {
    units: number;
    activation: string;
}

export interface Experiment {
    data: { set: string; points: number; noise: number; test: number; seed: number };
    inputs: string[];
    layers: DenseLayer[];
    output: string;
    loss: string;
    bias: boolean;
    initial: string;
    batchNorm: boolean;
    dropout: number;
    optimizer: { name: string; rate: number };
    l1: number;
    l2: number;
    batch: number | null;
    seed: number;
    edits: Record<string, string>;
}

/** A table of one's own, as a link names it: the file itself is asked for where it is opened. */
export interface TableChoice {
    name: string;
    digest: string;
    target: string;
    roles: Record<string, string>;
    task: string;
    read: Record<string, string>; // how the file is read, where that is not found in it: encoding, decimal, ...
}

/** A number that was changed by hand, before step t + 1: a weight, or with the name learning_rate the rate. */
export interface Change {
    t: number;
    name: string;
    index: number;
    value: number;
}

export interface Place {
    screen: string;
    language: string;
    epoch: number;
    chapter: string; // of the guided path; none: ""
    step: number; // so many steps into the epoch
    experiment: Experiment;
    table: TableChoice | null;
    changes: Change[];
}

export const USUAL: Experiment = {
    data: { set: "circle", points: 200, noise: 0.1, test: 0.3, seed: 1 },
    inputs: [],
    layers: [
        { units: 6, activation: "tanh" },
        { units: 4, activation: "tanh" },
    ],
    output: "sigmoid",
    loss: "binary_cross_entropy",
    bias: true,
    initial: "glorot",
    batchNorm: false,
    dropout: 0,
    optimizer: { name: "gradient_descent", rate: 0.3 },
    l1: 0,
    l2: 0,
    batch: 10,
    seed: 1,
    edits: {},
};

/** The network with which it all began: 3-4-1, sigmoid, no bias, half the squared error, rate 1. */
export const FOUNDING: Experiment = {
    ...USUAL,
    data: { set: "founding_xor", points: 4, noise: 0, test: 0, seed: 0 },
    layers: [{ units: 4, activation: "sigmoid" }],
    loss: "half_squared_error",
    bias: false,
    initial: "uniform",
    optimizer: { name: "gradient_descent", rate: 1 },
    batch: null,
};

/** The network file that Python derives from: everything but format and inputs. */
export function networkOf(experiment: Experiment, outputs: number): Record<string, unknown> {
    const { bias, initial, batchNorm, dropout, l1, l2 } = experiment;
    const layers: Record<string, unknown>[] = [];
    for (const { units, activation } of experiment.layers) {
        const more = batchNorm ? { batch_norm: true } : { bias };
        layers.push({ layer: "dense", units, activation, ...more, ...start(initial) });
        if (dropout > 0) layers.push({ layer: "dropout", rate: dropout });
    }
    layers.push({ layer: "dense", units: outputs, activation: experiment.output, bias, ...start(initial) });
    const { name, rate } = experiment.optimizer;
    const network: Record<string, unknown> = { layers, loss: experiment.loss, optimizer: { name, rate } };
    if (l1 > 0 && l2 > 0) network.penalty = { name: "elastic_net", l1, l2 };
    else if (l1 > 0) network.penalty = { name: "l1", strength: l1 };
    else if (l2 > 0) network.penalty = { name: "l2", strength: l2 };
    return network;
}

function start(initial: string): Record<string, string> {
    return initial === "auto" ? {} : { initial };
}

/** `#screen=...&data=circle:200:0.1:0.3:1&layers=6:tanh,4:tanh...`: short, and readable where it can be. */
export function toFragment({ screen, language, epoch, step, chapter, experiment: e, table, changes }: Place): string {
    const { data } = e;
    const written: Record<string, string> = {
        screen,
        lang: language,
        data: [data.set, data.points, data.noise, data.test, data.seed].join(":"),
        table: table ? `${table.digest}:${table.name}` : "",
        target: table?.target ?? "",
        roles: table && Object.keys(table.roles).length ? JSON.stringify(table.roles) : "",
        task: table && table.task !== "auto" ? table.task : "",
        read: table && Object.keys(table.read).length ? JSON.stringify(table.read) : "",
        inputs: e.inputs.join(";"),
        layers: e.layers.map((l) => `${l.units}:${l.activation}`).join(";"),
        output: e.output,
        loss: e.loss,
        optimizer: `${e.optimizer.name}:${e.optimizer.rate}`,
        bias: e.bias ? "" : "none",
        initial: e.initial === "glorot" ? "" : e.initial,
        norm: e.batchNorm ? "batch" : "",
        dropout: e.dropout ? String(e.dropout) : "",
        l1: e.l1 ? String(e.l1) : "",
        l2: e.l2 ? String(e.l2) : "",
        batch: e.batch === null ? "all" : String(e.batch),
        seed: String(e.seed),
        edits: Object.keys(e.edits).length ? JSON.stringify(e.edits) : "",
        changes: changesText(changes),
        epoch: epoch ? String(epoch) : "",
        path: chapter,
        step: step ? String(step) : "",
    };
    const kept = Object.entries(written).filter(([, value]) => value !== "");
    return "#" + new URLSearchParams(kept).toString().replaceAll("%3A", ":").replaceAll("%3B", ";").replaceAll("%2C", ",");
}

/** What a fragment says, with the usual in the place of what it does not say or says wrongly; old links stay links. */
export function fromFragment(fragment: string): Partial<Place> & { experiment: Experiment; said: boolean } {
    const read = new URLSearchParams(fragment.replace(/^#/, ""));
    const text = (key: string, usual: string) => (read.get(key) ?? usual).slice(0, 400);
    const number = (key: string | undefined, usual: number, least: number, most: number) => {
        const value = Number(key);
        return key && Number.isFinite(value) && value >= least && value <= most ? value : usual;
    };
    const whole = (key: string | undefined, usual: number, least: number, most: number) =>
        Math.round(number(key, usual, least, most));
    const u = USUAL;
    const data = text("data", "").split(":");
    const optimizer = text("optimizer", "").split(":");
    const listed = (key: string) => text(key, "").split(";").filter(Boolean);
    const layers = read.has("layers") || read.has("data")
        ? listed("layers").slice(0, 8).map((layer) => {
              const [units, ...activation] = layer.split(":");
              return { units: whole(units, 4, 1, 64), activation: activation.join(":") || "tanh" };
          })
        : u.layers;
    return {
        screen: read.get("screen") ?? undefined,
        language: read.get("lang") ?? undefined,
        chapter: read.get("path") ?? "",
        epoch: whole(read.get("epoch") ?? undefined, 0, 0, 1e6),
        step: whole(read.get("step") ?? undefined, 0, 0, 1e6),
        table: tableChoice(read),
        changes: changesOf(read.get("changes")),
        said: read.has("output") || read.has("loss"),
        experiment: {
            data: {
                set: data[0] || u.data.set,
                points: whole(data[1], u.data.points, 4, 2000),
                noise: number(data[2], u.data.noise, 0, 1),
                test: number(data[3], u.data.test, 0, 0.9),
                seed: whole(data[4], u.data.seed, 0, 2 ** 32 - 1),
            },
            inputs: listed("inputs").slice(0, 12),
            layers,
            output: text("output", u.output),
            loss: text("loss", u.loss),
            bias: text("bias", "") !== "none",
            initial: text("initial", u.initial),
            batchNorm: text("norm", "") === "batch",
            dropout: number(read.get("dropout") ?? undefined, 0, 0, 0.9),
            optimizer: { name: optimizer[0] || u.optimizer.name, rate: number(optimizer[1], u.optimizer.rate, 0, 1e6) },
            l1: number(read.get("l1") ?? undefined, 0, 0, 1e3),
            l2: number(read.get("l2") ?? undefined, 0, 0, 1e3),
            batch: text("batch", "") === "all" ? null : whole(read.get("batch") ?? undefined, u.batch ?? 10, 1, 5e4),
            seed: whole(read.get("seed") ?? undefined, u.seed, 0, 2 ** 32 - 1),
            edits: texts(read.get("edits"), 20),
        },
    };
}

/** A link that names a chapter and no experiment: with the first one that the chapter sets up. */
export function withChapter(link: string, chapters: { name: string; ways: { fragment: string }[] }[]): string {
    const said = new URLSearchParams(link.replace(/^#/, ""));
    const chapter = chapters.find(({ name }) => name === said.get("path"));
    if (!chapter || [...said.keys()].some((key) => !["path", "lang", "screen"].includes(key))) return link;
    return `#${new URLSearchParams([...said, ...new URLSearchParams(chapter.ways[0].fragment.slice(1))])}`; // the first of a name counts
}

function tableChoice(read: URLSearchParams): TableChoice | null {
    const [digest, ...name] = (read.get("table") ?? "").split(":");
    if (!/^[0-9a-f]{16}$/.test(digest)) return null;
    const cut = (key: string) => (read.get(key) ?? "").slice(0, 400);
    return { digest, name: name.join(":").slice(0, 200), target: cut("target"), task: cut("task") || "auto", roles: texts(read.get("roles"), 50), read: texts(read.get("read"), 4) };
}

export const changesText = (changes: Change[]) => changes.map(({ t, name, index, value }) => [t, name, index, value].join(",")).join(";");

/** `12,W1,3,0.25;40,learning_rate,0,0.03`, in the order in which it was done. */
export function changesOf(text: string | null): Change[] {
    const found = (text ?? "").split(";").slice(0, 2000).map((change) => {
        const [t, name, index, value] = change.split(",");
        return { t: Number(t), name: name ?? "", index: Number(index), value: value?.trim() ? Number(value) : NaN };
    });
    const right = ({ t, name, index, value }: Change) =>
        Number.isInteger(t) && t >= 0 && /^[A-Za-z_]+\d*(_\d+)?$/.test(name) && Number.isInteger(index) && index >= 0 && Number.isFinite(value);
    return found.filter(right).sort((a, b) => a.t - b.t);
}

/** An object of texts. */
function texts(text: string | null, most: number): Record<string, string> {
    try {
        const found: unknown = JSON.parse(text ?? "{}");
        if (typeof found !== "object" || found === null || Array.isArray(found)) return {};
        const entries = Object.entries(found).filter(([, value]) => typeof value === "string");
        return Object.fromEntries(entries.slice(0, most)) as Record<string, string>;
    } catch {
        return {};
    }
}
