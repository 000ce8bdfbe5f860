import { describe, expect, it } from "vitest";
import { useKernels } from "./kernels";

const start = useKernels();

const TRAIN = `
import { compile, matmul, ones, tensor, input } from "isoflop";
const step = compile((w, x) => { let h = x; for (let i = 0; i < 40; i++) h = matmul(h, w, { alpha: 1 / 512 }); return { w: w.mul(0.999), h }; }, { donate: ["w"] });
let w = ones([512, 512]); const x = ones([512, 512]); let steps = 0;
({ w } = await step(w, x));`;

describe("interrupts", () => {
  it.each([
    ["a hot loop", "let n = 0; console.log('go'); while (true) n++"],
    ["a loop whose awaits never let the thread go", "var n = 0; console.log('go'); while (true) { await null; n++ }"],
    ["a wait", "var n = 1; console.log('go'); await new Promise(() => {})"],
    ["a flood of output", "var n = 0; while (true) { n++; console.log('go') }"],
  ])("stop %s; names keep their values, and cells that wait are taken back", async (_, code) => {
    const client = await (await start()).connect();
    const running = client.run(code);
    const waiting = client.run("'never'");
    await client.says("go");
    expect(await client.client.request("interrupt_request", {})).toEqual({ status: "ok" });
    expect(await running).toMatchObject({ status: "error", ename: "InterruptError" });
    expect(await waiting).toEqual({ status: "aborted" });
    expect(await client.run("n > 0")).toMatchObject({ status: "ok" });
    expect(client.of("execute_result").at(-1)?.content).toMatchObject({ data: { "text/plain": "true" } });
  });

  it("stop a training step in the middle; the state of before it goes on", async () => {
    const client = await (await start()).connect();
    expect(await client.run(TRAIN)).toMatchObject({ status: "ok" });
    const running = client.run("for (;;) { ({ w } = await step(w, x)); if (++steps === 2) console.log('training'); }");
    await client.says("training");
    await client.client.request("interrupt_request", {});
    expect(await running).toMatchObject({ status: "error" });
    expect(await client.run("({ w } = await step(w, x)); const value = (await w.numbers())[0]; value > 0 && value < 1")).toMatchObject({ status: "ok" });
    expect(client.of("execute_result").at(-1)?.content).toMatchObject({ data: { "text/plain": "true" } });
  });

  it("end the wait for input", async () => {
    const client = await (await start()).connect();
    const running = client.run("import { input } from 'isoflop'; await input('?')", { allow_stdin: true });
    await client.until(({ header }) => header.msg_type === "input_request");
    await client.client.request("interrupt_request", {});
    expect(await running).toMatchObject({ status: "error", ename: "InterruptError" });
    expect(await client.run("1")).toMatchObject({ status: "ok" });
  });

  it("that come when nothing runs, or by a signal, hit no later cell", async () => {
    const kernel = await start();
    const client = await kernel.connect();
    await client.run("1");
    await client.client.request("interrupt_request", {});
    kernel.process.kill("SIGINT");
    expect(await client.run("for (let i = 0; i < 1e5; i++); 'done'")).toMatchObject({ status: "ok" });
    const running = client.run("console.log('on'); await new Promise(() => {})");
    await client.says("on");
    kernel.process.kill("SIGINT");
    expect(await running).toMatchObject({ ename: "InterruptError" });
  });
});

describe("questions while a cell runs", () => {
  it("about variables are answered in a hot loop, in a wait and in a loop that never lets go, with the values of the moment", async () => {
    const client = await (await start()).connect();
    for (const body of ["let n = 0; console.log('a'); while (true) n++", "var n = 0; console.log('b'); for (;;) { n++; await new Promise((f) => setTimeout(f, 1)) }", "var n = 0; console.log('c'); for (;;) { await null; n++ }"]) {
      const running = client.run(body);
      await client.says(/'(.)'/.exec(body)?.[1] ?? "");
      const look = async (): Promise<number> => {
        const reply = await client.client.request("isoflop_variables_request", {});
        return Number("variables" in reply ? reply.variables.find(({ name }) => name === "n")?.summary : undefined);
      };
      const first = await look();
      let later = await look();
      while (later <= first) later = await look();
      expect(later).toBeGreaterThan(first);
      await client.client.request("interrupt_request", {});
      expect(await running).toMatchObject({ ename: "InterruptError" });
    }
  });

  it("about the kernel are answered while it can do nothing else", async () => {
    const client = await (await start()).connect();
    const running = client.run("console.log('deep'); const end = Date.now() + 1500; while (Date.now() < end) Array.from({ length: 1000 }).sort(); 'ended'");
    await client.says("deep");
    expect(await client.client.request("kernel_info_request", {})).toMatchObject({ status: "ok" });
    expect(client.of("execute_reply")).toHaveLength(0);
    await client.until(({ header }) => header.msg_type === "isoflop_status");
    expect(client.of("isoflop_status")[0].content).toMatchObject({ rssBytes: expect.any(Number), freeBytes: expect.any(Number), cpuLoad: expect.any(Number), gpus: expect.any(Array) });
    expect(await running).toMatchObject({ status: "ok" });
  });
});
