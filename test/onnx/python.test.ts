/** @file Files that Python's onnx writes are read as it wrote them, and the other way round where it is installed. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesPerElement, toNumbers, type HostTensor } from "../../kernel/graph/dtype";
import type { OnnxAttribute, OnnxDeclaration, OnnxGraph, OnnxModel } from "../../kernel/onnx/model";
import { decodeModel, encodeModel } from "../../kernel/onnx/protobuf";
import { bytesOf, DATA_TYPE } from "../../kernel/onnx/tensorProto";
import { onnxModel } from "./onnxModels";

const fixtures = new URL("fixtures/", import.meta.url);
const PYTHON = "/usr/bin/python3";

function bits(tensor: HostTensor): unknown[] {
  const width = bytesPerElement(tensor.dtype);
  const bytes = Buffer.from(bytesOf(tensor));
  const read = (i: number): bigint => (width === 8 ? bytes.readBigUInt64LE(8 * i) : BigInt(bytes.readUIntLE(width * i, width)));
  return Array.from({ length: tensor.data.length }, (_, i) => (tensor.dtype === "bfloat16" ? Number(read(i)) : String(read(i))));
}

const attributeShown = (attribute: OnnxAttribute): unknown => {
  if (attribute.type === "graph") return graphShown(attribute.value);
  return attribute.type === "tensor" ? Array.from(toNumbers(attribute.value)) : attribute.value;
};
const valuesShown = (values: readonly OnnxDeclaration[]): unknown =>
  values.map(({ name, dtype, shape }) => [name, dtype === undefined ? 0 : DATA_TYPE[dtype], shape ?? null]);
const graphShown = (graph: OnnxGraph<OnnxDeclaration>): unknown => ({
  name: graph.name,
  inputs: valuesShown(graph.inputs),
  outputs: valuesShown(graph.outputs),
  initializers: Object.fromEntries([...graph.initializers].map(([name, tensor]) => [name, [DATA_TYPE[tensor.dtype], tensor.shape, bits(tensor)]])),
  nodes: graph.nodes.map((node) => [
    node.opType,
    node.domain,
    node.name,
    node.inputs,
    node.outputs,
    Object.fromEntries(Object.entries(node.attributes).map(([key, value]) => [key, attributeShown(value)])),
  ]),
});
const modelShown = ({ opsets, metadata, graph }: OnnxModel<OnnxDeclaration>): unknown => ({ opsets, metadata, graph: graphShown(graph) });

const hasPythonOnnx = ((): boolean => {
  try {
    execFileSync(PYTHON, ["-c", "import onnx"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

describe("Python's onnx", () => {
  it("writes files that are read as it shows them", () => {
    const expected: unknown = JSON.parse(readFileSync(new URL("python.json", fixtures), "utf8"));
    expect(modelShown(decodeModel(readFileSync(new URL("python.onnx", fixtures))))).toEqual(expected);
  });

  it.skipIf(!hasPythonOnnx)("reads files that are written here", () => {
    const path = join(mkdtempSync(join(tmpdir(), "onnx-")), "m.onnx");
    const own = decodeModel(readFileSync(new URL("python.onnx", fixtures)));
    // JSON has no NaN or infinity, and Python shows tensors in attributes as nested lists.
    const plain = fc
      .sample(onnxModel, { numRuns: 200, seed: 3 })
      .filter((model) => !/"type":"(floats?|tensor)"/.test(JSON.stringify(model, (_, v: unknown) => (typeof v === "bigint" ? String(v) : v))));
    const largest = plain.sort((a, b) => JSON.stringify(graphShown(b.graph)).length - JSON.stringify(graphShown(a.graph)).length).slice(0, 5);
    for (const model of [own, ...largest]) {
      writeFileSync(path, encodeModel(model));
      const shown = execFileSync(PYTHON, [new URL("makeModels.py", fixtures).pathname, path], { encoding: "utf8" });
      expect(JSON.parse(shown)).toEqual(JSON.parse(JSON.stringify(modelShown(model))));
    }
  });
});
