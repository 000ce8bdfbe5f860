/** @file Single tiles out of one picture. */
import { html } from "../../shared/dom";

export interface TileLayout {
  readonly columns: number;
  readonly count: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly gap: number;
}

export class Tiles {
  private constructor(
    private readonly picture: HTMLImageElement,
    readonly layout: TileLayout,
  ) {}

  /** @throws {Error} when the picture cannot be decoded. */
  static async decode(png: string, layout: TileLayout): Promise<Tiles> {
    const picture = new Image();
    picture.src = `data:image/png;base64,${png}`;
    try {
      await picture.decode();
    } catch {
      throw new Error("the PNG picture is damaged: it cannot be decoded");
    }
    return new Tiles(picture, layout);
  }

  /** Tile `index` in its own pixels. */
  canvas(index: number): HTMLCanvasElement {
    const { tileWidth, tileHeight } = this.layout;
    const canvas = html("canvas", { width: tileWidth, height: tileHeight });
    this.draw(canvas, index);
    return canvas;
  }

  /** Draws a tile over a whole canvas. */
  draw(canvas: HTMLCanvasElement, index: number): void {
    const { columns, tileWidth, tileHeight, gap } = this.layout;
    const context = canvas.getContext("2d");
    if (context === null) return;
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingEnabled = canvas.width < tileWidth;
    const [x, y] = [(index % columns) * (tileWidth + gap), Math.floor(index / columns) * (tileHeight + gap)];
    context.drawImage(this.picture, x, y, tileWidth, tileHeight, 0, 0, canvas.width, canvas.height);
  }
}

/** CSS size of a tile that fits into a box; small ones are enlarged by whole numbers, so that pixels stay square. */
export function fittedSize({ tileWidth, tileHeight }: Pick<TileLayout, "tileWidth" | "tileHeight">, { width, height }: { readonly width: number; readonly height: number }): { readonly width: number; readonly height: number; readonly pixelated: boolean } {
  const scale = Math.min(width / tileWidth, height / tileHeight);
  const used = scale >= 2 ? Math.floor(scale) : scale;
  return { width: Math.max(1, Math.round(tileWidth * used)), height: Math.max(1, Math.round(tileHeight * used)), pixelated: used >= 2 };
}
