/** @file importOnnx: what it refuses and how it says so, control flow, computed shapes, and our own exports. */
import { describe, expect, it } from "vitest";
import { ArgumentError, DtypeError, FormatError, ShapeError, UnsupportedOpError } from "../../../kernel/errors";
import { grad } from "../../../kernel/autodiff/grad";
import { gelu, silu, softmax } from "../../../kernel/graph/composites/activations";
import { scaledDotProductAttention } from "../../../kernel/graph/composites/attention";
import { layerNorm } from "../../../kernel/graph/composites/normalization";
import { add, mul } from "../../../kernel/graph/ops/elementwise";
import { matmul } from "../../../kernel/graph/ops/linalg";
import { reshape, transpose } from "../../../kernel/graph/ops/movement";
import { sum } from "../../../kernel/graph/ops/reduction";
import { fromHost, tensor, type Tensor } from "../../../kernel/graph/tensor";
import { exportOnnx } from "../../../kernel/onnx/export";
import { importOnnx } from "../../../kernel/onnx/import/importOnnx";
import type { OnnxAttribute, OnnxDeclaration, OnnxGraph, OnnxModel, OnnxNode } from "../../../kernel/onnx/model";
import { encodeModel } from "../../../kernel/onnx/protobuf";
import { compile } from "../../../kernel/runtime/compile";
import "../../../kernel/runtime/realize";
import { closeTo, int, list, numbers, scalarOf } from "./againstOnnxruntime";

const node = (
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, OnnxAttribute>> = {},
): OnnxNode => ({ opType, domain: "", name: `${outputs[0]}_node`, inputs, outputs, attributes });
const graph = (parts: Partial<OnnxGraph<OnnxDeclaration>>): OnnxGraph<OnnxDeclaration> => ({
  name: "g",
  nodes: [],
  inputs: [],
  outputs: [],
  initializers: new Map(),
  ...parts,
});
const file = (parts: Partial<OnnxGraph<OnnxDeclaration>>, opsets: OnnxModel["opsets"] = { "": 21 }): Uint8Array =>
  encodeModel({ irVersion: 10, opsets, metadata: {}, graph: graph(parts) });
const x23: OnnxDeclaration = { name: "x", dtype: "float32", shape: ["n", 3] };

describe("an operator that cannot be imported", () => {
  it("is named with its node, and all that is missing is listed", () => {
    const nodes = [
      node("Relu", ["x"], ["a"]),
      node("Unique", ["a"], ["b"]),
      node("NonMaxSuppression", ["b"], ["c"]),
      node("Unique", ["c"], ["d"]),
      { ...node("Magic", ["d"], ["e"]), domain: "acme" },
    ];
    const load = (): unknown => importOnnx(file({ nodes, inputs: [x23], outputs: [{ name: "e" }] }));
    expect(load).toThrow(UnsupportedOpError);
    expect(load).toThrow(
      /operator Unique cannot be imported\n {2}at node Unique "b_node"\n {2}help: .*Unique \(2 nodes\), NonMaxSuppression \(1 node\), acme.Magic \(1 node\)/,
    );
  });

  it("is found in nested graphs, and in old operator sets", () => {
    const body = graph({ nodes: [node("Unique", ["x"], ["y"])], outputs: [{ name: "y" }] });
    const nested = node("If", ["c"], ["z"], { then_branch: { type: "graph", value: body }, else_branch: { type: "graph", value: body } });
    expect(() => importOnnx(file({ nodes: [nested] }))).toThrow(/Unique \(2 nodes\)/);
    expect(() => importOnnx(file({ nodes: [node("Add", ["x", "x"], ["y"])] }, { "": 6 }))).toThrow(/Add of operator set 6/);
    expect(() => importOnnx(file({}, { "": 99 }))).toThrow(/operator set 99/);
    expect(() => importOnnx(file({}, {}))).toThrow(FormatError);
  });
});

