/** @file GIF files: frames, delays and colours as the format has them. */
import { describe, expect, it } from "vitest";
import { ArgumentError } from "../../kernel/errors";
import { encodeGif } from "../../kernel/media/gif";

/** Walks the blocks of a GIF (GIF89a specification): size, frame count, delays in 1/100 s. */
function readGif(bytes: Uint8Array): {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly delays: number[];
  readonly ended: boolean;
} {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const paletteBytes = (flags: number): number => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  let at = 13 + paletteBytes(bytes[10]);
  let frames = 0;
  const delays: number[] = [];
  const skipBlocks = (): void => {
    while (bytes[at] !== 0) at += bytes[at] + 1;
    at++;
  };
  while (bytes[at] !== 0x3b && at < bytes.length) {
    if (bytes[at] === 0x21) {
      if (bytes[at + 1] === 0xf9) delays.push(view.getUint16(at + 4, true));
      at += 2;
      skipBlocks();
    } else {
      frames++;
      at += 10 + paletteBytes(bytes[at + 9]) + 1;
      skipBlocks();
    }
  }
  return { width: view.getUint16(6, true), height: view.getUint16(8, true), frames, delays, ended: bytes[at] === 0x3b };
}

describe("GIF files", () => {
  it("hold every frame with its delay, grey or in colour, channels first or last", () => {
    const grey = encodeGif(
      { dtype: "float32", shape: [5, 6, 8], data: Float32Array.from({ length: 240 }, (_, i) => i / 240) },
      { framesPerSecond: 20 },
    );
    expect(readGif(grey)).toEqual({ width: 8, height: 6, frames: 5, delays: [5, 5, 5, 5, 5], ended: true });
    const colour = encodeGif({ dtype: "uint8", shape: [3, 3, 6, 8], data: Uint8Array.from({ length: 432 }, (_, i) => i % 256) });
    expect(readGif(colour)).toEqual({ width: 8, height: 6, frames: 3, delays: [10, 10, 10], ended: true });
  });

  it("refuse a frame rate that viewers do not play", () => {
    for (const framesPerSecond of [0, 51, NaN])
      expect(() => encodeGif({ dtype: "uint8", shape: [2, 2, 2], data: new Uint8Array(8) }, { framesPerSecond })).toThrow(ArgumentError);
  });
});
