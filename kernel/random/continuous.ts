/** @file Random numbers on the real line. Each function is a pure function of its key: the same key gives the same numbers. */
import { ArgumentError } from "../errors";
import type { Dtype } from "../graph/dtype";
import { add, cast, clip, erf, less, log, mul, neg, scalar, sqrt, sub, where } from "../graph/ops/elementwise";
import { reshape, slice } from "../graph/ops/movement";
import { sizeOf, type Shape } from "../graph/shape";
import { fromHost, type Tensor } from "../graph/tensor";
import { currentTrace } from "../graph/trace";
import { requireKey, wordsOf, type Key } from "./key";
import { philoxWords } from "./philox";
import { fractionOf, normalsOf, streamBits, streamFractions, streamNormals, type Fraction } from "./philoxGraph";

/** The words of `key` where they are known and nothing is traced: the host then makes numbers at once, and a model's initial weights need no graph of ten rounds each. */
const knownWords = (key: Key): ReturnType<typeof wordsOf> => (currentTrace() === 0 ? wordsOf(key) : undefined);

/** The first elements of the stream of `key`, row-major in `shape`: int64, each 0…2^32−1, all equally likely. */
export function bits(key: Key, shape: Shape): Tensor {
  requireKey(key, "bits");
  const count = sizeOf(shape);
  const words = knownWords(key);
  if (words === undefined) return reshape(streamBits(key, count), shape);
  const data = new BigInt64Array(new ArrayBuffer(count * BigInt64Array.BYTES_PER_ELEMENT));
  const halves = new Uint32Array(data.buffer);
  philoxWords(words, 0, new Uint32Array(count)).forEach((value, i) => void (halves[2 * i] = value));
  return fromHost({ dtype: "int64", shape, data });
}

/** Significant bits of a uniform: as many as the dtype holds below 1, at most 24 (that of float32, and of the host's). */
const uniformBits = (dtype: Dtype): number => (dtype === "float16" ? 11 : dtype === "bfloat16" ? 8 : 24);
/** Box–Muller and inverse distribution functions are computed in float32, or float64 where asked for. */
const workDtype = (dtype: Dtype): Dtype => (dtype === "float64" ? "float64" : "float32");

/** Stream elements as fractions, of `shape`. */
function fractions(key: Key, shape: Shape, fraction: Fraction): Tensor {
  requireKey(key, "random");
  if (knownWords(key) !== undefined) return fractionOf(bits(key, shape), fraction);
  return reshape(streamFractions(key, { count: sizeOf(shape), ...fraction }), shape);
}

export interface UniformOptions {
  /** Default 0. */
  readonly low?: number;
  /** Default 1. Not included, but for rounding of low + (high − low) u. */
  readonly high?: number;
  /** Default float32. */
  readonly dtype?: Dtype;
}

/** Uniform in [low, high): the upper 24 bits of each stream element (11 in float16, 8 in bfloat16). */
export function uniform(key: Key, shape: Shape, { low = 0, high = 1, dtype = "float32" }: UniformOptions = {}): Tensor {
  if (!(low <= high)) throw new ArgumentError(`uniform: from ${low} to ${high}`, { help: "low must not exceed high" });
  const unit = fractions(key, shape, { bits: uniformBits(dtype), half: false, dtype: workDtype(dtype) });
  return cast(scaleShift(unit, high - low, low), dtype);
}

/** x · scale + shift, without the operations that change nothing. */
function scaleShift(x: Tensor, scale: number, shift: number): Tensor {
  const scaled = scale === 1 ? x : mul(x, scale);
  return shift === 0 ? scaled : add(scaled, shift);
}

export interface NormalOptions {
  /** Default 0. */
  readonly mean?: number;
  /** Standard deviation, default 1. */
  readonly std?: number;
  /** Default float32. */
  readonly dtype?: Dtype;
}

/**
 * Normal numbers by Box–Muller: elements 2j and 2j + 1 are cosine and sine of the pair made of stream elements 2j (radius) and 2j + 1 (angle),
 * as in HostRandom.fillNormal. None lies further than 5.89 standard deviations from the mean.
 */
export function normal(key: Key, shape: Shape, { mean = 0, std = 1, dtype = "float32" }: NormalOptions = {}): Tensor {
  const work = workDtype(dtype);
  const count = sizeOf(shape);
  requireKey(key, "normal");
  const flat = knownWords(key) === undefined ? streamNormals(key, { count, dtype: work }) : slice(normalsOf(bits(key, [Math.ceil(count / 2), 2]), work), { axis: 0, end: count });
  return cast(scaleShift(reshape(flat, shape), std, mean), dtype);
}

export interface TruncatedNormalOptions extends NormalOptions {
  /** Bounds in standard deviations from the mean, within ±5: beyond, float32 has too few numbers near 1. Default −2 and 2. */
  readonly low?: number;
  readonly high?: number;
}

const TRUNCATION_LIMIT = 5;

/** Normal numbers conditioned on [mean + low·std, mean + high·std], by the inverse of the distribution function. */
export function truncatedNormal(key: Key, shape: Shape, options: TruncatedNormalOptions = {}): Tensor {
  const { mean = 0, std = 1, low = -2, high = 2, dtype = "float32" } = options;
  if (!(low < high) || low < -TRUNCATION_LIMIT || high > TRUNCATION_LIMIT)
    throw new ArgumentError(`truncatedNormal: from ${low} to ${high} standard deviations`, {
      help: `low must be below high, both within ±${TRUNCATION_LIMIT}; for no bounds use normal()`,
    });
  const work = workDtype(dtype);
  // u = 2Φ(x) − 1 = erf(x / √2) is uniform between the values at the bounds. Erf in float32 also in float64 graphs, where executors lack it.
  const from = cast(erf(scalar(low * Math.SQRT1_2)), work);
  const to = cast(erf(scalar(high * Math.SQRT1_2)), work);
  const u = add(from, mul(sub(to, from), fractions(key, shape, { bits: 23, half: true, dtype: work })));
  const x = clip(mul(inverseErf(u), Math.SQRT2), low, high);
  return cast(scaleShift(x, std, mean), dtype);
}

/** Coefficients of Giles, "Approximating the erfinv function" (GPU Computing Gems 2, 2011), single precision, highest power first. */
const CENTRE = [2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 0.00021858087, -0.00125372503, -0.00417768164, 0.246640727, 1.50140941];
const TAIL = [-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047, 1.00167406, 2.83297682];

/** The x with erf(x) = y, to 4 units in the last place of float32, for |y| < 1. */
function inverseErf(y: Tensor): Tensor {
  const w = neg(log(mul(sub(1, y), add(y, 1))));
  const inTail = less(scalar(5, y.dtype), w);
  const polynomial = ([first, ...rest]: readonly number[], at: Tensor): Tensor => rest.reduce((sum, c) => add(mul(sum, at), c), scalar(first, y.dtype));
  return mul(y, where(inTail, polynomial(TAIL, sub(sqrt(w), 3)), polynomial(CENTRE, sub(w, 2.5))));
}

/** Standard Gumbel numbers, −ln(−ln u): the maximum of logits plus these is a draw from their softmax. */
export function gumbel(key: Key, shape: Shape, { dtype = "float32" }: { readonly dtype?: Dtype } = {}): Tensor {
  // 23 bits and a half are exact in float32, so u is never 0 or 1.
  const u = fractions(key, shape, { bits: 23, half: true, dtype: workDtype(dtype) });
  return cast(neg(log(neg(log(u)))), dtype);
}
