import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Variable, VariableView } from "../../kernel/protocol/jupyter";
import { type Recorder, useKernels } from "./kernels";

const start = useKernels();

const variablesOf = async ({ client }: Recorder, path?: string): Promise<ReadonlyMap<string, Variable>> => {
  const reply = await client.request("isoflop_variables_request", { path });
  if (!("variables" in reply)) throw new Error(JSON.stringify(reply));
  return new Map(reply.variables.map((variable) => [variable.name, variable]));
};

describe("variables", () => {
  it("say of a function that was compiled and traced that it is one", async () => {
    const client = await (await start()).connect();
    await client.run('import { compile, ones } from "isoflop"; const twice = compile((x: ReturnType<typeof ones>) => x.add(x)); const later = compile((x: ReturnType<typeof ones>) => x); await (await twice(ones([2]))).data();');
    const all = await variablesOf(client);
    expect([all.get("twice")?.type, all.get("later")?.type]).toEqual(["compiled function", "function"]);
  });

  it("have type, summary, shape, dtype and bytes; models are trees by path; imports are left out and functions come last", async () => {
    const client = await (await start()).connect();
    await client.run(`
      import { nn, random, ones, tensor } from "isoflop"; import fs from "node:fs";
      const f = (x: number) => x; class Thing { a = 1 }
      const model = nn.gpt({ vocab: 8, depth: 1, width: 4, heads: 1, context: 4, key: random.key(0) });
      const x = tensor([[1, 2], [3, 4]]); const lazy = ones([3]); const n = 5; const list = [1, "two", { three: 3 }]; const map = new Map([["k", x]]); const thing = new Thing();`);
    const all = await variablesOf(client);
    expect([...all.keys()]).toEqual(["model", "x", "lazy", "n", "list", "map", "thing", "f", "Thing"]);
    expect(all.get("x")).toEqual({ name: "x", path: "x", type: "Tensor", summary: "float32 [2, 2]", shape: [2, 2], dtype: "float32", bytes: 16, device: "host", children: 0 });
    expect(all.get("lazy")?.summary).toBe("float32 [3], not computed yet");
    expect(all.get("model")).toMatchObject({ type: "Gpt", bytes: expect.any(Number), children: expect.any(Number) });
    expect([all.get("thing")?.type, all.get("f")?.type, all.get("Thing")?.type, all.get("map")?.bytes]).toEqual(["Thing", "function", "class", 16]);
    expect((await variablesOf(client, "model.blocks.0.mlp.up")).get("weight")).toMatchObject({ path: "model.blocks.0.mlp.up.weight", dtype: "float32", shape: expect.any(Array) });
    expect((await variablesOf(client, "map")).get("k")).toMatchObject({ path: "map.#0", type: "Tensor" });
    expect((await variablesOf(client, "list")).get("2")).toMatchObject({ path: "list.2", children: 1 });
  });

  it("that throw, lie, are endless or huge are harmless, and none of their code runs", async () => {
    const client = await (await start()).connect();
    await client.run(`
      var ran = 0;
      const getter = { get boom() { ran++; throw new Error("no") }, fine: 1 };
      const proxy = new Proxy({}, { get() { ran++; throw new Error("no") }, ownKeys() { ran++; throw new Error("no") }, getPrototypeOf() { ran++; throw new Error("no") } });
      const cycle: any = { name: "c" }; cycle.self = cycle; cycle.proxy = proxy;
      const huge = Array.from({ length: 2e6 }, (_, i) => i); const dotted = { "a.b": { c: 1 } };
      const odd = { [Symbol.toStringTag]: 5, [Symbol.for("nodejs.util.inspect.custom")]() { ran++; throw new Error("no") }, constructor: null };
      const bare = Object.create(null); const dead = Object.assign(new (class { constructor() {} })(), { size: "x" }); const text = "long ".repeat(1e6); const fake = Object.create(Map.prototype);`);
    const all = await variablesOf(client);
    expect(all.get("ran")?.summary).toBe("0");
    expect(all.get("proxy")).toMatchObject({ type: "Proxy", children: 0 });
    expect(all.get("huge")?.children).toBe(2e6);
    expect([...all.values()].every(({ summary }) => summary.length < 200)).toBe(true);
    expect((await variablesOf(client, "getter")).get("boom")).toMatchObject({ type: "getter", children: 0 });
    expect((await variablesOf(client, "cycle.self.self.self")).get("name")?.summary).toBe('"c"');
    expect((await variablesOf(client, "dotted.a.b")).get("c")?.summary).toBe("1");
    expect((await variablesOf(client, "huge")).size).toBe(200);
    expect(await client.client.request("isoflop_variables_request", { limit: 2 })).toMatchObject({ total: 11 });
    expect(await client.client.request("isoflop_variables_request", { path: "getter.boom" })).toMatchObject({ status: "error" });
  });
});

