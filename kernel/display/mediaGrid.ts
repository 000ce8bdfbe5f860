/** @file Images as a grid (PNG) and videos as frames (GIF, and PNG frames for the scrubber). */
import { ArgumentError } from "../errors";
import { encodeGifPixels } from "../media/gif";
import { pixelsAt, pixelsOf, type PixelOptions, type Pixels } from "../media/pixels";
import { encodePixels } from "../media/png";
import { showShape } from "../graph/shape";
import type { HostTensor } from "../graph/dtype";
import { card } from "./card";
import { Display, plainText } from "./displayable";
import { evenIndices, pick } from "./downsample";
import { percent, plural, significant } from "./format";
import { mosaic, select, shrink, type Mosaic } from "./mosaic";
import type { ImagesPayload, VideoPayload } from "./schema";
import { element, group, label } from "./svg";
import { fitText } from "./textWidth";
import { CARD_PADDING_PX, CARD_WIDTH_PX, MUTED_INK } from "./theme";
import { base64 } from "./values";

export interface ImagesOptions extends PixelOptions {
  readonly title?: string;
  /** One for each image. */
  readonly captions?: readonly string[];
  /** Images in a row; default: as square as it gets. */
  readonly columns?: number;
}

export interface VideoOptions extends PixelOptions {
  readonly title?: string;
  /** 1…50, default 10. */
  readonly framesPerSecond?: number;
}

/** A picture stands twice in an output (payload and static twin), in base64: 2 × 4/3 of this, and what single tiles add, stays in the budget. */
const MAX_PICTURE_BYTES = 56_000;
const GAP_PX = 2;
const MAX_GRID_WIDTH_PX = CARD_WIDTH_PX - 2 * CARD_PADDING_PX;
/** Small images are enlarged to about this side in the static twin. */
const COMFORTABLE_TILE_PX = 72;

/**
 * Images [N, H, W, C], [N, C, H, W], [N, H, W] or one [H, W], [H, W, C], [C, H, W]. Over budget they are shrunk, then thinned out.
 * The finding tells of values outside of the range and of NaN: the usual mistakes with generated images.
 *
 * @throws {ShapeError} for other shapes. @throws {ArgumentError} when captions and images differ in number.
 */
export function imagesView(images: HostTensor, { title = "", captions = [], columns, ...options }: ImagesOptions = {}): Display<"media"> {
  const all = pixelsOf(images, options);
  if (captions.length !== 0 && captions.length !== all.count)
    throw new ArgumentError(`${captions.length} captions for ${plural(all.count, "image")}`, { help: "give one caption for each image, or none" });
  if (columns !== undefined && !(Number.isInteger(columns) && columns > 0))
    throw new ArgumentError(`${columns} columns`, { help: "give a whole number above 0" });
  const square = (count: number): number => Math.min(columns ?? Math.max(1, Math.ceil(Math.sqrt((count * all.height * 2) / all.width))), count, 64);
  const fitted = withinBudget(all, [(pixels) => encodeMosaic(mosaic(pixels, { columns: square(pixels.count), gap: GAP_PX }))]);
  const shown = pick(captions, captions.length === 0 ? [] : fitted.indices).map((caption) => caption.slice(0, 200));
  const payload: ImagesPayload = {
    version: 1,
    title: title.slice(0, 300),
    finding: imagesFinding(all, { tensor: images, noun: "image" }),
    cuts: fitted.cuts,
    kind: "images",
    png: base64(fitted.files[0]),
    columns: square(fitted.pixels.count),
    count: fitted.pixels.count,
    tileWidth: fitted.pixels.width,
    tileHeight: fitted.pixels.height,
    gap: GAP_PX,
    captions: shown,
  };
  return new Display({
    view: "media",
    payload,
    still: imagesStill(fitted.pixels, payload),
    text: plainText(payload, shown.length === 0 ? [] : [`captions: ${shown.slice(0, 40).join(", ")}${shown.length > 40 ? ", …" : ""}`]),
  });
}

const encodeMosaic = ({ width, height, channels, data }: Mosaic): Uint8Array => encodePixels({ width, height, channels, data });

function imagesFinding(pixels: Pixels, { tensor: { dtype, shape }, noun }: { readonly tensor: HostTensor; readonly noun: string }): string {
  const { count, width, height, channels, range, clipped, nonFinite } = pixels;
  const kind = channels === 1 ? "grey" : channels === 3 ? "RGB" : "RGBA";
  const bad = nonFinite === 0 ? "" : `; ${plural(nonFinite, "value is", "values are")} not finite (drawn black)`;
  const outside =
    clipped === 0 ? "" : `; ${percent(clipped)} of the values lie outside of ${significant(range[0])}…${significant(range[1])} and are clipped`;
  return `${plural(count, noun)} of ${width} × ${height} pixels, ${kind}, from ${dtype} ${showShape(shape)}${outside}${bad}.`;
}

interface Fitted {
  readonly pixels: Pixels;
  /** Which of all images are kept. */
  readonly indices: readonly number[];
  readonly files: readonly Uint8Array[];
  readonly cuts: readonly string[];
}

type Encoder = (pixels: Pixels) => Uint8Array;

