/** @file ONNX files: round trips, hostile bytes, what is refused. */
import { create, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { AttributeProto_AttributeType, ModelProtoSchema, TensorProto_DataType } from "onnx-buf";
import { describe, expect, it } from "vitest";
import { FormatError, UnsupportedOpError } from "../../kernel/errors";
import { decodeModel, encodeModel } from "../../kernel/onnx/protobuf";
import { comparable, onnxModel } from "./onnxModels";

type ModelInit = Parameters<typeof create<typeof ModelProtoSchema>>[1];
const file = (init: ModelInit): Uint8Array => toBinary(ModelProtoSchema, create(ModelProtoSchema, init));
/** A file with one initializer. */
const withTensor = (tensor: Record<string, unknown>): Uint8Array =>
  file({ irVersion: 8n, graph: { name: "g", initializer: [{ name: "w", ...tensor }] } });
const only = (bytes: Uint8Array): unknown => decodeModel(bytes).graph.initializers.get("w");
const sample = (): Uint8Array =>
  encodeModel(fc.sample(onnxModel, { numRuns: 30, seed: 7 }).sort((a, b) => b.graph.nodes.length - a.graph.nodes.length)[0]);

describe("an ONNX file", () => {
  it("holds any model without loss", () => {
    fc.assert(
      fc.property(onnxModel, (model) => {
        expect(comparable(decodeModel(encodeModel(model)))).toEqual(comparable(model));
      }),
      { numRuns: 300 },
    );
  });

  it("is read from any position of a larger buffer", () => {
    const bytes = sample();
    const padded = new Uint8Array(bytes.length + 7);
    padded.set(bytes, 3);
    expect(comparable(decodeModel(padded.subarray(3, 3 + bytes.length)))).toEqual(comparable(decodeModel(bytes)));
  });

  it("keeps nothing of the bytes it was read from", () => {
    const bytes = Buffer.from(
      withTensor({ dims: [2n], dataType: TensorProto_DataType.FLOAT, rawData: new Uint8Array([0, 0, 128, 63, 0, 0, 0, 64]) }),
    );
    const tensor = only(bytes);
    bytes.fill(255);
    expect(tensor).toEqual({ dtype: "float32", shape: [2], data: new Float32Array([1, 2]) });
  });

  it("gives INT64_MAX back as INT64_MAX, though a number cannot hold it", () => {
    const slice = {
      opType: "Slice",
      name: "s",
      attribute: [{ name: "ends", type: AttributeProto_AttributeType.INTS, ints: [2n ** 63n - 1n, -(2n ** 63n)] }],
    };
    const bytes = file({ irVersion: 3n, producerName: "isoflop", graph: { name: "g", node: [slice] } });
    expect(Buffer.from(encodeModel(decodeModel(bytes)))).toEqual(Buffer.from(bytes));
  });
});

describe("truncated, random and hostile bytes", () => {
  const refusedOrRead = (bytes: Uint8Array): void => {
    try {
      decodeModel(bytes);
    } catch (error) {
      expect(error instanceof FormatError || error instanceof UnsupportedOpError).toBe(true);
      expect(String(error)).toContain("\n  help: ");
    }
  };

  it("of every length short of the whole are refused or read as a smaller model", () => {
    const bytes = sample();
    for (let length = 0; length < bytes.length; length++) refusedOrRead(bytes.subarray(0, length));
  });

  it("with any bytes changed are refused or read", () => {
    const bytes = sample();
    const change = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(change, (changes) => {
        const copy = bytes.slice();
        for (const [at, value] of changes) copy[at] = value;
        refusedOrRead(copy);
      }),
      { numRuns: 1000 },
    );
  });

  it("of random content are refused", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), refusedOrRead), { numRuns: 1000 });
    expect(() => decodeModel(new Uint8Array())).toThrow(/no graph/);
    expect(() => decodeModel(Buffer.from('{"a": 1}'))).toThrow(FormatError);
  });

  it("that would grow into gigabytes are refused while small", () => {
    // A graph of empty nodes: two bytes each in the file, hundreds in memory.
    const nodes = new Uint8Array(16 * 2 ** 20);
    for (let i = 0; i < nodes.length; i += 2) nodes[i] = 0x0a;
    const length = nodes.length;
    const header = [0x3a, (length & 0x7f) | 0x80, ((length >> 7) & 0x7f) | 0x80, ((length >> 14) & 0x7f) | 0x80, length >> 21];
    expect(() => decodeModel(Buffer.concat([Buffer.from(header), nodes]))).toThrow(/more than 1.5 GiB/);
  });

  it("that claim an enormous tensor are refused before memory is taken", () => {
    const huge = { dims: [2n ** 20n, 2n ** 20n], dataType: TensorProto_DataType.FLOAT };
    expect(() => only(withTensor(huge))).toThrow(/needs .* elements, the file holds 0/);
    expect(() => only(withTensor({ ...huge, dims: [2n ** 40n, 2n ** 40n] }))).toThrow(/impossible shape/);
    expect(() => only(withTensor({ ...huge, dims: [-1n] }))).toThrow(/impossible shape/);
  });

  it("nested without end are refused", () => {
    let graph: Uint8Array = file({ graph: { name: "x" } }).subarray(2);
    const field = (number: number, bytes: Uint8Array): Uint8Array => {
      const size: number[] = [];
      let rest = bytes.length;
      for (; rest > 127; rest >>>= 7) size.push((rest & 0x7f) | 0x80);
      return Buffer.concat([Buffer.from([(number << 3) | 2, ...size, rest]), bytes]);
    };
    for (let depth = 0; depth < 200; depth++) graph = field(1, field(5, field(6, graph)));
    expect(() => decodeModel(field(7, graph))).toThrow(/nested more than/);
  });

  it("with lengths of four gigabytes are refused", () => {
    expect(() => decodeModel(new Uint8Array([0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f]))).toThrow(/reaches \d+ bytes beyond its end/);
  });
});

