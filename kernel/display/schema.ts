/**
 * @file Payloads of the interactive views: the JSON under `application/vnd.isoflop.<view>.v1+json`. Types only, shared with the webviews.
 *
 * Rules of all payloads: `finding` is the sentence that the static twin and text/plain say too; `cuts` lists what was left out or
 * coarsened to fit the budget; numbers that are NaN or infinite are `null`; numbers are rounded to 5 significant digits unless said otherwise.
 * A change that an old webview cannot read gets a new version in the MIME type and in `version`.
 */

import type { ByteGrid, FigurePayload, MaybeNumber, Numbers, PayloadBase } from "./figureSchema";

export type * from "./figureSchema";

/** Every view and its payload. */
export interface Payloads {
  readonly figure: FigurePayload;
  readonly attention: AttentionPayload;
  readonly spectrum: SpectrumPayload;
  readonly scaling: ScalingPayload;
  readonly media: MediaPayload;
  readonly tensor: TensorPayload;
  readonly cost: CostPayload;
  readonly progress: ProgressPayload;
  readonly metrics: MetricsPayload;
  readonly claim: ClaimPayload;
  readonly pareto: ParetoPayload;
  readonly table: TablePayload;
}
export type ViewName = keyof Payloads;
export type ViewMime<V extends ViewName = ViewName> = `application/vnd.isoflop.${V}.v1+json`;

// ---- attention ----------------------------------------------------------------------------------------------------------------------------

/** Shares of attention, each 0…1, means over the queries of one head. */
export interface HeadScores {
  /** On the token just before the query. */
  readonly previous: MaybeNumber;
  /** On the query's own position. */
  readonly self: MaybeNumber;
  /** On the first token (queries after it only). */
  readonly first: MaybeNumber;
  /** On the token that followed the last earlier occurrence of the query's token; null without tokens or repeats. */
  readonly induction: MaybeNumber;
  /** Entropy over that of a uniform head: 1 spreads evenly over all it may see, 0 looks at one token. */
  readonly entropy: MaybeNumber;
}
export interface AttentionHead {
  readonly layer: number;
  readonly head: number;
  readonly scores: HeadScores;
  /** [queries, keys] weights; pooled when `block` > 1. */
  readonly weights: ByteGrid;
}
export interface AttentionPayload extends PayloadBase {
  readonly layers: number;
  readonly headsPerLayer: number;
  readonly queries: number;
  readonly keys: number;
  /** Only positions up to the query are attended to. */
  readonly causal: boolean;
  /** Tokens of the keys; the queries are the last `queries` of them. [] when not given. */
  readonly tokens: readonly string[];
  /** Positions in one cell along each axis: weights are summed over keys and averaged over queries, so rows still sum to 1. */
  readonly block: number;
  /** Row-major over layers, then heads. */
  readonly heads: readonly AttentionHead[];
}

// ---- spectrum -----------------------------------------------------------------------------------------------------------------------------

export interface SpectrumLayer {
  readonly name: string;
  /** Training steps at which the spectrum was taken, rising. */
  readonly steps: readonly number[];
  /** [steps][rank], largest first. Ranks kept are named in `ranks`. */
  readonly singularValues: readonly Numbers[];
  /** Which singular values are kept, counted from 1: all of them, or a selection dense at both ends. */
  readonly ranks: readonly number[];
  /** min(rows, columns) of the matrix. */
  readonly fullRank: number;
  /** exp of the entropy of σ/Σσ (Roy and Vetterli, 2007), one for each step; 1…fullRank. */
  readonly effectiveRank: Numbers;
  /** Σσ²/σ₁², one for each step. */
  readonly stableRank: Numbers;
  /** α of σᵢ ∝ i^−α, least squares on logarithms over the middle 80 % of ranks, one for each step. */
  readonly tailExponent: Numbers;
}
export interface SpectrumPayload extends PayloadBase {
  readonly layers: readonly SpectrumLayer[];
}

// ---- scaling ------------------------------------------------------------------------------------------------------------------------------

