/** @file `view`: one function for each way to look at things. */
import type { HostTensor } from "../graph/dtype";
import { attentionView } from "./attention";
import type { AttentionOptions } from "./attentionOptions";
import { isLazyTensor, type LazyTensor } from "./bundle";
import { claimView } from "./claimView";
import { costView } from "./costView";
import { DISPLAY, type Display, type Displayable } from "./displayable";
import { figureView } from "./figure";
import { geometryView, type GeometryOptions } from "./geometryView";
import { imagesView, videoView, type ImagesOptions, type VideoOptions } from "./mediaGrid";
import { metricsView } from "./metrics";
import { paretoView } from "./paretoView";
import { progressView } from "./progress";
import { scalingView } from "./scaling";
import type { ViewName } from "./schema";
import { spectrumView } from "./spectrum";
import { tableView } from "./table";
import { tensorView, type TensorViewOptions } from "./tensorView";
import type { NumberSource } from "./values";

/** Computes its tensors when it is shown. */
const later = (build: () => Promise<Display<ViewName>>): Displayable => ({ [DISPLAY]: async () => (await build())[DISPLAY]() });

/** Shape, statistics, histogram and slices of a tensor or a list of numbers. A lazy tensor is computed when the view is displayed. */
function tensor(source: HostTensor | NumberSource, options?: TensorViewOptions): Display<"tensor">;
function tensor(source: LazyTensor, options?: TensorViewOptions): Displayable;
function tensor(source: HostTensor | NumberSource | LazyTensor, options?: TensorViewOptions): Displayable {
  return isLazyTensor(source) ? later(async () => tensorView(await source.host(), options)) : tensorView(source, options);
}

/** Images as a grid: [N, H, W, C], [N, C, H, W], [N, H, W], or one image. */
function images(source: HostTensor, options?: ImagesOptions): Display<"media">;
function images(source: LazyTensor, options?: ImagesOptions): Displayable;
function images(source: HostTensor | LazyTensor, options?: ImagesOptions): Displayable {
  return isLazyTensor(source) ? later(async () => imagesView(await source.host(), options)) : imagesView(source, options);
}

/** A video: [T, H, W], [T, H, W, C] or [T, C, H, W]. */
function video(source: HostTensor, options?: VideoOptions): Display<"media">;
function video(source: LazyTensor, options?: VideoOptions): Displayable;
function video(source: HostTensor | LazyTensor, options?: VideoOptions): Displayable {
  return isLazyTensor(source) ? later(async () => videoView(await source.host(), options)) : videoView(source, options);
}

/** A point cloud [N, 3], or a mesh with triangles [M, 3]. */
function geometry(source: HostTensor, options?: GeometryOptions): Display<"media">;
function geometry(source: LazyTensor, options?: GeometryOptions): Displayable;
function geometry(source: HostTensor | LazyTensor, options?: GeometryOptions): Displayable {
  return isLazyTensor(source) ? later(async () => geometryView(await source.host(), options)) : geometryView(source, options);
}

type LazyAttention = Omit<AttentionOptions, "weights"> & { readonly weights: LazyTensor | readonly LazyTensor[] };

const isLazyAttention = (options: AttentionOptions | LazyAttention): options is LazyAttention =>
  isLazyTensor(Array.isArray(options.weights) ? options.weights[0] : options.weights);
const isOne = (weights: LazyTensor | readonly LazyTensor[]): weights is LazyTensor => isLazyTensor(weights);

/** Attention of all layers and heads, and which of them have a pattern. */
function attention(options: AttentionOptions): Display<"attention">;
function attention(options: LazyAttention): Displayable;
function attention(options: AttentionOptions | LazyAttention): Displayable {
  if (!isLazyAttention(options)) return attentionView(options);
  const { weights, ...rest } = options;
  return later(async () =>
    attentionView({ ...rest, weights: isOne(weights) ? await weights.host() : await Promise.all(weights.map((layer) => layer.host())) }),
  );
}

/**
 * Ways to look at things. Each gives a display: interactive in the editor, a static picture elsewhere, and a sentence that says what is to be seen.
 * Make it the last expression of a cell, or pass it to `display()`.
 */
export const view = {
  /** Lines, dots, bars, bands, rules, heat maps and text. */
  figure: figureView,
  attention,
  /** Singular values of layers over training. */
  spectrum: spectrumView,
  /** A scaling law, its interval, iso-FLOP curves and residuals. */
  scaling: scalingView,
  images,
  video,
  geometry,
  tensor,
  /** FLOPs, bytes and parameters by layer. */
  cost: costView,
  progress: progressView,
  /** Training curves. */
  metrics: metricsView,
  /** A paper's claim against a measurement. */
  claim: claimView,
  /** Quality against cost. */
  pareto: paretoView,
  /** Rows of records. */
  table: tableView,
} as const;