describe("tensors in files", () => {
  const { FLOAT, DOUBLE, FLOAT16, BFLOAT16, INT8, UINT8, INT32, INT64, BOOL, STRING, UINT64 } = TensorProto_DataType;

  it("are read from the typed fields", () => {
    expect(only(withTensor({ dims: [2n], dataType: FLOAT, floatData: [1.5, -2] }))).toEqual({
      dtype: "float32",
      shape: [2],
      data: new Float32Array([1.5, -2]),
    });
    expect(only(withTensor({ dims: [1n], dataType: DOUBLE, doubleData: [0.1] }))).toEqual({
      dtype: "float64",
      shape: [1],
      data: new Float64Array([0.1]),
    });
    expect(only(withTensor({ dims: [2n], dataType: FLOAT16, int32Data: [0x3c00, 0xc000] }))).toEqual({
      dtype: "float16",
      shape: [2],
      data: new Uint16Array([0x3c00, 0xc000]),
    });
    expect(only(withTensor({ dims: [1n], dataType: BFLOAT16, int32Data: [0x3f80] }))).toEqual({
      dtype: "bfloat16",
      shape: [1],
      data: new Uint16Array([0x3f80]),
    });
    expect(only(withTensor({ dims: [2n], dataType: INT8, int32Data: [-1, 127] }))).toEqual({
      dtype: "int8",
      shape: [2],
      data: new Int8Array([-1, 127]),
    });
    expect(only(withTensor({ dims: [1n], dataType: UINT8, int32Data: [200] }))).toEqual({ dtype: "uint8", shape: [1], data: new Uint8Array([200]) });
    expect(only(withTensor({ dims: [1n], dataType: INT32, int32Data: [-7] }))).toEqual({ dtype: "int32", shape: [1], data: new Int32Array([-7]) });
    expect(only(withTensor({ dims: [1n], dataType: INT64, int64Data: [-(2n ** 60n)] }))).toEqual({
      dtype: "int64",
      shape: [1],
      data: new BigInt64Array([-(2n ** 60n)]),
    });
    expect(only(withTensor({ dims: [3n], dataType: BOOL, int32Data: [0, 1, 5] }))).toEqual({
      dtype: "bool",
      shape: [3],
      data: new Uint8Array([0, 1, 1]),
    });
    expect(only(withTensor({ dims: [0n, 3n], dataType: INT64 }))).toEqual({ dtype: "int64", shape: [0, 3], data: new BigInt64Array(0) });
  });

  it("of element types that are not there are refused, all of them in one error", () => {
    const bytes = file({
      graph: {
        name: "g",
        initializer: [
          { name: "words", dims: [1n], dataType: STRING, stringData: [new Uint8Array([104])] },
          { name: "big", dims: [1n], dataType: UINT64, uint64Data: [1n] },
        ],
        sparseInitializer: [{ values: { name: "thin" }, dims: [4n] }],
      },
    });
    expect(() => decodeModel(bytes)).toThrow(UnsupportedOpError);
    expect(() => decodeModel(bytes)).toThrow(/"words".*string.*"big".*uint64.*|sparse initializer "thin"/);
  });

  it("that are damaged are refused by name", () => {
    expect(() => only(withTensor({ dims: [2n], dataType: FLOAT, rawData: new Uint8Array(7) }))).toThrow(
      /needs 8 bytes, the file holds 7\n {2}at initializer "w"/,
    );
    expect(() => only(withTensor({ dims: [1n], dataType: 99, rawData: new Uint8Array(4) }))).toThrow(/element type 99/);
    expect(() =>
      decodeModel(
        file({
          graph: {
            name: "g",
            initializer: [
              { name: "w", dims: [0n], dataType: FLOAT },
              { name: "w", dims: [0n], dataType: FLOAT },
            ],
          },
        }),
      ),
    ).toThrow(/two initializers/);
  });
});