/** Shrinks images until all files fit; below 24 pixels a side they are thinned out instead. */
function withinBudget(all: Pixels, encoders: readonly Encoder[]): Fitted {
  let factor = 1;
  let count = all.count;
  for (;;) {
    const indices = evenIndices(all.count, count);
    const pixels = shrink(count === all.count ? all : select(all, indices), factor);
    // Encoding a picture that is far too large only to learn so would take seconds.
    let excess = pixels.data.length / (MAX_PICTURE_BYTES * 60);
    const files: Uint8Array[] = [];
    for (const encode of encoders) {
      if (excess > 1) break;
      files.push(encode(pixels));
      excess = Math.max(excess, files[files.length - 1].length / MAX_PICTURE_BYTES);
    }
    if (excess <= 1) return { pixels, indices, files, cuts: cutsOf(all, { factor, count }) };
    const small = Math.min(pixels.width, pixels.height) <= 24;
    // Sizes fall about as the number of pixels does; a little less than that, so that no size is skipped.
    if (small && count > 1) count = Math.max(1, Math.floor(count * Math.min(0.8, 1.1 / excess)));
    else factor = Math.max(factor + 1, Math.floor(factor * Math.sqrt(excess) * 0.9));
  }
}

const cutsOf = (all: Pixels, { factor, count }: { readonly factor: number; readonly count: number }): string[] => [
  ...(factor > 1 ? [`shown at 1/${factor} of the size`] : []),
  ...(count < all.count ? [`${count} of ${all.count} kept, evenly spread`] : []),
];

/** Without words a PNG; with a title or captions an SVG around PNG tiles, for a PNG holds no text. */
function imagesStill(pixels: Pixels, payload: ImagesPayload): Record<string, string> {
  const { title, captions, columns, tileWidth, png } = payload;
  if (captions.length > 0 || title !== "") return { "image/svg+xml": drawImages(pixels, payload) };
  const enlarge = Math.max(1, Math.min(Math.floor(COMFORTABLE_TILE_PX / tileWidth), Math.floor(MAX_GRID_WIDTH_PX / (columns * tileWidth))));
  const large = encodeMosaic(mosaic(pixels, { columns, gap: GAP_PX, enlarge }));
  return { "image/png": large.length <= MAX_PICTURE_BYTES ? base64(large) : png };
}

const CAPTION_PX = 16;
const SPACE_PX = 6;

/** The static twin with title and captions. */
function drawImages(pixels: Pixels, { title, finding, cuts, captions, columns }: ImagesPayload): string {
  const side = Math.min(
    (MAX_GRID_WIDTH_PX - (columns - 1) * SPACE_PX) / columns,
    Math.max(pixels.width, COMFORTABLE_TILE_PX * (captions.length > 0 ? 2 : 1)),
  );
  const height = (side * pixels.height) / pixels.width;
  const below = captions.length > 0 ? CAPTION_PX : 0;
  const rows = Math.ceil(pixels.count / columns);
  return card({ title, finding, caption: cuts.join(" · "), height: rows * (height + below + SPACE_PX) - SPACE_PX }, (box) =>
    group(
      {},
      Array.from({ length: pixels.count }, (_, i) => {
        const [x, y] = [box.x + (i % columns) * (side + SPACE_PX), box.y + Math.floor(i / columns) * (height + below + SPACE_PX)];
        const png = encodePixels({ width: pixels.width, height: pixels.height, channels: pixels.channels, data: pixelsAt(pixels, i) });
        const smooth = side < pixels.width * 1.5;
        return [
          element("image", {
            x,
            y,
            width: side,
            height,
            preserveAspectRatio: "none",
            style: smooth ? undefined : "image-rendering:pixelated",
            href: `data:image/png;base64,${base64(png)}`,
          }),
          captions.length === 0 ? undefined : label(fitText(captions[i], side, { size: 10 }), { x, y: y + height + 12, size: 10, fill: MUTED_INK }),
        ];
      }),
    ),
  );
}

/**
 * Frames [T, H, W], [T, H, W, C] or [T, C, H, W] as a repeating GIF; single frames in the payload. Over budget frames are shrunk, then thinned out
 * (the rate falls with them, so the length in seconds stays).
 *
 * @throws {ShapeError} for other shapes.
 */
export function videoView(video: HostTensor, { title = "", framesPerSecond = 10, ...options }: VideoOptions = {}): Display<"media"> {
  const all = pixelsOf(video, options);
  const columns = (count: number): number => Math.ceil(Math.sqrt(count));
  const rateOf = (count: number): number => Math.max(1, (framesPerSecond * count) / all.count);
  const fitted = withinBudget(all, [
    (pixels) => encodeMosaic(mosaic(pixels, { columns: columns(pixels.count), gap: 0 })),
    (pixels) => encodeGifPixels(pixels, rateOf(pixels.count)),
  ]);
  const rate = rateOf(fitted.pixels.count);
  const payload: VideoPayload = {
    version: 1,
    title: title.slice(0, 300),
    finding: imagesFinding(all, { tensor: video, noun: "frame" }),
    cuts: fitted.cuts,
    kind: "video",
    png: base64(fitted.files[0]),
    columns: columns(fitted.pixels.count),
    count: fitted.pixels.count,
    tileWidth: fitted.pixels.width,
    tileHeight: fitted.pixels.height,
    framesPerSecond: rate,
  };
  const { width } = fitted.pixels;
  const enlarge = Math.max(1, Math.min(8, Math.floor(240 / width)));
  const large = enlarge === 1 ? fitted.files[1] : encodeGifPixels(enlarged(fitted.pixels, enlarge), rate);
  const gif = large.length <= MAX_PICTURE_BYTES ? large : fitted.files[1];
  return new Display({
    view: "media",
    payload,
    still: { "image/gif": base64(gif) },
    text: plainText(payload, [`${significant(all.count / framesPerSecond)} s at ${significant(framesPerSecond)} frames a second`]),
  });
}

/** Each frame enlarged: viewers show GIFs at their own size, and 28 pixels are hard to see. */
function enlarged(pixels: Pixels, enlarge: number): Pixels {
  const { width, height, data } = mosaic(pixels, { columns: 1, gap: 0, enlarge });
  return { ...pixels, width, height: height / pixels.count, data };
}
