/** @file Graphs of ONNX models: those written here, those of other exporters, and damaged ones. */
import { create, toBinary } from "@bufbuild/protobuf";
import { GraphProtoSchema, ModelProtoSchema, NodeProtoSchema, StringStringEntryProtoSchema, TensorProto_DataLocation, TensorProtoSchema } from "onnx-buf";
import fc from "fast-check";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { CostReport } from "../../kernel/cost/report";
import { FormatError, IsoflopError } from "../../kernel/errors";
import { costOfNode } from "../../kernel/cost/costRules";
import { lower } from "../../kernel/graph/passes/lower";
import { operands } from "../../kernel/graph/rewrite";
import { tensor, type Tensor } from "../../kernel/graph/tensor";
import { traceCall } from "../../kernel/graph/traceCall";
import { gpt } from "../../kernel/nn/gpt";
import { exportOnnx } from "../../kernel/onnx/export";
import { fusedByStandard } from "../../kernel/onnx/fused";
import { modelGraph } from "../../kernel/onnx/modelGraph";
import type { ModelGraph } from "../../kernel/onnx/modelGraphSchema";
import { modulePath } from "../../kernel/onnx/modulePath";
import { encodeModel } from "../../kernel/onnx/protobuf";
import { leaves } from "../../kernel/graph/tree";
import { key } from "../../kernel/random";
import "../../kernel/runtime/realize";
import { onnxModel } from "./onnxModels";

const fixture = (name: string): Uint8Array => readFileSync(join(import.meta.dirname, "fixtures", name));

/** As the command counts. */
function flops(outputs: readonly Tensor[], inputs: readonly Tensor[]): number {
  const seen = new Set(inputs);
  const waiting = [...outputs];
  let sum = 0;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    sum += costOfNode(next).flops;
    waiting.push(...operands(next));
  }
  return sum;
}

describe("graph of a model written here", () => {
  const model = gpt({ vocab: 40, depth: 2, width: 16, heads: 2, context: 8, key: key(0) });
  const x = tensor({ dtype: "int64", shape: [2, 8], data: new BigInt64Array(16) });
  const forward = (m: typeof model, ids: Tensor): Tensor => m.call(ids);
  let graph: ModelGraph;
  beforeAll(async () => {
    graph = modelGraph(await exportOnnx(forward, [model, x]), { flops });
  });

  it("puts nodes into the modules of the model", () => {
    const modules = new Set(graph.nodes.map(({ path }) => path.slice(0, 2).join(".")));
    expect(modules).toContain("blocks.0");
    expect(modules).toContain("blocks.1");
  });

  it("counts the parameters of the model", () => {
    const expected = leaves(model).reduce((sum, [, leaf]) => sum + leaf.size, 0);
    const constants = graph.values.filter(({ constant, dtype, shape }) => constant && dtype === "float32" && shape!.length > 0);
    expect(constants.reduce((sum, { shape }) => sum + shape!.reduce<number>((a, b) => a * Number(b), 1), 0)).toBeGreaterThanOrEqual(expected);
    expect(graph.parameters).toBe(graph.nodes.reduce((sum, node) => sum + node.parameters, 0));
    expect(graph.parameters / expected).toBeCloseTo(1, 1);
  });

  it("knows the shape of every value and the cost of every node", () => {
    expect(graph.values.filter(({ shape }) => shape === null)).toEqual([]);
    expect(graph.unknownFlops).toBe(0);
    expect(graph.notes).toEqual([]);
  });

  it("counts about the FLOPs that the cost report counts for the same function", () => {
    const { parameters, outputs } = traceCall(forward, [model, x], ["m", "ids"]);
    const report = new CostReport({ inputs: parameters, outputs: lower(outputs, { fused: fusedByStandard }) }, {});
    expect(graph.flops! / report.flops).toBeGreaterThan(0.97);
    expect(graph.flops! / report.flops).toBeLessThan(1.03);
  });

  it("counts weights that are given as inputs as weights, with and without the name of their argument", async () => {
    const given = modelGraph(await exportOnnx(forward, [model, x], { weights: [] }), { flops });
    expect(given.inputs.map((at) => given.values[at].name)).toEqual(["ids"]);
    expect(given.parameters).toBe(graph.parameters);
    expect(given.flops).toBe(graph.flops);
  });

  it("joins nodes by values: every operand is a constant, an input, or made before", () => {
    const made = new Set([...graph.inputs, ...graph.values.flatMap(({ constant }, i) => (constant ? [i] : []))]);
    for (const node of graph.nodes) {
      for (const input of node.inputs) if (input >= 0) expect(made.has(input)).toBe(true);
      for (const output of node.outputs) made.add(output);
    }
    for (const output of graph.outputs) expect(made.has(output)).toBe(true);
  });
});

