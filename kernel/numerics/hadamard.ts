/** @file The blocked Walsh–Hadamard transform: rotates each block so that outliers spread over all of its elements. */
import { ShapeError } from "../errors";
import { composite } from "../graph/composite";
import { mul, requireFloat } from "../graph/ops/elementwise";
import { matmul } from "../graph/ops/linalg";
import { reshape } from "../graph/ops/movement";
import { showShape } from "../graph/shape";
import { fromHost, type Tensor } from "../graph/tensor";
import { here } from "../graph/trace";
import { setElement, hostArray, type Dtype } from "../graph/dtype";
import { inBlocks } from "./rounding";

/** Largest block: beyond, the decomposition's matrix would outgrow what it multiplies. */
const MAX_BLOCK = 1024;

/** H / √n of Sylvester's order [n, n]: entry (i, j) is −1 to the number of common bits of i and j. Symmetric, its own inverse. */
function hadamardMatrix(n: number, dtype: Dtype): Tensor {
  const data = hostArray(dtype, n * n);
  const parity = (bits: number): number => {
    let odd = 0;
    for (let rest = bits; rest > 0; rest &= rest - 1) odd ^= 1;
    return odd;
  };
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) setElement(data, dtype, i * n + j, (parity(i & j) === 1 ? -1 : 1) / Math.sqrt(n));
  return fromHost({ dtype, shape: [n, n], data });
}

const hadamardOf: (inputs: readonly Tensor[], options: { readonly block: number }) => Tensor = composite<{ readonly block: number }>({
  name: "Hadamard",
  decompose: ([x], { block }) => reshape(matmul(inBlocks(x, block), hadamardMatrix(block, x.dtype)), x.shape),
  // The transform is symmetric.
  vjp: ({ g, options }) => [hadamardOf([g], options)],
});

export interface HadamardOptions {
  /** Elements that are mixed: a power of two, at most 1024. Default 32, the block of MX formats. */
  readonly block?: number;
  /** ±1, [block]: multiplied onto each block before the transform (a random rotation). */
  readonly signs?: Tensor;
}

/**
 * H (signs ⊙ x) / √block for each block of the last axis; the shape of x. Orthonormal; without signs its own inverse, with signs the inverse
 * is signs ⊙ hadamard(y).
 * @throws {ShapeError} when the block is no power of two, or does not divide the last axis.
 */
export function hadamard(x: Tensor, { block = 32, signs }: HadamardOptions = {}): Tensor {
  requireFloat(x, "hadamard");
  if (!Number.isInteger(block) || block < 1 || block > MAX_BLOCK || (block & (block - 1)) !== 0) throw new ShapeError(`hadamard: blocks of ${block}`, { where: here(), help: `use a power of two, at most ${MAX_BLOCK}` });
  if (x.rank === 0 || x.shape[x.rank - 1] % block !== 0) throw new ShapeError(`hadamard: ${showShape(x.shape)} does not part into blocks of ${block}`, { where: here(), help: `the last axis must be a multiple of ${block}` });
  if (signs !== undefined && (signs.rank !== 1 || signs.shape[0] !== block)) throw new ShapeError(`hadamard: signs ${showShape(signs.shape)} for blocks of ${block}`, { where: here(), help: `give signs of shape [${block}]` });
  const turned = signs === undefined ? x : reshape(mul(inBlocks(x, block), signs), x.shape);
  return block === 1 || x.size === 0 ? turned : hadamardOf([turned], { block });
}
