/** @file GLB files: the container and the accessors as glTF 2.0 wants them. */
import { describe, expect, it } from "vitest";
import type { HostTensor } from "../../kernel/graph/dtype";
import { encodeGlb } from "../../kernel/media/glb";

const positions: HostTensor = { dtype: "float32", shape: [4, 3], data: Float32Array.of(0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, -3) };
const triangles: HostTensor = { dtype: "int32", shape: [2, 3], data: Int32Array.of(0, 1, 2, 0, 2, 3) };
const colours: HostTensor = { dtype: "float32", shape: [4, 3], data: Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1, 2, -1, NaN) };

interface Gltf {
  readonly buffers: readonly { readonly byteLength: number }[];
  readonly bufferViews: readonly { readonly byteOffset: number; readonly byteLength: number }[];
  readonly accessors: readonly { readonly count: number; readonly min?: number[]; readonly max?: number[]; readonly type: string }[];
  readonly meshes: readonly {
    readonly primitives: readonly { readonly mode: number; readonly attributes: Record<string, number>; readonly indices?: number }[];
  }[];
}

function read(bytes: Uint8Array): { readonly gltf: Gltf; readonly binary: Uint8Array } {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  expect(view.getUint32(0, true)).toBe(0x46546c67);
  expect(view.getUint32(8, true)).toBe(bytes.length);
  const jsonBytes = view.getUint32(12, true);
  expect(jsonBytes % 4).toBe(0);
  const gltf: Gltf = JSON.parse(new TextDecoder().decode(bytes.subarray(20, 20 + jsonBytes)));
  expect(view.getUint32(20 + jsonBytes, true)).toBe(gltf.buffers[0].byteLength);
  return { gltf, binary: bytes.subarray(28 + jsonBytes) };
}

describe("GLB files", () => {
  it("hold a point cloud with its bounds", () => {
    const { gltf, binary } = read(encodeGlb({ positions }));
    expect(gltf.meshes[0].primitives[0]).toEqual({ attributes: { POSITION: 0 }, mode: 0 });
    expect(gltf.accessors[0]).toMatchObject({ count: 4, type: "VEC3", min: [0, 0, -3], max: [1, 2, 0] });
    expect([...new Float32Array(binary.slice().buffer, 0, 12)]).toEqual([...positions.data]);
  });

  it("hold a mesh with colours clamped to bytes, every part aligned to four bytes", () => {
    const { gltf, binary } = read(encodeGlb({ positions, triangles, colours }));
    const [{ mode, attributes, indices }] = gltf.meshes[0].primitives;
    expect(mode).toBe(4);
    for (const view of gltf.bufferViews) expect(view.byteOffset % 4).toBe(0);
    const colour = gltf.bufferViews[attributes.COLOR_0];
    expect([...binary.subarray(colour.byteOffset + 12, colour.byteOffset + 16)]).toEqual([255, 0, 0, 255]);
    const corner = gltf.bufferViews[indices ?? -1];
    expect([...new Uint32Array(binary.slice(corner.byteOffset, corner.byteOffset + corner.byteLength).buffer)]).toEqual([0, 1, 2, 0, 2, 3]);
  });

  it("refuse what glTF does not allow", () => {
    expect(() => encodeGlb({ positions: { ...positions, data: Float32Array.from(positions.data, Number).fill(NaN, 4, 5) } })).toThrow(
      /position 1 is not finite/,
    );
    expect(() => encodeGlb({ positions, triangles: { ...triangles, data: Int32Array.of(0, 1, 4, 0, 2, 3) } })).toThrow(/names vertex 4 of 4/);
    expect(() => encodeGlb({ positions: { dtype: "float32", shape: [3], data: new Float32Array(3) } })).toThrow(/positions of shape/);
  });
});