describe("views of variables", () => {
  it("are bundles of the view where the variable fits, and errors that say what would fit elsewhere", async () => {
    const client = await (await start()).connect();
    await client.run(`
      import { compile, nn, random, softmax, random as r, matmul, fitIsoflop } from "isoflop";
      const model = nn.gpt({ vocab: 8, depth: 1, width: 8, heads: 2, context: 4, key: random.key(0) });
      const weights = softmax(random.normal(random.key(1), [2, 2, 5, 5])); const runs = [1e6, 2e6, 4e6].map((params) => ({ params, loss: 3 / params ** 0.1 }));
      const step = compile((m: typeof model, x) => m.call(x)); const n = 7; const matrix = random.normal(random.key(2), [6, 4]);`);
    const mimes = async (path: string, view: VariableView): Promise<unknown> => {
      const reply = await client.client.request("isoflop_view_request", { path, view });
      return "data" in reply ? Object.keys(reply.data) : reply;
    };
    expect(await mimes("n", "value")).toEqual(["text/plain"]);
    for (const [path, view] of [["matrix", "tensor"], ["model.tokens.weight", "tensor"], ["weights", "attention"], ["matrix", "spectrum"], ["model", "spectrum"], ["runs", "scaling"], ["model", "cost"]] as const) {
      expect(await mimes(path, view), `${view} of ${path}`).toEqual(expect.arrayContaining([`application/vnd.isoflop.${view}.v1+json`, "text/plain"]));
    }
    expect(await mimes("step", "cost")).toMatchObject({ status: "error", evalue: expect.stringContaining("a compiled function that has run") });
    await client.run("import { tensor } from 'isoflop'; await step(model, tensor([[1, 2, 3, 4]], 'int32'))");
    expect(await mimes("step", "cost")).toEqual(expect.arrayContaining(["application/vnd.isoflop.cost.v1+json"]));
    for (const view of ["tensor", "attention", "spectrum", "scaling", "cost"] as const) expect(await mimes("n", view)).toMatchObject({ status: "error", evalue: expect.stringContaining("that is a view of") });
  });
});

describe("exports", () => {
  it("write a model with its weights, and a compiled function with its arguments as inputs; both come back as functions", async () => {
    const kernel = await start();
    const client = await kernel.connect();
    await client.run(`
      import { compile, nn, random, tensor, importOnnx } from "isoflop";
      const model = nn.gpt({ vocab: 8, depth: 1, width: 8, heads: 2, context: 4, key: random.key(0) }); const x = tensor([[1, 2, 3, 4]], "int32");
      const step = compile((a, b) => ({ sum: a.add(b) })); await step(x, x); const n = 1;`);
    const write = async (path: string, file: string): Promise<unknown> => client.client.request("isoflop_export_request", { path, file });
    expect(await write("model", "model.onnx")).toMatchObject({ status: "ok", file: join(kernel.cwd, "model.onnx"), bytes: readFileSync(join(kernel.cwd, "model.onnx")).length });
    expect(await write("step", join(kernel.cwd, "step.onnx"))).toMatchObject({ status: "ok" });
    expect(await write("n", "n.onnx")).toMatchObject({ status: "error", ename: "ArgumentError" });
    expect(await write("step", join(kernel.cwd, "missing", "step.onnx"))).toMatchObject({ status: "error", ename: "DeviceError" });
    const check = await client.run(`
      const { readFileSync } = await import("node:fs"); const again = importOnnx(readFileSync("model.onnx"));
      const [mine, theirs] = [await model.call(x).numbers(), await Object.values(again.call({ x }))[0].numbers()]; Math.max(...mine.map((v, i) => Math.abs(v - theirs[i]))) < 1e-5`);
    expect(check).toMatchObject({ status: "ok" });
    expect(client.of("execute_result").at(-1)?.content).toMatchObject({ data: { "text/plain": "true" } });
  });
});

describe("profiles and devices", () => {
  it("a profile has a span for each cell and each run of a program, as a Chrome trace", async () => {
    const client = await (await start()).connect();
    await client.run("import { compile, ones } from 'isoflop'; const square = compile((x) => x.mul(x), { name: 'square' }); const a = ones([8]);");
    expect(await client.client.request("isoflop_profile_request", { enable: true })).toEqual({ status: "ok" });
    await client.run("await square(a); await square(a);", { isoflop_cell: "4" });
    const reply = await client.client.request("isoflop_profile_request", { enable: false });
    const { traceEvents } = JSON.parse("trace" in reply ? String(reply.trace) : "{}");
    const names = traceEvents.filter(({ ph }: { ph: string }) => ph === "X").map(({ name }: { name: string }) => name);
    expect(names.filter((name: string) => name === "square")).toHaveLength(2);
    expect(names).toContain("cell 4");
    expect(await client.client.request("isoflop_profile_request", { enable: false })).toEqual({ status: "ok" });
  });

  it("a device that does not exist is refused with those that do; the one in use stays", async () => {
    const { client } = await (await start()).connect();
    expect(await client.request("isoflop_device_request", { device: "tpu" })).toMatchObject({ status: "error", ename: "ArgumentError", evalue: expect.stringContaining('"cpu"') });
    expect(await client.request("isoflop_device_request", { device: "cpu" })).toMatchObject({ status: "ok", kernel: { device: "cpu" } });
  });

  it("threads are limited by the command line", async () => {
    const client = await (await start({ args: ["--threads", "1"] })).connect();
    await client.run("import 'isoflop'");
    expect(await client.client.request("isoflop_device_request", { device: "cpu" })).toMatchObject({ kernel: { executor: expect.stringContaining("1 thread") } });
  });
});
