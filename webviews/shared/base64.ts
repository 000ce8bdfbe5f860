/** @file Base64 both ways, and the byte grids that payloads carry. */
import type { ByteGrid } from "../../kernel/display/schema";

/** The bytes. @throws {Error} for text that is not base64. */
export function bytesOfBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const out = new Uint8Array(binary.length);
  for (let i = 0; i < out.length; i++) out[i] = binary.charCodeAt(i);
  return out;
}

/** Characters given to one call of String.fromCharCode: more would overflow the stack. */
const CHUNK_BYTES = 0x8000;

export function base64OfBytes(bytes: Uint8Array): string {
  let binary = "";
  for (let i = 0; i < bytes.length; i += CHUNK_BYTES) binary += String.fromCharCode(...bytes.subarray(i, i + CHUNK_BYTES));
  return btoa(binary);
}

/** Highest byte of a ByteGrid that stands for a value; 255 is "not finite". */
export const BYTE_LEVELS = 254;

/** The value of one byte of a grid; NaN where it was not finite. */
export const gridValue = ({ low, high }: ByteGrid, byte: number): number => (byte === 255 ? NaN : low + (high - low) * (byte / BYTE_LEVELS));

/** The values of a grid, row-major; NaN where they were not finite. */
export const gridValues = (grid: ByteGrid): Float64Array => Float64Array.from(bytesOfBase64(grid.data), (byte) => gridValue(grid, byte));