describe("a call of an imported model", () => {
  const model = importOnnx(
    file({
      nodes: [node("MatMul", ["x", "w"], ["y"])],
      inputs: [x23, { name: "w", dtype: "float32", shape: [3, 2] }],
      outputs: [{ name: "y" }],
      initializers: new Map([["w", numbers("float32", [3, 2])]]),
    }),
  );

  it("takes inputs that have no value in the file", () => {
    expect(model.inputs.map(({ name }) => name)).toEqual(["x"]);
    expect(Object.keys(model.parameters)).toEqual(["w"]);
  });

  it("names inputs and parameters that are missing, unknown, or of another shape or dtype", () => {
    expect(() => model.call({})).toThrow(ArgumentError);
    expect(() => model.call({ y: tensor([1]) })).toThrow(/inputs "x" missing; inputs "y" unknown/);
    expect(() => model.call({ x: tensor([[1, 2, 3]]) }, {})).toThrow(/parameters "w" missing/);
    expect(() => model.call({ x: tensor([[1, 2, 3]], "int32") })).toThrow(DtypeError);
    expect(() => model.call({ x: tensor([[1, 2]]) })).toThrow(ShapeError);
    expect(() => model.call({ x: tensor([[1, 2]]) })).toThrow(/"x" is \[1, 2\], declared as \[n, 3\]/);
  });

  it("says at which node shapes do not fit", () => {
    const broken = importOnnx(
      file({
        nodes: [node("Add", ["x", "b"], ["y"])],
        inputs: [x23],
        outputs: [{ name: "y" }],
        initializers: new Map([["b", numbers("float32", [4])]]),
      }),
    );
    expect(() => broken.call({ x: tensor([[1, 2, 3]]) })).toThrow(/do not broadcast.*\n {2}at node Add "y_node"/);
    const unmade = importOnnx(file({ nodes: [node("Add", ["x", "nowhere"], ["y"])], inputs: [x23], outputs: [{ name: "y" }] }));
    expect(() => unmade.call({ x: tensor([[1, 2, 3]]) })).toThrow(/no node before it makes the value "nowhere"/);
  });
});

describe("settings of operators", () => {
  it("are no parameters, unless asked for", () => {
    const parts = {
      nodes: [
        node("QuantizeLinear", ["x", "scale"], ["q"]),
        node("DequantizeLinear", ["q", "scale"], ["d"]),
        node("Mul", ["d", "gain"], ["e"]),
        node("Add", ["e", "bias"], ["y"]),
      ],
      inputs: [x23],
      outputs: [{ name: "y" }],
      initializers: new Map([
        ["scale", list("float32", [0.5])],
        ["gain", scalarOf("float32", 2)],
        ["bias", list("float32", [1])],
        ["unused", list("int64", [1])],
      ]),
    };
    expect(Object.keys(importOnnx(file(parts)).parameters)).toEqual(["bias"]);
    expect(Object.keys(importOnnx(file(parts), { isParameter: (name) => name !== "unused" }).parameters)).toEqual(["scale", "gain", "bias"]);
  });
});

describe("shapes that the model computes", () => {
  // Reshape(x, Concat(Gather(Shape(x), 0), -1)), as exporters write x.view(x.size(0), -1).
  const nodes = [
    node("Shape", ["x"], ["s"]),
    node("Gather", ["s", "zero"], ["n"]),
    node("Unsqueeze", ["n", "axes"], ["n1"]),
    node("Concat", ["n1", "rest"], ["target"], { axis: int(0) }),
    node("Reshape", ["x", "target"], ["y"]),
  ];
  const initializers = new Map([
    ["zero", scalarOf("int64", 0)],
    ["axes", list("int64", [0])],
    ["rest", list("int64", [-1])],
  ]);
  const model = importOnnx(file({ nodes, initializers, inputs: [{ name: "x", dtype: "float32" }], outputs: [{ name: "y" }] }));

  it("are known, also while a function is compiled", async () => {
    const y = await compile((x: Tensor) => model.call({ x })["y"])(fromHost(numbers("float32", [2, 3, 4])));
    expect(y.shape).toEqual([2, 12]);
  });

  it("may be inputs with data, but not traced ones", async () => {
    const reshaped = importOnnx(
      file({
        nodes: [node("Reshape", ["x", "s"], ["y"])],
        inputs: [
          { name: "x", dtype: "float32" },
          { name: "s", dtype: "int64" },
        ],
        outputs: [{ name: "y" }],
      }),
    );
    const [x, s] = [fromHost(numbers("float32", [6])), tensor([2, 3], "int64")];
    expect(reshaped.call({ x, s })["y"].shape).toEqual([2, 3]);
    await expect(compile((a: Tensor, b: Tensor) => reshaped.call({ x: a, s: b })["y"])(x, s)).rejects.toThrow(
      /Reshape: operand 1 "s" depends on data/,
    );
  });
});