describe("graphs of other exporters", () => {
  it.each(["convNet.onnx", "python.onnx", "recurrent.onnx", "transformer.onnx"])("reads %s", (name) => {
    const graph = modelGraph(fixture(name), { flops });
    expect(graph.nodes.length).toBeGreaterThan(0);
    expect(graph.flops).toBeGreaterThan(0);
    expect(graph.outputs.length).toBeGreaterThan(0);
  });

  it("finds modules in the names of torch, old and new, and in the names of weights", () => {
    const node = (name: string, scopes?: string) => create(NodeProtoSchema, { name, metadataProps: scopes === undefined ? [] : [create(StringStringEntryProtoSchema, { key: "pkg.torch.onnx.name_scopes", value: scopes })] });
    expect(modulePath(node("/model/layers.0/self_attn/MatMul"), [])).toEqual(["model", "layers", "0", "self_attn"]);
    expect(modulePath(node("/layer1/layer1.0/conv1/Conv"), [])).toEqual(["layer1", "0", "conv1"]);
    expect(modulePath(node("node_conv2d_3", "['', 'layer1', 'layer1.0', 'layer1.0.conv1', 'conv2d']"), [])).toEqual(["layer1", "0", "conv1"]);
    expect(modulePath(node("Conv_17"), ["layer1.0.conv1.weight"])).toEqual(["layer1", "0", "conv1"]);
    expect(modulePath(node("MatMul_2"), ["onnx::MatMul_99"])).toEqual([]);
  });

  it("does not read weights that lie beside the model, and knows their shapes", () => {
    const weight = create(TensorProtoSchema, { name: "w", dataType: 1, dims: [4n, 6n], dataLocation: TensorProto_DataLocation.EXTERNAL, externalData: [create(StringStringEntryProtoSchema, { key: "location", value: "../../etc/passwd" })] });
    const bytes = toBinary(
      ModelProtoSchema,
      create(ModelProtoSchema, {
        opsetImport: [{ version: 21n }],
        graph: {
          initializer: [weight],
          input: [{ name: "x", type: { value: { case: "tensorType", value: { elemType: 1, shape: { dim: [{ value: { case: "dimParam", value: "batch" } }, { value: { case: "dimValue", value: 4n } }] } } } } }],
          node: [{ opType: "MatMul", name: "/up/MatMul", input: ["x", "w"], output: ["y"] }],
          output: [{ name: "y" }],
        },
      }),
    );
    const graph = modelGraph(bytes, { flops });
    expect(graph.parameters).toBe(24);
    expect(graph.values.find(({ name }) => name === "x")!.shape).toEqual(["batch", 4]);
    expect(graph.values.find(({ name }) => name === "y")!.shape).toEqual([1, 6]);
    expect(graph.flops).toBe(48);
    expect(graph.notes.join()).toContain("batch");
  });

  it("shows operators that nothing here knows, and goes on behind them where the file tells the shape", () => {
    const info = (name: string) => ({ name, type: { value: { case: "tensorType" as const, value: { elemType: 1, shape: { dim: [{ value: { case: "dimValue" as const, value: 3n } }] } } } } });
    const bytes = toBinary(
      ModelProtoSchema,
      create(ModelProtoSchema, {
        opsetImport: [{ version: 21n }, { domain: "custom", version: 1n }],
        graph: { input: [info("x")], valueInfo: [info("h")], node: [{ opType: "Mystery", domain: "custom", input: ["x"], output: ["h"] }, { opType: "Add", input: ["h", "h"], output: ["y"] }], output: [{ name: "y" }] },
      }),
    );
    const graph = modelGraph(bytes, { flops });
    expect(graph.nodes.map(({ op, flops: cost }) => [op, cost])).toEqual([["Mystery", null], ["Add", 3]]);
    expect(graph.notes.join()).toContain("Mystery");
  });
});

describe("files that are no models", () => {
  it("refuses every truncation of a model, or reads what is a model all the same", () => {
    const bytes = fixture("transformer.onnx");
    for (let length = 0; length < bytes.length; length += 37) {
      try {
        modelGraph(bytes.subarray(0, length));
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
      }
    }
    expect(() => modelGraph(bytes.subarray(0, bytes.length - 5))).toThrow(FormatError);
    expect(() => modelGraph(new TextEncoder().encode("not a model"))).toThrow(FormatError);
    expect(() => modelGraph(new Uint8Array(0))).toThrow(FormatError);
  });

  it("reads any well-formed model or says what is wrong", () => {
    fc.assert(
      fc.property(onnxModel, (model) => {
        try {
          const graph = modelGraph(encodeModel(model), { flops });
          for (const { inputs, outputs } of graph.nodes) for (const at of [...inputs, ...outputs]) expect(at).toBeLessThan(graph.values.length);
          expect(() => JSON.stringify(graph)).not.toThrow();
        } catch (error) {
          if (!(error instanceof IsoflopError)) throw error;
        }
      }),
      { numRuns: 150 },
    );
  });

  it("survives flipped bytes", () => {
    const original = fixture("convNet.onnx");
    fc.assert(
      fc.property(fc.nat(original.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bytes = new Uint8Array(original);
        bytes[at] ^= flip;
        try {
          modelGraph(bytes, { flops });
        } catch (error) {
          if (!(error instanceof IsoflopError)) throw error;
        }
      }),
      { numRuns: 300 },
    );
  });

  it("unrolls no loop without end and expands no shape into memory", () => {
    const int64 = (name: string, values: bigint[]) => create(TensorProtoSchema, { name, dataType: 7, dims: [BigInt(values.length)], int64Data: values });
    const body = create(GraphProtoSchema, { input: [{ name: "i" }, { name: "c" }, { name: "v" }], node: [{ opType: "Add", input: ["v", "v"], output: ["w"] }], output: [{ name: "c" }, { name: "w" }] });
    const bytes = toBinary(
      ModelProtoSchema,
      create(ModelProtoSchema, {
        opsetImport: [{ version: 21n }],
        graph: {
          initializer: [int64("turns", [1_000_000_000n]), int64("size", [100_000n, 100_000n, 100_000n]), int64("zero", [0n])],
          node: [
            { opType: "Expand", input: ["zero", "size"], output: ["large"] },
            { opType: "Loop", input: ["turns", "", "zero"], output: ["y"], attribute: [{ name: "body", type: 5, g: body }] },
          ],
          output: [{ name: "y" }],
        },
      }),
    );
    const graph = modelGraph(bytes, { flops });
    expect(graph.nodes.map(({ op }) => op)).toEqual(["Expand", "Loop", "Add"]);
    expect(graph.nodes[2].path).toEqual(["Loop.body"]);
  });
});
