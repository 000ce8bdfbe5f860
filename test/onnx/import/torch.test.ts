/** @file Models exported by torch: outputs and gradients as torch computes them, eagerly and compiled. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { valueAndGrad } from "../../../kernel/autodiff/grad";
import { hostArrayFrom, toNumbers, type HostTensor } from "../../../kernel/graph/dtype";
import { cos, mul, sub } from "../../../kernel/graph/ops/elementwise";
import { iota, reshape } from "../../../kernel/graph/ops/movement";
import { sum } from "../../../kernel/graph/ops/reduction";
import { fromHost, realize, tensor, type Tensor } from "../../../kernel/graph/tensor";
import { leaves, map, zip } from "../../../kernel/graph/tree";
import { importOnnx, type ImportedModel } from "../../../kernel/onnx/import/importOnnx";
import { decodeModel } from "../../../kernel/onnx/protobuf";
import { compile } from "../../../kernel/runtime/compile";
import "../../../kernel/runtime/realize";
import { byOnnxruntime, closeTo, numbers } from "./againstOnnxruntime";

interface Expected {
  readonly x: readonly number[];
  readonly xShape: readonly number[];
  readonly y: readonly number[];
  readonly yShape: readonly number[];
  readonly grads: Readonly<Record<string, readonly number[]>>;
}

const read = (file: string): Buffer => readFileSync(new URL(`../fixtures/${file}`, import.meta.url));
const bytesOf = (name: string): Buffer => read(`${name}.onnx`);
// SAFETY: made by makeTorchModels.py.
const expectedOf = (name: string): Expected => JSON.parse(read(`${name}.json`).toString()) as Expected;
const inputOf = (name: string, { x, xShape }: Pick<Expected, "x" | "xShape">): Tensor => {
  const dtype = name === "transformer" ? "int64" : "float32";
  return fromHost({ dtype, shape: xShape, data: hostArrayFrom(dtype, x) });
};

/** The loss of the script: the output times fixed numbers, summed. */
const loss = (model: ImportedModel, x: Tensor): Tensor => {
  const { y } = model.call({ x });
  return sum(mul(y, reshape(cos(iota(y.size, "float32")), y.shape)));
};

/** Gradients that sum thousands of terms differ in their last digits. */
const TOLERANCE = 1e-4;

describe.each(["convNet", "transformer", "recurrent"])("torch's %s", (name) => {
  const expected = expectedOf(name);

  it("gives torch's outputs", async () => {
    const { y } = importOnnx(bytesOf(name)).call({ x: inputOf(name, expected) });
    expect(y.shape).toEqual(expected.yShape);
    closeTo(await y.numbers(), Float64Array.from(expected.y), TOLERANCE);
  });

  it("gives torch's gradients, in one compiled step", async () => {
    const model = importOnnx(bytesOf(name));
    const step = compile((m: ImportedModel, x: Tensor) => valueAndGrad(loss)(m, x));
    const [, grads] = await step(model, inputOf(name, expected));
    let compared = 0;
    for (const [path, gradient] of leaves(grads)) {
      const want = expected.grads[path.slice("parameters.".length)];
      if (want === undefined) continue;
      closeTo(await gradient.numbers(), Float64Array.from(want), TOLERANCE);
      compared++;
    }
    // Batch normalization and its convolution are merged in the export; all else keeps torch's names.
    expect(compared).toBe(name === "convNet" ? 8 : Object.keys(expected.grads).length);
  });

  it("takes other sizes where the file names them", async () => {
    const [first, ...rest] = expected.xShape;
    const shape = name === "transformer" ? [3, 4] : name === "recurrent" ? [4, 1, 4] : [first + 1, ...rest];
    const x: HostTensor = name === "transformer" ? numbers("int64", shape, { low: 0, high: 10 }) : numbers("float32", shape);
    const [want] = await byOnnxruntime(decodeModel(bytesOf(name)), { x });
    const { y } = importOnnx(bytesOf(name)).call({ x: fromHost(x) });
    expect(y.shape).toEqual(want.shape);
    closeTo(await y.numbers(), toNumbers(want), TOLERANCE);
  });
});

describe("an imported model", () => {
  it("can be fine-tuned: its parameters are those of a tree", async () => {
    const expected = expectedOf("transformer");
    const x = inputOf("transformer", expected);
    const step = compile((m: ImportedModel, tokens: Tensor) => {
      const [value, grads] = valueAndGrad(loss)(m, tokens);
      return { value, next: zip(m, grads, (p, g) => sub(p, mul(g, 0.01))) };
    });
    let model = importOnnx(bytesOf("transformer"));
    const losses: number[] = [];
    for (let i = 0; i < 5; i++) {
      const { value, next } = await step(model, x);
      losses.push(await value.item());
      model = next;
    }
    expect(losses.every((value, i) => i === 0 || value < losses[i - 1])).toBe(true);
  });

  it("takes other parameters by name, without changing its own", async () => {
    const model = importOnnx(bytesOf("transformer"));
    const x = inputOf("transformer", expectedOf("transformer"));
    const zeroed = map(model.parameters, (leaf, path) => (path === "embed.weight" ? mul(leaf, 0) : leaf));
    const { y } = model.call({ x }, zeroed);
    expect((await y.numbers()).every((value) => value === 0)).toBe(true);
    closeTo(await model.call({ x })["y"].numbers(), Float64Array.from(expectedOf("transformer").y), TOLERANCE);
  });

  it("labels what it computes with the names of its layers", async () => {
    const { y } = importOnnx(bytesOf("transformer")).call({ x: tensor([[1, 2]], "int64") });
    const paths = new Set<string>();
    const visit = (t: Tensor): void => {
      paths.add(t.path);
      t.inputs.forEach(visit);
    };
    visit(y);
    expect([...paths]).toEqual(expect.arrayContaining(["norm1", "qkv", "mlp.mlp.0"]));
    await realize([y]);
  });
});