export interface QuantityPayload {
  readonly label: string;
  readonly unit: string;
}
export interface FittedParameter {
  readonly name: string;
  readonly value: MaybeNumber;
  /** Ends of the bootstrap interval; null when there is none. */
  readonly low: MaybeNumber;
  readonly high: MaybeNumber;
}
export interface ScalingCurve {
  readonly x: Numbers;
  readonly y: Numbers;
  /** Bootstrap interval at each x; [] when there is none. */
  readonly low: Numbers;
  readonly high: Numbers;
}
export interface IsoFlopCurve {
  readonly flops: number;
  /** Measured. */
  readonly size: Numbers;
  readonly loss: Numbers;
  /** Fitted; [] when there is none. */
  readonly fitSize: Numbers;
  readonly fitLoss: Numbers;
  readonly optimum: { readonly size: number; readonly loss: number } | null;
}
export interface ScalingPayload extends PayloadBase {
  readonly x: QuantityPayload;
  readonly y: QuantityPayload;
  readonly points: { readonly x: Numbers; readonly y: Numbers; readonly series: readonly string[] };
  readonly curve: ScalingCurve | null;
  /** (measured − fitted)/fitted at each point; [] without a curve. */
  readonly residuals: Numbers;
  /** As in "L = E + A·N^−α"; "" when not given. */
  readonly equation: string;
  readonly parameters: readonly FittedParameter[];
  /** Confidence of the intervals, 0…1. */
  readonly level: number;
  readonly isoFlop: readonly IsoFlopCurve[];
  /** Compute-optimal size against FLOPs; null when not given. */
  readonly optimum: { readonly flops: Numbers; readonly size: Numbers; readonly exponent: MaybeNumber } | null;
}

// ---- media --------------------------------------------------------------------------------------------------------------------------------

export interface ImagesPayload extends PayloadBase {
  readonly kind: "images";
  /** Base64 PNG with all tiles, row by row. */
  readonly png: string;
  readonly columns: number;
  readonly count: number;
  /** Pixels of one tile in the PNG, and between tiles. */
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly gap: number;
  /** One for each image, or []. */
  readonly captions: readonly string[];
}
export interface VideoPayload extends PayloadBase {
  readonly kind: "video";
  /** Base64 PNG with all frames, row by row, no gaps: a scrubber needs each frame by itself. */
  readonly png: string;
  readonly columns: number;
  readonly count: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly framesPerSecond: number;
}
export interface GeometryPayload extends PayloadBase {
  readonly kind: "geometry";
  /** Base64 of uint16 little-endian [count, 3]: position = low + (high − low)·q/65535 on each axis. */
  readonly positions: string;
  readonly count: number;
  readonly low: readonly [number, number, number];
  readonly high: readonly [number, number, number];
  /** Base64 of RGB bytes [count, 3]; "" for one colour. */
  readonly colours: string;
  /** Base64 of uint32 little-endian [triangleCount, 3]; "" for a point cloud. */
  readonly triangles: string;
  readonly triangleCount: number;
}
export type MediaPayload = ImagesPayload | VideoPayload | GeometryPayload;

// ---- tensor -------------------------------------------------------------------------------------------------------------------------------

export interface TensorStats {
  /** Over the finite elements; null when there are none. */
  readonly min: MaybeNumber;
  readonly max: MaybeNumber;
  readonly mean: MaybeNumber;
  /** Population standard deviation. */
  readonly std: MaybeNumber;
  readonly nanCount: number;
  readonly infiniteCount: number;
  readonly zeroCount: number;
}
export interface TensorPayload extends PayloadBase {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: number;
  readonly stats: TensorStats;
  /** counts.length + 1 edges, rising; over the finite elements. */
  readonly histogram: { readonly edges: readonly number[]; readonly counts: readonly number[] };
  /** The elements, or the leading part along each axis that fits: its shape says which. A scalar has shape [1, 1], a vector [1, n]. */
  readonly values: ByteGrid;
  /** The same elements exactly, where they are few; missing, they are known only as far as `values` tells. */
  readonly exact?: ExactElements;
}
/** Elements as the dtype holds them, NaN and infinite ones too. */
export interface ExactElements {
  /** float64 for float64, and for integers of which one is beyond ±2^24; else float32. */
  readonly type: "float32" | "float64";
  /** base64 of little-endian numbers, row-major. */
  readonly data: string;
}

