import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync, readdirSync, appendFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { compile, fromHost, mul, runs, tensor, type Tensor } from "../../kernel/index";
import { MetricsFile } from "../../kernel/runs/metricsFile";
import { listRuns } from "../../kernel/runs/readRuns";

let root: string;
let folder: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "isoflop-runs-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));
beforeEach(() => {
  folder = mkdtempSync(join(root, "case-"));
});

describe("a run", () => {
  it("keeps its configuration, metrics, cost, environment and how it ended", async () => {
    const run = runs.start({ name: "First try", config: { lr: 1e-3, sizes: [1, 2], act: Math.tanh, nan: NaN }, group: "g", tags: ["a"], folder });
    const step = compile((x: Tensor) => mul(x, 2));
    run.cost(step.cost(tensor([1, 2, 3])), { tokens: 7 });
    run.log({ loss: 2.5, bad: NaN });
    run.log({ loss: fromHost({ dtype: "float32", shape: [], data: Float32Array.of(1.25) }) }, { step: 3 });
    await run.finish();
    const read = await runs.read(run.id, { folder });
    expect(read).toMatchObject({ name: "First try", group: "g", tags: ["a"], status: "finished", config: { lr: 1e-3, sizes: [1, 2], act: "function tanh", nan: "NaN" } });
    expect(read.rows.map(({ step, flops, tokens, values }) => ({ step, flops, tokens, values: { ...values } }))).toEqual([
      { step: 1, flops: 3, tokens: 7, values: { loss: 2.5, bad: NaN } },
      { step: 3, flops: 9, tokens: 21, values: { loss: 1.25 } },
    ]);
    expect(read.environment.executor).toMatch(/onnxruntime/);
    expect(read.environment.device).toBe("cpu");
    expect(read.environment.git?.commit).toMatch(/^[0-9a-f]{40}$/);
    expect(read.ended).toBeDefined();
    expect(run.id).toMatch(/^\d{4}-\d\d-\d\d-\d{6}-first-try-[0-9a-f]{4}$/);
  });

  it("that failed says why, and takes no more rows", async () => {
    const run = runs.start({ name: "x", folder });
    await run.finish({ error: new Error("diverged") });
    await run.finish();
    expect(await runs.read(run.id, { folder })).toMatchObject({ status: "failed", error: "diverged" });
    expect(() => run.log({ loss: 1 })).toThrow(/ended/);
  });

  it("of the same name that is still open ends as stopped when its cell runs again", async () => {
    const first = runs.start({ name: "x", folder });
    first.log({ loss: 1 });
    const other = runs.start({ name: "y", folder });
    runs.start({ name: "x", folder });
    expect((await runs.list({ folder })).map(({ name, status }) => `${name} ${status}`).sort()).toEqual(["x running", "x stopped", "y running"]);
    expect(first.isOpen).toBe(false);
    expect(other.isOpen).toBe(true);
  });

  it.each([
    [{ loss: "1" }, /type string/],
    [{ loss: null }, /null/],
    [{ loss: tensor([1, 2]) }, /2 elements/],
    [{ loss: mul(tensor(1), 2) }, /await/],
  ])("refuses the metric %#, and goes on", (values, message) => {
    const run = runs.start({ name: "x", folder });
    // SAFETY: what a cell without types may pass.
    expect(() => run.log(values as never)).toThrow(message);
    expect(() => run.log({ loss: 1 }, { step: -1 })).toThrow(/go back/);
    run.log({ loss: 1 });
  });

  it("refuses a name that is empty, a configuration that holds itself, and one that is data", () => {
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    expect(() => runs.start({ name: " ", folder })).toThrow(/without a name/);
    expect(() => runs.start({ name: "x", folder, config: circular })).toThrow(/holds itself/);
    expect(() => runs.start({ name: "x", folder, config: { text: "a".repeat(2e6) } })).toThrow(/write data to a file/);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("says what to do when its folder cannot be made", () => {
    writeFileSync(join(folder, "file"), "");
    expect(() => runs.start({ name: "x", folder: join(folder, "file") })).toThrow(/help:/);
  });

  it("goes on without harm when it is deleted while it runs", async () => {
    const run = runs.start({ name: "x", folder });
    run.log({ loss: 1 });
    await runs.remove(run.id, { folder });
    run.log({ loss: 2 });
    await run.finish();
    expect(await runs.list({ folder })).toEqual([]);
  });
});

describe.skipIf(process.platform !== "linux")("a full disk", () => {
  it("does not end the training: lines wait, one warning is given, and the end says so", async () => {
    const warnings: string[] = [];
    const listen = (warning: Error): void => void warnings.push(warning.message);
    process.on("warning", listen);
    const file = new MetricsFile("/dev/full");
    file.append("1");
    file.append("2");
    await new Promise((done) => setImmediate(done));
    process.off("warning", listen);
    expect(warnings).toEqual([expect.stringMatching(/wait in memory.*no room/)]);
    expect(() => file.close()).toThrow(/no room to write/);
  });
});

describe("a process that records", () => {
  let script: string;
  beforeAll(async () => {
    script = resolve("out", `test-runs-${process.pid}.mjs`);
    mkdirSync("out", { recursive: true });
    await build({ stdin: { contents: `import { start } from "./kernel/runs/index"; const run = start({ name: process.argv[3], folder: process.argv[2] }); for (let i = 1; i <= 5000; i++) run.log({ loss: 1 / i }); process.stdout.write("logged\\n"); if (process.argv[4] === "stay") setInterval(() => undefined, 1000);`, resolveDir: process.cwd(), loader: "ts" }, outfile: script, bundle: true, format: "esm", platform: "node", packages: "external" });
  });
  afterAll(() => rmSync(script, { force: true }));

  const start = (name: string, stay: string) => {
    const child = spawn(process.execPath, [script, folder, name, stay], { stdio: ["ignore", "pipe", "inherit"] });
    return { child, logged: new Promise((done) => child.stdout.once("data", done)), ended: new Promise((done) => child.once("close", done)) };
  };

  it("loses no line when it is killed, and its run is shown as died", async () => {
    const { child, logged, ended } = start("killed", "stay");
    await logged;
    expect((await runs.list({ folder }))[0].status).toBe("running");
    child.kill("SIGKILL");
    await ended;
    const [{ id, status }] = await runs.list({ folder });
    expect(status).toBe("died");
    const { rows } = await runs.read(id, { folder });
    expect(rows).toHaveLength(5000);
    expect(rows[4999].values.loss).toBe(1 / 5000);
  });

  it("leaves a stopped run when it ends by itself, and two at once do not meet", async () => {
    await Promise.all([start("a", "").ended, start("a", "").ended]);
    const found = await runs.list({ folder });
    expect(found.map(({ status }) => status)).toEqual(["stopped", "stopped"]);
    for (const { id } of found) expect((await runs.read(id, { folder })).rows).toHaveLength(5000);
  });
});

describe("reading runs", () => {
  const damaged = async (record: (before: Record<string, unknown>) => unknown): Promise<string> => {
    const run = runs.start({ name: "x", folder });
    run.log({ loss: 3 });
    await run.finish();
    const file = join(run.folder, "run.json");
    const changed = record(JSON.parse(readFileSync(file, "utf8")));
    writeFileSync(file, typeof changed === "string" ? changed : JSON.stringify(changed));
    return run.id;
  };

  it("leaves out an unfinished last line and lines that are no rows", async () => {
    const run = runs.start({ name: "x", folder });
    run.log({ loss: 3 });
    appendFileSync(join(run.folder, "metrics.jsonl"), 'garbage\n{"step":"x","values":{}}\n{"step":2,"seconds":1,"values":{"loss":2,"__proto__":{"a":1},"text":"no"}}\n{"step":3,"values":{"lo');
    const { rows } = await runs.read(run.id, { folder });
    expect(rows.map(({ step, values }) => [step, Object.keys(values)])).toEqual([[1, ["loss"]], [2, ["loss"]]]);
  });

  it.each([
    ["cut in half", () => '{"version":1,"id":"x'],
    ["of another version", (record: object) => ({ ...record, version: 9 })],
    ["without status", (record: object) => ({ ...record, status: "great" })],
    ["without start", (record: object) => ({ ...record, started: "yesterday" })],
    ["that is a list", () => []],
  ])("names a record %s as a problem and shows the others", async (_, change) => {
    const id = await damaged(change);
    await runs.start({ name: "good", folder }).finish();
    const { runs: found, problems } = await listRuns(folder);
    expect(found.map(({ name }) => name)).toEqual(["good"]);
    expect(problems).toMatchObject([{ id, message: expect.stringContaining("help:") }]);
    await expect(runs.read(id, { folder })).rejects.toThrow(/help:/);
    await runs.remove(id, { folder });
    expect((await listRuns(folder)).problems).toEqual([]);
  });

  it("takes a run of a process that has the number of a dead one for died", async () => {
    const old = await damaged((record) => ({ ...record, status: "running", ended: undefined, started: "2020-01-01T00:00:00Z", process: { pid: process.pid, host: hostname() } }));
    const elsewhere = await damaged((record) => ({ ...record, status: "running", process: { pid: 1, host: "another machine" } }));
    const status = new Map((await runs.list({ folder })).map((run) => [run.id, run.status]));
    expect(status.get(old)).toBe("died");
    expect(status.get(elsewhere)).toBe("running");
  });

  it("never leaves the folder, and deletes nothing that is no run", async () => {
    mkdirSync(join(folder, "mine"));
    writeFileSync(join(folder, "mine", "notes.txt"), "");
    for (const id of ["../x", "..", "", "a/b", "/etc", "mine"]) await expect(runs.remove(id, { folder })).rejects.toThrow();
    await expect(runs.read("../x", { folder })).rejects.toThrow(/no id/);
    expect(readdirSync(join(folder, "mine"))).toEqual(["notes.txt"]);
    expect(await runs.list({ folder: join(folder, "missing") })).toEqual([]);
  });

  it("completes the last row by the metrics logged just before", async () => {
    const run = runs.start({ name: "x", folder });
    for (let i = 0; i < 2000; i++) run.log({ loss: 1 / (i + 1) });
    run.log({ validation: 7 });
    const [{ last }] = await runs.list({ folder });
    expect(last).toMatchObject({ step: 2001, values: { loss: 1 / 2000, validation: 7 } });
  });
});
