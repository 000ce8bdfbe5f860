/** @file Damaged models: whatever they ask for, an error says what and where, in reasonable time and memory. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { IsoflopError, UnsupportedOpError } from "../../../kernel/errors";
import { fromHost, tensor } from "../../../kernel/graph/tensor";
import { importOnnx } from "../../../kernel/onnx/import/importOnnx";
import type { OnnxAttribute, OnnxDeclaration, OnnxGraph } from "../../../kernel/onnx/model";
import { encodeModel } from "../../../kernel/onnx/protobuf";
import { backendTests } from "../backend/backendTests";
import { list, modelOf, numbers, scalarOf, string } from "./againstOnnxruntime";
import { decodeTensor } from "../../../kernel/onnx/protobuf";

/** Imports and applies the model; only our own errors may come out. */
function attempt(bytes: Uint8Array, inputs: readonly Uint8Array[]): void {
  try {
    const model = importOnnx(bytes);
    const given = inputs.map((file) => fromHost(decodeTensor(file)));
    model.call(Object.fromEntries(model.inputs.map(({ name }, i) => [name, given[i]])));
  } catch (error) {
    if (!(error instanceof IsoflopError)) throw error;
    expect(error.message.split("\n").length).toBeGreaterThan(1);
  }
}

describe("damaged models", () => {
  it("are refused or applied, whichever bytes of them are changed", () => {
    const { tests } = backendTests();
    const small = tests.filter(({ model }) => model.length < 4000);
    const change = fc.record({ test: fc.nat(small.length - 1), changes: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }) });
    fc.assert(
      fc.property(change, ({ test, changes }) => {
        const { model, sets } = small[test];
        const copy = Uint8Array.from(model);
        for (const [at, value] of changes) copy[at % copy.length] = value;
        attempt(copy, sets[0].inputs);
      }),
      { numRuns: 1500 },
    );
  });

  it("of a real network are refused or applied, whichever bytes are changed", () => {
    const bytes = readFileSync(new URL("../fixtures/transformer.onnx", import.meta.url));
    const x = tensor([[1, 2, 3]], "int64");
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
        const copy = Uint8Array.from(bytes);
        copy[at] = value;
        try {
          importOnnx(copy).call({ x });
        } catch (error) {
          expect(error).toBeInstanceOf(IsoflopError);
        }
      }),
      { numRuns: 150 },
    );
  });

  it("that ask for enormous tables or loops are refused", () => {
    const apply = (test: Parameters<typeof modelOf>[0]): unknown =>
      importOnnx(encodeModel(modelOf(test))).call(
        Object.fromEntries(
          test.inputs.flatMap((input, i) => (input === undefined || (test.constants ?? []).includes(i) ? [] : [[`x${i}`, fromHost(input)]])),
        ),
      );
    expect(() => apply({ opType: "HannWindow", inputs: [scalarOf("int64", 2 ** 40)], constants: [0] })).toThrow(UnsupportedOpError);
    expect(() =>
      apply({ opType: "Pad", inputs: [numbers("float32", [2]), list("int64", [2 ** 40, 0])], constants: [1], attributes: { mode: string("edge") } }),
    ).toThrow(UnsupportedOpError);
    expect(() =>
      apply({
        opType: "Resize",
        inputs: [numbers("float32", [8]), undefined, undefined, list("int64", [2 ** 31])],
        constants: [3],
        attributes: { mode: string("linear") },
      }),
    ).toThrow(UnsupportedOpError);

    const loopOf = (nodes: OnnxGraph["nodes"]): OnnxAttribute => ({
      type: "graph",
      value: {
        name: "body",
        nodes,
        inputs: [{ name: "i" }, { name: "c" }, { name: "s" }],
        outputs: [{ name: "c" }, { name: "t" }],
        initializers: new Map([["many", scalarOf("int64", 4000)]]),
      },
    });
    const once = { opType: "Neg", domain: "", name: "n", inputs: ["s"], outputs: ["t"], attributes: {} };
    const inner = { opType: "Loop", domain: "", name: "inner", inputs: ["many", "", "s"], outputs: ["t"], attributes: { body: loopOf([once]) } };
    const graph: OnnxGraph<OnnxDeclaration> = {
      name: "g",
      nodes: [{ ...inner, name: "outer", inputs: ["many", "", "x"], outputs: ["y"], attributes: { body: loopOf([inner]) } }],
      inputs: [{ name: "x" }],
      outputs: [{ name: "y" }],
      initializers: new Map([["many", scalarOf("int64", 4000)]]),
    };
    const nested = importOnnx(encodeModel({ irVersion: 10, opsets: { "": 21 }, metadata: {}, graph }));
    expect(() => nested.call({ x: tensor([1]) })).toThrow(/unroll to more than/);
  });
});
