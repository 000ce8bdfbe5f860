import { expect, it } from "vitest";
import { useKernels } from "./kernels";

const start = useKernels();

const HEAP = `(await import("node:v8")).setFlagsFromString("--expose_gc"); const collect = (await import("node:vm")).runInNewContext("gc"); collect(); await new Promise((f) => setTimeout(f, 20)); collect(); const memory = process.memoryUsage(); memory.heapUsed + memory.external`;

it("cells leave little behind: less than their own output", async () => {
  const client = await (await start()).connect();
  const heap = async (): Promise<number> => {
    await client.run(HEAP);
    return Number(Object.values(client.of("execute_result").at(-1)?.content.data ?? {})[0]);
  };
  const cells = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) await client.run("console.log('x'.repeat(20_000)); (await import('isoflop')).display('y'.repeat(20_000)); const array = new Float64Array(10_000).fill(1); array.length");
  };
  await cells(50);
  const before = await heap();
  await cells(100);
  // Arrays that are held would be 8 MB, outputs and displays 2 MB each.
  expect((await heap()) - before).toBeLessThan(1.5e6);
}, 120_000);
