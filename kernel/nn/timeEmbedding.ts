/** @file Sinusoidal features of numbers and of grid positions. */
import { ArgumentError } from "../errors";
import type { Dtype } from "../graph/dtype";
import { cast, cos, exp, mul, sin } from "../graph/ops/elementwise";
import { concat, iota, repeat, reshape } from "../graph/ops/movement";
import type { Tensor } from "../graph/tensor";

export interface SinusoidOptions {
  /** Number of features, even: cosines first, then sines. */
  readonly width: number;
  /** Longest wavelength / 2π. Default 10 000. */
  readonly maxPeriod?: number;
  readonly dtype?: Dtype;
}

/**
 * cos and sin of t · maxPeriod^(−2i / width): t [N] (floating or integer) → [N, width]. Wavelengths start at 2π: multiply times in
 * [0, 1] by about 1000 first.
 */
export function sinusoids(t: Tensor, { width, maxPeriod = 10_000, dtype = "float32" }: SinusoidOptions): Tensor {
  if (width % 2 !== 0) throw new ArgumentError(`sinusoids: width ${width}`, { help: "features come in pairs; use an even width" });
  const half = width / 2;
  const frequencies = exp(mul(iota(half, "float32"), -Math.log(maxPeriod) / half));
  const angles = mul(reshape(cast(t, "float32"), [t.size, 1]), frequencies);
  return cast(concat([cos(angles), sin(angles)], 1), dtype);
}

export interface GridOptions {
  readonly rows: number;
  readonly columns: number;
  /** A multiple of 4. */
  readonly width: number;
  readonly dtype?: Dtype;
}

/** Features of the cells of a grid, row by row: [rows · columns, width]; the first half tells the row, the second the column. */
export function gridSinusoids({ rows, columns, width, dtype }: GridOptions): Tensor {
  const halves = { width: width / 2, dtype };
  const byRow = repeat(sinusoids(iota(rows), halves), columns, 0);
  const byColumn = sinusoids(iota(columns), halves);
  return concat([byRow, concat(Array.from({ length: rows }, () => byColumn), 0)], 1);
}