// ---- cost ---------------------------------------------------------------------------------------------------------------------------------

/** Cost of one layer path, its children included. */
export interface CostNode {
  /** "blocks.2.mlp"; "" is the whole step. */
  readonly path: string;
  readonly flops: number;
  readonly bytesMoved: number;
  /** Number of parameters (elements, not bytes). */
  readonly parameters: number;
  readonly children: readonly CostNode[];
}
/** What one execution of a graph costs. */
export interface CostReport {
  /** Of all layers; `totals` may hold more (optimizer, loss). */
  readonly root: CostNode;
  readonly totals: {
    readonly flops: number;
    readonly bytesMoved: number;
    /** Largest number of bytes alive at once, by the liveness plan. */
    readonly peakBytes: number;
    readonly parameters: number;
  };
}
export interface CostPayload extends PayloadBase {
  readonly report: CostReport;
}

// ---- progress, metrics --------------------------------------------------------------------------------------------------------------------

export interface ProgressPayload extends PayloadBase {
  readonly done: number;
  /** null when not known. */
  readonly total: number | null;
  /** Plural noun: "steps". */
  readonly unit: string;
  /** Units a second. */
  readonly rate: MaybeNumber;
  readonly elapsedSeconds: MaybeNumber;
  readonly remainingSeconds: MaybeNumber;
  readonly state: "running" | "done" | "failed";
}
export interface MetricSeries {
  readonly name: string;
  /** Curves of one group share a panel: "loss" holds train and validation. */
  readonly group: string;
  readonly unit: string;
  readonly step: readonly number[];
  readonly value: Numbers;
}
export interface MetricsPayload extends PayloadBase {
  readonly series: readonly MetricSeries[];
  readonly stepUnit: string;
  readonly scale: "linear" | "log";
}

// ---- claim, pareto, table -----------------------------------------------------------------------------------------------------------------

/** A number with its interval. */
export interface Estimate {
  readonly value: MaybeNumber;
  readonly low: MaybeNumber;
  readonly high: MaybeNumber;
}
export interface ClaimArm {
  readonly name: string;
  readonly role: "baseline" | "method" | "ablation" | "control";
  /** The measured quantity of each seed. */
  readonly seeds: Numbers;
  readonly mean: Estimate;
}
export interface ClaimPayload extends PayloadBase {
  /** What the paper says, in one sentence. */
  readonly claim: string;
  /** "Hoffmann et al. 2022, Table 3". */
  readonly source: string;
  readonly quantity: QuantityPayload;
  readonly paper: MaybeNumber;
  readonly measured: Estimate;
  /** Confidence of the intervals, 0…1. */
  readonly level: number;
  readonly verdict: "held" | "not held" | "inconclusive";
  readonly arms: readonly ClaimArm[];
  /** What all arms were allowed, as text: "1.2 GFLOP an arm". */
  readonly budget: string;
}
export interface ParetoPoint {
  readonly name: string;
  readonly group: string;
  readonly cost: MaybeNumber;
  readonly quality: MaybeNumber;
  /** No other point is at least as good in both and better in one. */
  readonly onFront: boolean;
}
export interface ParetoPayload extends PayloadBase {
  readonly cost: QuantityPayload;
  readonly quality: QuantityPayload;
  readonly better: "higher" | "lower";
  readonly points: readonly ParetoPoint[];
}
export interface TablePayload extends PayloadBase {
  readonly columns: readonly { readonly name: string; readonly kind: "number" | "text" }[];
  /** Cells as shown; numbers keep up to 17 digits here. */
  readonly rows: readonly (readonly (string | number | boolean | null)[])[];
  /** Rows of the whole table; `rows` may hold fewer. */
  readonly rowCount: number;
}
