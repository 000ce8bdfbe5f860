/** @file Weights beside the model: written, read, and refused where they lead elsewhere. */
import { mkdtempSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../kernel/errors";
import type { HostTensor } from "../../kernel/graph/dtype";
import { atomicWrite } from "../../kernel/io/atomicWrite";
import type { ExternalPlace } from "../../kernel/onnx/externalData";
import type { OnnxModel } from "../../kernel/onnx/model";
import { decodeModel, encodeModel } from "../../kernel/onnx/protobuf";
import { writeModel } from "../../kernel/onnx/writeModel";
import { comparable } from "./onnxModels";

const ramp = (length: number, from = 0): HostTensor => ({
  dtype: "float32",
  shape: [length],
  data: Float32Array.from({ length }, (_, i) => from + i),
});
const modelOf = (initializers: Readonly<Record<string, HostTensor>>): OnnxModel => ({
  irVersion: 10,
  opsets: { "": 21 },
  metadata: {},
  graph: {
    name: "g",
    inputs: [],
    outputs: Object.keys(initializers).map((name) => ({ name: `${name}_out`, dtype: "float32", shape: [initializers[name].shape[0]] })),
    nodes: Object.keys(initializers).map((name) => ({
      opType: "Identity",
      domain: "",
      name,
      inputs: [name],
      outputs: [`${name}_out`],
      attributes: {},
    })),
    initializers: new Map(Object.entries(initializers)),
  },
});
const folder = (): string => mkdtempSync(join(tmpdir(), "onnx-"));
const model = modelOf({ small: ramp(3), large: ramp(20_001, 5), other: ramp(20_000, -3) });

describe("a model with large weights", () => {
  it("is written as two files that give the same model back, here and in onnxruntime", async () => {
    const at = join(folder(), "m.onnx");
    const paths = await writeModel(at, model, { write: atomicWrite });
    expect(paths).toHaveLength(2);
    const bytes = readFileSync(at);
    expect(bytes.length).toBeLessThan(2000);
    expect(comparable(decodeModel(bytes, { externalFolder: join(at, "..") }))).toEqual(comparable(model));
    const outputs = await (await InferenceSession.create(at)).run({});
    expect(outputs["large_out"].data).toEqual(model.graph.initializers.get("large")?.data);
    expect(outputs["other_out"].data).toEqual(model.graph.initializers.get("other")?.data);
  });

  it("replaces an older one and its data file, and stays as it was when the disk fills up", async () => {
    const home = folder();
    const at = join(home, "m.onnx");
    await writeModel(at, model, { write: atomicWrite });
    const before = readdirSync(home);
    const newer = modelOf({ large: ramp(30_000, 9) });
    await expect(writeModel(at, newer, { write: () => Promise.reject(new Error("disk full")) })).rejects.toThrow("disk full");
    expect(readdirSync(home)).toEqual(before);
    await writeModel(at, newer, { write: atomicWrite });
    expect(readdirSync(home)).toHaveLength(2);
    expect(comparable(decodeModel(readFileSync(at), { externalFolder: home }))).toEqual(comparable(newer));
    await writeModel(at, newer, { write: atomicWrite, externalThresholdBytes: Infinity });
    expect(readdirSync(home)).toEqual(["m.onnx"]);
  });
});

describe("external data", () => {
  const place = (location: string, offset = 0, length = 12): ExternalPlace => ({ location, offset, length });
  const read = (where: ExternalPlace, home: string, initializers: Readonly<Record<string, HostTensor>> = { w: ramp(3) }): unknown =>
    decodeModel(encodeModel(modelOf(initializers), { external: () => where }), { externalFolder: home });
  const home = folder();
  writeFileSync(join(home, "data"), new Uint8Array(16));
  mkdirSync(join(home, "sub"));
  writeFileSync(join(home, "sub", "data"), new Uint8Array(16));
  mkdirSync(join(home, "inner"));
  symlinkSync("/etc/hostname", join(home, "link"));
  symlinkSync(join(home, "data"), join(home, "own"));

  it("is read from files in the folder, below it, and through links that stay in it", () => {
    for (const location of ["data", "sub/data", "own", "./data"]) expect(read(place(location, 4), home)).toBeDefined();
  });

  it("is refused outside of the folder: parents, absolute paths, links, other systems' paths", () => {
    for (const location of ["../data", "/etc/hostname", "sub/../../data", "link", "C:\\data", "..\\data", "a\0b", "", ".", "sub/.."]) {
      expect(() => read(place(location), join(home, location === "../data" ? "inner" : "")), location).toThrow(FormatError);
      expect(() => read(place(location), join(home, location === "../data" ? "inner" : "")), location).toThrow(
        /outside of the model's folder|out of the model's folder/,
      );
    }
  });

  it("is refused when missing, a folder, a device, or too short", () => {
    symlinkSync("/dev/zero", join(home, "zero"));
    expect(() => read(place("absent"), home)).toThrow(/cannot be read \(ENOENT/);
    expect(() => read(place("sub"), home)).toThrow(/no regular file/);
    expect(() => read(place("zero"), home)).toThrow(/leads out/);
    expect(() => read(place("data", 8), home)).toThrow(/bytes 8 to 20 of "data", which has 16/);
    expect(() => read(place("data", 0, 8), home)).toThrow(/8 bytes for a tensor of 12 bytes/);
    expect(() => read(place("data", -4), home)).toThrow(/offset "-4"/);
    expect(() => decodeModel(encodeModel(modelOf({ w: ramp(3) }), { external: () => place("data") }))).toThrow(/pass externalFolder/);
  });

  it("is refused when many tensors blow up a small file", () => {
    const many = (count: number): Record<string, HostTensor> => Object.fromEntries(Array.from({ length: count }, (_, i) => [`w${i}`, ramp(3)]));
    expect(read(place("data"), home, many(5))).toBeDefined();
    expect(() => read(place("data"), home, many(6))).toThrow(/take 72 bytes of files of 16/);
  });
});
