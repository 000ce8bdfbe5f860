/** @file Windows and Fourier transforms, as products with matrices of cosines and sines. */
import { add, cast, mul, sub } from "../../graph/ops/elementwise";
import { gather } from "../../graph/ops/indexing";
import { matmul } from "../../graph/ops/linalg";
import { at, pad, reshape, slice, stack, swapAxes } from "../../graph/ops/movement";
import { normalizeAxis } from "../../graph/shape";
import type { Tensor } from "../../graph/tensor";
import type { NodeCall, OperatorRule, OperatorTable } from "./nodeCall";
import { constant } from "./shapes";

/** Σ cᵢ cos(2π i n / N): the weights of a window by the terms of its cosine series. */
const cosineWindow =
  (terms: readonly number[]): OperatorRule =>
  (call) => {
    const size = call.bounded(call.known(0)[0], "a window");
    // A periodic window leaves out the last point, which is the first again.
    const period = call.flag("periodic", true) ? size : size - 1;
    const values = Array.from({ length: size }, (_, n) => terms.reduce((sum, c, i) => sum + c * Math.cos((2 * Math.PI * i * n) / period), 0));
    return constant(call.dtype("output_datatype", "float32"), [size], values);
  };

interface Transform {
  /** Points read, and frequencies wanted. */
  readonly length: number;
  readonly frequencies: number;
  readonly inverse: boolean;
}

/** Discrete Fourier transform of rows: real and imaginary parts [..., length] to [..., frequencies]. */
function transform(re: Tensor, im: Tensor | undefined, { length, frequencies, inverse }: Transform): { readonly re: Tensor; readonly im: Tensor } {
  const size = length;
  const scale = inverse ? 1 / size : 1;
  const table = (fn: (angle: number) => number): Tensor =>
    constant(
      re.dtype,
      [length, frequencies],
      Array.from(
        { length: length * frequencies },
        (_, i) => scale * fn((2 * Math.PI * ((Math.floor(i / frequencies) * (i % frequencies)) % size)) / size),
      ),
    );
  const [cosine, sine] = [table(Math.cos), table((angle) => (inverse ? Math.sin(angle) : -Math.sin(angle)))];
  if (im === undefined) return { re: matmul(re, cosine), im: matmul(re, sine) };
  return { re: sub(matmul(re, cosine), matmul(im, sine)), im: add(matmul(re, sine), matmul(im, cosine)) };
}

/** `x` with its axis cut or filled with zeros to `length`. */
function fitted(x: Tensor, axis: number, length: number): Tensor {
  if (x.shape[axis] >= length) return slice(x, { axis, end: length });
  return pad(
    x,
    x.shape.map((size, i): [number, number] => [0, i === axis ? length - size : 0]),
  );
}

/** The last axis holds one part (real) or two. */
function dft(call: NodeCall): Tensor {
  const x = call.x();
  const axis = normalizeAxis(call.opset >= 20 ? (call.knownIfGiven(2)?.[0] ?? -2) : call.int("axis", 1), x.rank, "DFT");
  const length = call.knownIfGiven(1)?.[0] ?? x.shape[axis];
  const frequencies = call.flag("onesided") ? Math.floor(length / 2) + 1 : length;
  call.bounded(length * frequencies, "a table of cosines");
  const part = (index: number): Tensor => swapAxes(fitted(at(x, index, -1), axis, length), axis, -1);
  const { re, im } = transform(part(0), x.shape[x.rank - 1] === 2 ? part(1) : undefined, { length, frequencies, inverse: call.flag("inverse") });
  return stack([swapAxes(re, axis, -1), swapAxes(im, axis, -1)], -1);
}

/** Transforms of the windowed frames of signals [B, length, parts]: [B, frames, frequencies, 2]. */
function stft(call: NodeCall): Tensor {
  const signal = call.x();
  const [step] = call.known(1);
  const window = call.inputs[2];
  const length = call.knownIfGiven(3)?.[0] ?? window?.size;
  if (length === undefined) throw call.bad("neither a window nor a frame length is given");
  const count = Math.floor((signal.shape[1] - length) / step) + 1;
  call.bounded(Math.max(count, length) * length, "a table of frames");
  const positions = constant(
    "int64",
    [count, length],
    Array.from({ length: count * length }, (_, i) => Math.floor(i / length) * step + (i % length)),
  );
  const frames = (index: number): Tensor => {
    const values = gather(at(reshape(signal, [signal.shape[0], signal.shape[1], -1]), index, -1), positions, 1);
    return window === undefined ? values : mul(values, cast(window, values.dtype));
  };
  const complex = signal.rank === 3 && signal.shape[2] === 2;
  const { re, im } = transform(frames(0), complex ? frames(1) : undefined, {
    length,
    frequencies: call.flag("onesided", true) ? Math.floor(length / 2) + 1 : length,
    inverse: false,
  });
  return stack([re, im], -1);
}

/** Triangles that are evenly spaced on the mel scale, over the frequencies of a transform: [bins, mels]. */
function melWeights(call: NodeCall): Tensor {
  const [mels, length, rate, low, high] = [0, 1, 2, 3, 4].map((i) => call.known(i)[0]);
  const bins = Math.floor(length / 2) + 1;
  call.bounded(bins * mels, "a table of weights");
  const mel = (hertz: number): number => 2595 * Math.log10(1 + hertz / 700);
  const step = (mel(high) - mel(low)) / (mels + 2);
  const edges = Array.from({ length: mels + 2 }, (_, i) => Math.floor(((length + 1) * (700 * (10 ** ((mel(low) + i * step) / 2595) - 1))) / rate));
  const values = new Float64Array(bins * mels);
  for (let i = 0; i < mels; i++) {
    const [left, centre, right] = edges.slice(i, i + 3);
    if (centre === left) values[centre * mels + i] = 1;
    else for (let j = left; j <= centre; j++) values[j * mels + i] = (j - left) / (centre - left);
    if (right > centre) for (let j = centre; j < right; j++) values[j * mels + i] = (right - j) / (right - centre);
  }
  return constant(call.dtype("output_datatype", "float32"), [bins, mels], values);
}

export const signal: OperatorTable = {
  BlackmanWindow: cosineWindow([0.42, -0.5, 0.08]),
  DFT: dft,
  HammingWindow: cosineWindow([25 / 46, -21 / 46]),
  HannWindow: cosineWindow([0.5, -0.5]),
  MelWeightMatrix: melWeights,
  STFT: stft,
};
