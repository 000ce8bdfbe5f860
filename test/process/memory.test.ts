import { expect, it } from "vitest";
import { type Recorder, useKernels } from "./kernels";

const start = useKernels();

const HEAP = `(await import("node:v8")).setFlagsFromString("--expose_gc"); const collect = (await import("node:vm")).runInNewContext("gc"); for (let i = 0; i < 12; i++) { collect(); await new Promise((f) => setTimeout(f, 5)); } const memory = process.memoryUsage(); memory.heapUsed + memory.external`;

/** Bytes in use after a collection. */
async function heapOf(client: Recorder): Promise<number> {
  await client.run(HEAP);
  return Number(Object.values(client.of("execute_result").at(-1)?.content.data ?? {})[0]);
}

it("cells leave little behind: less than their own output", async () => {
  const client = await (await start()).connect();
  const cells = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) await client.run("console.log('x'.repeat(20_000)); (await import('isoflop')).display('y'.repeat(20_000)); const array = new Float64Array(10_000).fill(1); array.length");
  };
  await cells(50);
  const before = await heapOf(client);
  await cells(100);
  // Arrays that are held would be 8 MB, outputs and displays 2 MB each.
  expect((await heapOf(client)) - before).toBeLessThan(1.5e6);
}, 120_000);

it("cells leave their text, as written and as compiled; their maps go when newer ones come", async () => {
  const client = await (await start()).connect();
  const LENGTH = 20_000;
  const COUNT = 170;
  const cells = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) await client.run(`const value = ${i}; // ${String(i).padEnd(LENGTH, "x")}`);
  };
  await cells(80);
  const before = await heapOf(client);
  await cells(COUNT);
  // A source map that is held takes forty times its source.
  expect((await heapOf(client)) - before).toBeLessThan(4 * COUNT * LENGTH);
}, 240_000);

it("ten thousand cells leave no more than their text", async () => {
  const client = await (await start()).connect();
  let count = 0;
  const cells = async (until: number): Promise<void> => {
    while (count < until) {
      const batch = Array.from({ length: 100 }, () => `const value = ${++count};\nconst twice = [1, 2].map((x) => x * value);\nconsole.log("step", value);\ntwice`);
      await Promise.all(batch.map((code) => client.run(code)));
      client.envelopes.length = 0;
    }
  };
  await cells(2000);
  const before = await heapOf(client);
  await cells(10_000);
  // The text of such a cell takes 120 bytes, its maps 800. What the engine compiles of the kernel itself grows by a megabyte after the first thousands.
  expect((await heapOf(client)) - before).toBeLessThan(8000 * 300 + 1e6);
}, 600_000);
