/** @file New state of large models: its buffers begin at whole cache lines, and fused kernels write it past the caches. */
import koffi from "koffi";
import { describe, expect, test } from "vitest";
import { compile, loop, mul, random, realize, sum, tensor, type Tensor } from "../../kernel";
import { nodesWithin } from "../../kernel/onnx/nestedGraphs";
import { STREAMED_BYTES } from "../../kernel/onnx/streamedResults";
import { formOf } from "../../kernel/runtime/buffers";
import { executor, lowered, modelOf } from "../../kernel/runtime/session";
import { ALIGNED_BUFFERS } from "../../kernel/runtime/native/alignedBuffers";

const engine = await executor();
const fuses = engine.fuses === true;
const CACHE_LINE = 64n;

/** Two results that leave, one that another kernel reads too. Rows are no multiple of a cache line, so that pieces begin in the middle of one. */
const ROWS = Math.ceil(STREAMED_BYTES / 4 / 3 / 1003);
const outputsOf = (x: Tensor, row: Tensor, column: Tensor): readonly Tensor[] => {
  const read = mul(x, row).add(column);
  return [read.mul(2).add(x), read, sum(x.square().add(read), -1, { keep: true }).add(x), sum(read)];
};

const masksOf = (outputs: readonly Tensor[]): number[] =>
  nodesWithin(modelOf(lowered(outputs, { inputs: [], kernels: engine, fold: false }), engine).graph.nodes).flatMap(({ opType, attributes: { streamed } }) => (opType === "Fused" && streamed.type === "int" ? [streamed.value] : []));

async function operands(rows: number): Promise<readonly [Tensor, Tensor, Tensor]> {
  const made = [random.normal(random.key(1), [rows, 1003]), random.normal(random.key(2), [1003]), random.normal(random.key(3), [rows, 1])] as const;
  await realize([...made]);
  return made;
}

describe.skipIf(!fuses)(`results past the caches${fuses ? "" : " (skipped: this executor fuses nothing)"}`, () => {
  test("are those of large programs that nothing reads there", async () => {
    const masks = masksOf(outputsOf(...(await operands(ROWS))));
    expect(Math.max(...masks)).toBeGreaterThan(0);
    expect(masksOf(outputsOf(...(await operands(8)))).every((mask) => mask === 0)).toBe(true);
  });

  test("are not those that a round of a loop reads, nor what rounds leave", async () => {
    const rows = 3 * ROWS;
    const [x, row, column] = await operands(rows);
    const first = mul(x, row).add(column);
    expect(masksOf([first])).toEqual([1]);
    const total = loop(2, column, (state) => sum(first, -1, { keep: true }).add(state));
    const masks = masksOf([first, total]);
    expect(masks.length).toBeGreaterThan(1);
    expect(masks.every((mask) => mask === 0)).toBe(true);
  });

  test("are the numbers that small programs give", async () => {
    const [x, row, column] = await operands(ROWS);
    const large = await Promise.all((await compile(outputsOf, { name: "large" })(x, row, column)).slice(0, 3).map((t) => t.numbers()));
    // The same rows by themselves: too few for that path.
    const [data, offsets] = [await x.data(), await column.data()];
    for (const first of [0, 1, 517, ROWS - 8]) {
      const part = [tensor([...data.slice(first * 1003, (first + 8) * 1003)].map(Number)).reshape([8, 1003]), row, tensor([...offsets.slice(first, first + 8)].map(Number)).reshape([8, 1])] as const;
      const small = await Promise.all((await compile(outputsOf, { name: "small" })(...part)).slice(0, 3).map((t) => t.numbers()));
      small.forEach((values, i) => expect(large[i].slice(first * 1003, (first + 8) * 1003)).toEqual(values));
    }
  });
});

describe("buffers of results", () => {
  test("begin at a cache line, small ones apart, and take over only their own", () => {
    const form = formOf({ dtype: "float32", shape: [5000] });
    const made = ALIGNED_BUFFERS.make(form);
    expect(made.data).toHaveLength(5000);
    expect(BigInt(koffi.address(made.data)) % CACHE_LINE).toBe(0n);
    expect(ALIGNED_BUFFERS.takeOver(made, form)?.data).toBe(made.data);
    expect(ALIGNED_BUFFERS.takeOver({ data: new Float32Array(5000) }, form)).toBeUndefined();
    const small = { data: new Float32Array(8) };
    expect(ALIGNED_BUFFERS.takeOver(small, formOf({ dtype: "float32", shape: [8] }))?.data).toBe(small.data);
  });
});