describe("control flow", () => {
  const branch = (value: number): OnnxAttribute => ({
    type: "graph",
    value: graph({
      nodes: [node("Mul", ["x", "k"], ["out"])],
      outputs: [{ name: "out" }],
      initializers: new Map([["k", scalarOf("float32", value)]]),
    }),
  });
  const conditional = importOnnx(
    file({
      nodes: [node("If", ["c"], ["y"], { then_branch: branch(2), else_branch: branch(-1) })],
      inputs: [{ name: "c", dtype: "bool", shape: [] }, x23],
      outputs: [{ name: "y" }],
    }),
  );

  it("chooses a branch when the condition is known, and between results when it is not", async () => {
    const x = tensor([[1, 2, 3]]);
    expect([...(await conditional.call({ c: tensor(true), x })["y"].numbers())]).toEqual([2, 4, 6]);
    const compiled = compile((c: Tensor, v: Tensor) => conditional.call({ c, x: v })["y"]);
    expect([...(await (await compiled(tensor(true), x)).numbers())]).toEqual([2, 4, 6]);
    expect([...(await (await compiled(tensor(false), x)).numbers())]).toEqual([-1, -2, -3]);
  });

  // s ← 2 s + turn, stacked; stops after `limit` turns.
  const body = graph({
    nodes: [
      node("Cast", ["turn"], ["t"], { to: int(1) }),
      node("Add", ["s", "s"], ["twice"]),
      node("Add", ["twice", "t"], ["next"]),
      node("Identity", ["go"], ["goOn"]),
      node("Identity", ["next"], ["copy"]),
    ],
    inputs: [{ name: "turn" }, { name: "go" }, { name: "s" }],
    outputs: [{ name: "goOn" }, { name: "next" }, { name: "copy" }],
  });
  const loop = importOnnx(
    file({
      nodes: [node("Loop", ["limit", "", "x"], ["last", "all"], { body: { type: "graph", value: body } })],
      inputs: [
        { name: "limit", dtype: "int64", shape: [] },
        { name: "x", dtype: "float32", shape: [1] },
      ],
      outputs: [{ name: "last" }, { name: "all" }],
    }),
  );

  it("unrolls loops of known length, through which gradients flow", async () => {
    const limit = tensor(4, "int64");
    const { last, all } = loop.call({ limit, x: tensor([1]) });
    expect([...(await all.numbers())]).toEqual([2, 5, 12, 27]);
    expect(await last.item()).toBe(27);
    expect(await grad((x: Tensor) => sum(loop.call({ limit, x })["last"]))(tensor([1])).item()).toBe(16);
  });

  it("refuses loops whose length depends on data", async () => {
    await expect(compile((limit: Tensor) => loop.call({ limit, x: tensor([1]) })["last"])(tensor(4, "int64"))).rejects.toThrow(
      /Loop: the number of turns depends on data\n {2}at node Loop/,
    );
  });
});

describe("our own exports", () => {
  it("come back as the same function", async () => {
    const [w, b, g, x] = [
      numbers("float32", [8, 8], { low: -1, high: 1 }),
      numbers("float32", [8], { seed: 2 }),
      numbers("float32", [8], { seed: 3 }),
      numbers("float32", [2, 5, 8], { seed: 7 }),
    ].map(fromHost);
    const block = (input: Tensor, weight: Tensor, bias: Tensor, gain: Tensor): Tensor => {
      const normal = layerNorm(input, { weight: gain, bias });
      const heads = transpose(reshape(matmul(normal, weight), [2, 5, 2, 4]), [0, 2, 1, 3]);
      const mixed = scaledDotProductAttention({ q: heads, k: heads, v: heads }, { causal: true });
      const out = reshape(transpose(mixed, [0, 2, 1, 3]), [2, 5, 8]);
      return softmax(add(gelu(matmul(out, weight)), mul(silu(out), bias)));
    };
    const given = [x, w, b, g] as const;
    const expected = await (await compile(block)(...given)).numbers();
    const model = importOnnx(await exportOnnx(block, [...given]));
    const inputs = Object.fromEntries(model.inputs.map(({ name }, i) => [name, given[i]]));
    closeTo(await Object.values(model.call(inputs))[0].numbers(), expected, 1e-5);
  });
});
