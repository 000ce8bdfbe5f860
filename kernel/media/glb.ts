/** @file GLB files (binary glTF 2.0) of point clouds and triangle meshes. */
import { ArgumentError, ShapeError } from "../errors";
import { toNumbers, type HostTensor } from "../graph/dtype";
import { showShape } from "../graph/shape";

export interface Geometry {
  /** [N, 3], right-handed, y up, in metres as glTF has it. Every value must be finite. */
  readonly positions: HostTensor;
  /** [M, 3] indices into the positions. Left out: a point cloud. */
  readonly triangles?: HostTensor;
  /** [N, 3] red, green, blue: floats 0…1 (clamped) or uint8. */
  readonly colours?: HostTensor;
  /** Name of the object in viewers, default "isoflop". */
  readonly name?: string;
}

// Constants of the glTF 2.0 specification, §3.6.2 (accessors), §3.7.2 (primitives), §4.4 (GLB container).
const GLB_MAGIC = 0x46546c67;
const CHUNK_JSON = 0x4e4f534a;
const CHUNK_BIN = 0x004e4942;
const UNSIGNED_BYTE = 5121;
const UNSIGNED_INT = 5125;
const FLOAT = 5126;
const ARRAY_BUFFER = 34_962;
const ELEMENT_ARRAY_BUFFER = 34_963;
const MODE_POINTS = 0;
const MODE_TRIANGLES = 4;

const padded = (bytes: number): number => Math.ceil(bytes / 4) * 4;

function rowsOfThree(tensor: HostTensor, what: string): number {
  if (tensor.shape.length !== 2 || tensor.shape[1] !== 3 || tensor.shape[0] === 0 || tensor.data.length !== tensor.shape[0] * 3)
    throw new ShapeError(`${what} of shape ${showShape(tensor.shape)} with ${tensor.data.length} elements`, {
      help: `give ${what} as [N, 3], N at least 1`,
    });
  return tensor.shape[0];
}

/**
 * A self-contained GLB file: one mesh of triangles, or of points when there are none, with optional vertex colours.
 * @throws {ShapeError} when an array is not [N, 3]. @throws {ArgumentError} for positions that are not finite or triangles that point outside.
 */
export function encodeGlb({ positions, triangles, colours, name = "isoflop" }: Geometry): Uint8Array {
  const count = rowsOfThree(positions, "positions");
  const parts: { readonly bytes: Uint8Array; readonly target: number }[] = [];
  const accessors: object[] = [];
  const add = (bytes: Uint8Array, target: number, accessor: object): number => {
    accessors.push({ bufferView: parts.push({ bytes, target }) - 1, ...accessor });
    return accessors.length - 1;
  };
  const points = Float32Array.from(toNumbers(positions));
  const { min, max } = boundsOf(points);
  const attributes: Record<string, number> = {
    POSITION: add(bytesOf(points), ARRAY_BUFFER, { componentType: FLOAT, count, type: "VEC3", min, max }),
  };
  if (colours !== undefined) {
    if (rowsOfThree(colours, "colours") !== count)
      throw new ShapeError(`${colours.shape[0]} colours for ${count} positions`, { help: "give one colour for each position" });
    attributes.COLOR_0 = add(colourBytes(colours), ARRAY_BUFFER, { componentType: UNSIGNED_BYTE, normalized: true, count, type: "VEC4" });
  }
  let indices: number | undefined;
  if (triangles !== undefined) {
    const corners = Uint32Array.from(triangleCorners(triangles, count));
    indices = add(bytesOf(corners), ELEMENT_ARRAY_BUFFER, { componentType: UNSIGNED_INT, count: corners.length, type: "SCALAR" });
  }
  let offset = 0;
  const bufferViews = parts.map(({ bytes, target }) => {
    const view = { buffer: 0, byteOffset: offset, byteLength: bytes.length, target };
    offset += padded(bytes.length);
    return view;
  });
  const primitive = { attributes, mode: indices === undefined ? MODE_POINTS : MODE_TRIANGLES, ...(indices === undefined ? {} : { indices }) };
  const gltf = {
    asset: { version: "2.0", generator: "isoflop" },
    scene: 0,
    scenes: [{ nodes: [0] }],
    nodes: [{ mesh: 0, name }],
    meshes: [{ name, primitives: [primitive] }],
    buffers: [{ byteLength: offset }],
    bufferViews,
    accessors,
  };
  return container(
    gltf,
    parts.map(({ bytes }) => bytes),
    offset,
  );
}

const bytesOf = (array: Float32Array | Uint32Array): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

function boundsOf(points: Float32Array): { readonly min: number[]; readonly max: number[] } {
  const min = [Infinity, Infinity, Infinity];
  const max = [-Infinity, -Infinity, -Infinity];
  for (let i = 0; i < points.length; i++) {
    if (!Number.isFinite(points[i]))
      throw new ArgumentError(`position ${Math.floor(i / 3)} is not finite`, { help: "remove NaN and infinite positions: glTF does not allow them" });
    min[i % 3] = Math.min(min[i % 3], points[i]);
    max[i % 3] = Math.max(max[i % 3], points[i]);
  }
  return { min, max };
}

/** RGBA bytes: vertex attributes must be aligned to four bytes. */
function colourBytes(colours: HostTensor): Uint8Array {
  const values = toNumbers(colours);
  const scale = colours.dtype === "uint8" ? 1 : 255;
  const out = new Uint8Array((values.length / 3) * 4).fill(255);
  for (let i = 0; i < values.length; i++) out[Math.floor(i / 3) * 4 + (i % 3)] = Math.min(255, Math.max(0, Math.round(values[i] * scale) || 0));
  return out;
}

function triangleCorners(triangles: HostTensor, count: number): Float64Array {
  rowsOfThree(triangles, "triangles");
  const corners = toNumbers(triangles);
  const bad = corners.findIndex((corner) => !Number.isInteger(corner) || corner < 0 || corner >= count);
  if (bad >= 0)
    throw new ArgumentError(`triangle ${Math.floor(bad / 3)} names vertex ${corners[bad]} of ${count}`, {
      help: `use whole numbers 0 to ${count - 1}`,
    });
  return corners;
}

function container(gltf: object, parts: readonly Uint8Array[], binaryBytes: number): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(gltf));
  const jsonBytes = padded(json.length);
  const out = new Uint8Array(12 + 8 + jsonBytes + 8 + binaryBytes);
  const header = new DataView(out.buffer);
  [GLB_MAGIC, 2, out.length, jsonBytes, CHUNK_JSON].forEach((word, i) => header.setUint32(i * 4, word, true));
  out.fill(0x20, 20, 20 + jsonBytes).set(json, 20);
  const binary = 20 + jsonBytes;
  header.setUint32(binary, binaryBytes, true);
  header.setUint32(binary + 4, CHUNK_BIN, true);
  let offset = binary + 8;
  for (const part of parts) {
    out.set(part, offset);
    offset += padded(part.length);
  }
  return out;
}