describe("what a file may hold besides", () => {
  const INT = AttributeProto_AttributeType.INT;
  const reference = (name: string, refAttrName: string): Record<string, unknown> => ({ name, refAttrName, type: INT });
  const calling = (functions: readonly unknown[], node: readonly unknown[]): Uint8Array => {
    // SAFETY: test data in the form that `create` takes.
    return file({ opsetImport: [{ domain: "", version: 17n }], functions, graph: { name: "g", node } } as unknown as ModelInit);
  };

  it("functions of the model are inlined, with their attributes and inner names", () => {
    const twice = {
      name: "Twice",
      domain: "local",
      input: ["x"],
      output: ["y"],
      attribute: ["axis"],
      node: [
        { opType: "Add", input: ["x", "x"], output: ["t"] },
        { opType: "Softmax", input: ["t"], output: ["y"], attribute: [reference("axis", "axis")] },
      ],
      opsetImport: [{ domain: "", version: 17n }],
    };
    const four = {
      name: "Four",
      domain: "local",
      input: ["x"],
      output: ["y"],
      node: [
        { opType: "Twice", domain: "local", name: "a", input: ["x"], output: ["m"] },
        { opType: "Twice", domain: "local", name: "b", input: ["m"], output: ["y"] },
      ],
    };
    const bytes = calling(
      [twice, four],
      [
        { opType: "Four", domain: "local", name: "call", input: ["in"], output: ["out"] },
        { opType: "Twice", domain: "local", input: ["out"], output: ["last"], attribute: [{ name: "axis", type: INT, i: 1n }] },
      ],
    );
    const { nodes } = decodeModel(bytes).graph;
    expect(nodes.map(({ opType }) => opType)).toEqual(["Add", "Softmax", "Add", "Softmax", "Add", "Softmax"]);
    expect(nodes[0].inputs).toEqual(["in", "in"]);
    expect(nodes[1].outputs).toEqual(nodes[2].inputs.slice(0, 1));
    expect(nodes[3].outputs).toEqual(["out"]);
    expect(nodes[3].attributes).toEqual({});
    expect(nodes[5].attributes).toEqual({ axis: { type: "int", value: 1 } });
    expect(nodes[5].outputs).toEqual(["last"]);
    expect(new Set(nodes.flatMap(({ outputs }) => outputs)).size).toBe(6);
  });

  it("functions that call themselves, or multiply, are refused", () => {
    const loop = { name: "F", domain: "local", input: ["x"], output: ["y"], node: [{ opType: "F", domain: "local", input: ["x"], output: ["y"] }] };
    expect(() => decodeModel(calling([loop], [{ opType: "F", domain: "local", input: ["a"], output: ["b"] }]))).toThrow(/without end/);
    const level = (n: number): unknown => ({
      name: `F${n}`,
      domain: "local",
      input: ["x"],
      output: ["y"],
      node: Array.from({ length: 10 }, () => ({
        opType: n === 0 ? "Neg" : `F${n - 1}`,
        domain: n === 0 ? "" : "local",
        input: ["x"],
        output: ["y"],
      })),
    });
    expect(() =>
      decodeModel(
        calling(
          Array.from({ length: 12 }, (_, n) => level(n)),
          [{ opType: "F11", domain: "local", input: ["a"], output: ["b"] }],
        ),
      ),
    ).toThrow(/without end/);
  });

  it("sizes without a name or number, and values without a shape, are told apart", () => {
    const value = (name: string, dim?: readonly unknown[]): unknown => ({
      name,
      type: { value: { case: "tensorType", value: { elemType: 1, ...(dim === undefined ? undefined : { shape: { dim } }) } } },
    });
    const input = [
      value("a", [{ value: { case: "dimParam", value: "batch" } }, { value: { case: "dimValue", value: 3n } }, {}]),
      value("b"),
      value("c", []),
    ];
    // SAFETY: test data in the form that `create` takes.
    const { inputs } = decodeModel(file({ graph: { name: "g", input } } as unknown as ModelInit)).graph;
    expect(inputs).toEqual([
      { name: "a", dtype: "float32", shape: ["batch", 3, ""] },
      { name: "b", dtype: "float32" },
      { name: "c", dtype: "float32", shape: [] },
    ]);
  });

  it("the domain ai.onnx is the standard one", () => {
    const model = decodeModel(
      file({ opsetImport: [{ domain: "ai.onnx", version: 13n }], graph: { name: "g", node: [{ opType: "Abs", domain: "ai.onnx" }] } }),
    );
    expect([model.opsets, model.graph.nodes[0].domain]).toEqual([{ "": 13 }, ""]);
    expect(() =>
      decodeModel(
        file({
          opsetImport: [
            { domain: "", version: 13n },
            { domain: "ai.onnx", version: 14n },
          ],
          graph: { name: "g" },
        }),
      ),
    ).toThrow(/version 13 and 14/);
  });
});

describe("what cannot be written", () => {
  const withAttribute = (value: number, type: "int" | "float"): Uint8Array =>
    encodeModel({
      irVersion: 10,
      opsets: { "": 21 },
      metadata: {},
      graph: {
        name: "g",
        inputs: [],
        outputs: [],
        initializers: new Map(),
        nodes: [{ opType: "X", domain: "", name: "n", inputs: [], outputs: [], attributes: { a: { type, value } } }],
      },
    });

  it("is refused with the node and attribute", () => {
    expect(() => withAttribute(0.5, "int")).toThrow(/0.5 is not an integer\n {2}at attribute "a" of node "n"/);
    expect(() => withAttribute(1e300, "float")).toThrow(/beyond float32/);
    expect(decodeModel(withAttribute(Infinity, "float")).graph.nodes[0].attributes["a"]).toEqual({ type: "float", value: Infinity });
  });
});
