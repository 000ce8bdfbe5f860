/** @file Arbitrary ONNX models for property tests, and equality of their tensors. */
import fc from "fast-check";
import { bytesPerElement, DTYPES, hostView, type HostTensor } from "../../kernel/graph/dtype";
import { sizeOf } from "../../kernel/graph/shape";
import type { OnnxAttribute, OnnxDeclaration, OnnxGraph, OnnxModel, OnnxNode } from "../../kernel/onnx/model";

const word = fc.string({ unit: "grapheme", maxLength: 12 });
const name = word.filter((text) => text !== "");
const integer = fc.oneof(fc.integer(), fc.maxSafeInteger());
const float = fc.float();

/** Any dtype, any bits (NaN patterns included), sizes of 0 and 1 included. */
const hostTensor: fc.Arbitrary<HostTensor> = fc
  .record({ dtype: fc.constantFrom(...DTYPES), shape: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }) })
  .chain(({ dtype, shape }) => {
    const bytes = sizeOf(shape) * bytesPerElement(dtype);
    return fc
      .uint8Array({ minLength: bytes, maxLength: bytes, ...(dtype === "bool" ? { max: 1 } : undefined) })
      .map((array) => ({ dtype, shape, data: hostView(dtype, array.slice().buffer, 0, sizeOf(shape)) }));
  });

const declaration: fc.Arbitrary<OnnxDeclaration> = fc.oneof(
  fc.record({ name: word, dtype: fc.constantFrom(...DTYPES), shape: fc.array(fc.oneof(fc.nat(), word), { maxLength: 4 }) }),
  fc.record({ name: word, dtype: fc.constantFrom(...DTYPES) }),
  fc.record({ name: word }),
);

const { graph } = fc.letrec<{ graph: OnnxGraph<OnnxDeclaration>; node: OnnxNode; attribute: OnnxAttribute }>((tie) => ({
  attribute: fc.oneof(
    { depthSize: "small" },
    fc.record({ type: fc.constant("int" as const), value: integer }),
    fc.record({ type: fc.constant("float" as const), value: float }),
    fc.record({ type: fc.constant("string" as const), value: word }),
    fc.record({ type: fc.constant("ints" as const), value: fc.array(integer) }),
    fc.record({ type: fc.constant("floats" as const), value: fc.array(float) }),
    fc.record({ type: fc.constant("strings" as const), value: fc.array(word) }),
    fc.record({ type: fc.constant("tensor" as const), value: hostTensor }),
    fc.record({ type: fc.constant("graph" as const), value: tie("graph") }),
  ),
  node: fc.record({
    opType: name,
    domain: fc.oneof(fc.constant(""), fc.constant("com.microsoft")),
    name: word,
    inputs: fc.array(word, { maxLength: 4 }),
    outputs: fc.array(word, { maxLength: 3 }),
    attributes: fc.array(fc.tuple(word, tie("attribute")), { maxLength: 3 }).map((entries) => Object.fromEntries(entries)),
  }),
  graph: fc.record({
    name: word,
    nodes: fc.array(tie("node"), { maxLength: 4 }),
    inputs: fc.array(declaration, { maxLength: 2 }),
    outputs: fc.array(declaration, { maxLength: 2 }),
    initializers: fc.array(fc.tuple(name, hostTensor), { maxLength: 3 }).map((entries) => new Map(entries)),
  }),
}));

/** Any model, well formed as a file but of any content. */
export const onnxModel: fc.Arbitrary<OnnxModel<OnnxDeclaration>> = fc.record({
  irVersion: fc.integer({ min: 3, max: 12 }),
  opsets: fc.dictionary(fc.constantFrom("", "com.microsoft", "local"), fc.integer({ min: 1, max: 30 })).map((record) => ({ ...record })),
  graph,
  metadata: fc.array(fc.tuple(word, word), { maxLength: 3 }).map((entries) => Object.fromEntries(entries)),
});

/** The same value with tensors as plain text, so that equality compares bits and not numbers. */
export function comparable(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return `${value.constructor.name}:${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex")}`;
  if (value instanceof Map) return [...value].map(([key, item]) => [comparable(key), comparable(item)]);
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value === "object" && value !== null)
    return Object.entries(value)
      .map(([key, item]) => [key, comparable(item)])
      .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  return Object.is(value, -0) ? "-0" : value;
}
