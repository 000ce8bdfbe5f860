/** @file Small maps of all heads in one picture, made a few at a time so that the page stays quick. */
import { type AttentionModel, isMasked } from "./model";
import { decode, difference, thumbnail, type Weights } from "./grids";

export interface Atlas {
  /** Draws the small map of a head into a square; nothing where it is not made yet or has no weights. */
  draw(context: CanvasRenderingContext2D, index: number, at: { readonly x: number; readonly y: number; readonly size: number }): void;
  /** New colours: 256 RGBA entries. */
  recolour(colours: Uint32Array): void;
}

export interface AtlasOptions {
  readonly model: AttentionModel;
  /** Weights that are taken away from those of a head: small maps of differences. */
  readonly other?: (index: number) => Weights | undefined;
  readonly colours: Uint32Array;
  readonly signal: AbortSignal;
  /** Called whenever more maps are there. */
  readonly ready: () => void;
}

/** Milliseconds of one slice of work: the first may be longer, as nothing is shown before. */
const FIRST_SLICE_MS = 60;
const SLICE_MS = 6;

interface Thumb {
  readonly width: number;
  readonly height: number;
  readonly bytes: Uint8Array;
}

export function atlas({ model, other, colours, signal, ready }: AtlasOptions): Atlas {
  const count = model.heads.length;
  const side = Math.min(count > 256 ? 32 : 64, Math.max(model.rows, model.columns));
  const across = Math.max(1, Math.ceil(Math.sqrt(count)));
  const canvas = new OffscreenCanvas(across * side, Math.max(1, Math.ceil(count / across)) * side);
  const context = canvas.getContext("2d");
  const thumbs: (Thumb | undefined)[] = [];
  let table = colours;

  function put(index: number): void {
    const thumb = thumbs[index];
    if (thumb === undefined) return;
    const pixels = new Uint32Array(thumb.width * thumb.height);
    thumb.bytes.forEach((byte, i) => {
      const [row, column] = [
        Math.floor((Math.floor(i / thumb.width) * model.rows) / thumb.height),
        Math.floor(((i % thumb.width) * model.columns) / thumb.width),
      ];
      pixels[i] = byte === 0 && isMasked(model, row, column) ? 0 : table[byte];
    });
    context?.putImageData(
      new ImageData(new Uint8ClampedArray(pixels.buffer), thumb.width, thumb.height),
      (index % across) * side,
      Math.floor(index / across) * side,
    );
  }

  function work(slice: number): void {
    if (signal.aborted) return;
    const end = performance.now() + slice;
    while (thumbs.length < count && performance.now() < end) {
      const index = thumbs.length;
      const own = decode(model.heads[index], model);
      const base = other?.(index);
      const shown = own === undefined ? undefined : other === undefined ? own : base === undefined ? undefined : difference(own, base);
      thumbs.push(shown === undefined ? undefined : thumbnail(shown, { side, signed: other !== undefined }));
      put(index);
    }
    if (slice !== FIRST_SLICE_MS) ready();
    if (thumbs.length < count) requestAnimationFrame(() => work(SLICE_MS));
  }
  work(FIRST_SLICE_MS);

  return {
    draw(target, index, { x, y, size }) {
      const thumb = thumbs[index];
      if (thumb !== undefined)
        target.drawImage(canvas, (index % across) * side, Math.floor(index / across) * side, thumb.width, thumb.height, x, y, size, size);
    },
    recolour(next) {
      table = next;
      thumbs.forEach((_, index) => put(index));
    },
  };
}
