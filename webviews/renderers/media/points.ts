/** @file Points, colours and triangles of a geometry payload as arrays. */
import type { GeometryPayload } from "../../../kernel/display/schema";
import { bytesOfBase64 } from "../../shared/base64";
import { mapColour } from "../../shared/colour";

export interface Geometry {
  readonly count: number;
  /** [count, 3]; y up. */
  readonly positions: Float32Array;
  /** [count, 3], 0…255. */
  readonly colours: Uint8Array;
  /** [triangles, 3]; empty for a point cloud. */
  readonly triangles: Uint32Array;
  readonly low: readonly [number, number, number];
  readonly high: readonly [number, number, number];
}

const LEVELS = 65_535;

export function geometryOf({ positions, colours, triangles, count, low, high }: GeometryPayload): Geometry {
  const packed = bytesOfBase64(positions);
  const view = new DataView(packed.buffer);
  const values = Float32Array.from({ length: count * 3 }, (_, i) => low[i % 3] + (high[i % 3] - low[i % 3]) * (view.getUint16(i * 2, true) / LEVELS));
  return { count, positions: values, colours: colours === "" ? byHeight(values, { low: low[1], high: high[1] }) : bytesOfBase64(colours), triangles: new Uint32Array(bytesOfBase64(triangles).buffer), low, high };
}

/** As the static twin: the brightest end of the map is too pale on white. */
function byHeight(positions: Float32Array, { low, high }: { readonly low: number; readonly high: number }): Uint8Array {
  const out = new Uint8Array(positions.length);
  for (let i = 0; i < positions.length; i += 3) out.set(mapColour("sequential", ((positions[i + 1] - low) / (high - low || 1)) * 0.9).map(Math.round), i);
  return out;
}
