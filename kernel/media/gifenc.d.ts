/** @file Types of the part of gifenc 1.0.3 used here; the package ships none. Node loads its CommonJS build (everything under `default`), bundlers its ES build (names). */
declare module "gifenc" {
  type Palette = number[][];
  interface GifStream {
    writeFrame(index: Uint8Array, width: number, height: number, options?: { palette?: Palette; delay?: number; repeat?: number }): void;
    finish(): void;
    bytes(): Uint8Array;
  }
  interface Gifenc {
    GIFEncoder(options?: { auto?: boolean; initialCapacity?: number }): GifStream;
    quantize(rgba: Uint8Array, maxColors: number, options?: { format?: "rgb565" | "rgb444" | "rgba4444" }): Palette;
    applyPalette(rgba: Uint8Array, palette: Palette, format?: "rgb565" | "rgb444" | "rgba4444"): Uint8Array;
  }
  export const GIFEncoder: Gifenc["GIFEncoder"];
  export const quantize: Gifenc["quantize"];
  export const applyPalette: Gifenc["applyPalette"];
  const gifenc: Gifenc | Gifenc["GIFEncoder"];
  export { gifenc as default };
}
