/** @file Canvases that are sharp on every screen, and byte grids as pictures. */
import type { ByteGrid } from "../../kernel/display/schema";
import { bytesOfBase64 } from "./base64";
import { byteColours, type ColourMap } from "./colour";

/** A context whose unit is the CSS pixel, on a canvas of this size in CSS pixels; undefined where the browser gives none. */
export function sharpContext(canvas: HTMLCanvasElement, { width, height }: { readonly width: number; readonly height: number }): CanvasRenderingContext2D | undefined {
  const ratio = Math.max(1, window.devicePixelRatio || 1);
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.max(1, Math.round(height * ratio));
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  context?.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context ?? undefined;
}

/** A [rows, columns] grid as a canvas of one pixel for each cell; `flip` puts the last row on top. Draw it scaled, with smoothing off. */
export function gridCanvas(grid: ByteGrid, { map, flip = false }: { readonly map: ColourMap; readonly flip?: boolean }): HTMLCanvasElement {
  const [rows, columns] = grid.shape;
  const canvas = document.createElement("canvas");
  canvas.width = columns;
  canvas.height = rows;
  const context = canvas.getContext("2d");
  if (context === null || rows * columns === 0) return canvas;
  const bytes = bytesOfBase64(grid.data);
  const colours = byteColours(map);
  const image = context.createImageData(columns, rows);
  for (let i = 0; i < bytes.length; i++) {
    const row = Math.floor(i / columns);
    const at = (flip ? rows - 1 - row : row) * columns + (i % columns);
    image.data.set(colours.subarray(bytes[i] * 4, bytes[i] * 4 + 4), at * 4);
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

/** The canvas as PNG bytes. @throws {Error} when the browser cannot encode it (too large). */
export async function pngOfCanvas(canvas: HTMLCanvasElement): Promise<Uint8Array> {
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
  if (blob === null) throw new Error(`the picture of ${canvas.width} × ${canvas.height} pixels could not be encoded`);
  return new Uint8Array(await blob.arrayBuffer());
}
