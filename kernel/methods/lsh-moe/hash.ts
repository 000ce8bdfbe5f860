/** @file Which tokens are alike: codes of cross-polytope and of spherical-plane hashing, and what they cost. */
import { ArgumentError } from "../../errors";
import { matmul } from "../../graph/ops/linalg";
import { concat, slice } from "../../graph/ops/movement";
import { normalize } from "../../graph/ops/reduction";
import { sub } from "../../graph/ops/elementwise";
import type { Tensor } from "../../graph/tensor";
import { here } from "../../graph/trace";
import { crossPolytopeHash, hyperplaneHash } from "../../nn/hashing";
import { normal } from "../../random/continuous";
import type { Key } from "../../random/key";

/** A hash of tokens: settings only, its directions are drawn from a key. */
export interface Hash {
  readonly kind: "crossPolytope" | "sphericalPlane";
  /** H: codes of a token. Tokens share a bucket where all agree. */
  readonly hashes: number;
  /** D′: axes to which each rotation projects; 1 for planes. */
  readonly dim: number;
  /** Whether chance decides which tokens of a device and an expert share a bucket; as many buckets, of the same sizes. A negative control. */
  readonly shuffled: boolean;
}

const whole = (value: number): boolean => Number.isInteger(value) && value >= 1;

/**
 * `hashes` random rotations, each followed by the nearest of the 2 `dim` signed unit vectors of the first `dim` axes (Andoni et al. 2015). More of either make more
 * buckets, so a higher rate.
 * @throws {ArgumentError} when they are not whole numbers.
 */
export function crossPolytope({ hashes = 6, dim = 8 }: { readonly hashes?: number; readonly dim?: number } = {}): Hash {
  if (!whole(hashes) || !whole(dim)) throw new ArgumentError(`crossPolytope: ${hashes} hashes of ${dim} axes`, { help: "give whole numbers from 1: { hashes: 6, dim: 8 }" });
  return { kind: "crossPolytope", hashes, dim, shuffled: false };
}

/** The sides of `planes` random hyperplanes (Charikar 2002), the paper's other hash.
 * @throws {ArgumentError} when that is not a whole number. */
export function sphericalPlane({ planes }: { readonly planes: number }): Hash {
  if (!whole(planes)) throw new ArgumentError(`sphericalPlane: ${planes} planes`, { help: "give a whole number from 1" });
  return { kind: "sphericalPlane", hashes: planes, dim: 1, shuffled: false };
}

/** As many buckets of the same sizes as `hash` makes, filled at random: a negative control. */
export const shuffled = (hash: Hash): Hash => ({ ...hash, shuffled: true });

/** How many values each of the H codes has. */
export const codeRanges = ({ hashes, dim }: Hash): readonly number[] => new Array<number>(hashes).fill(2 * dim);

/** The directions of a hash, [H, D′, D]: for cross-polytopes D′ orthonormal rows in each of the H, for planes their normals. Drawn from `key`.
 * @throws {ArgumentError} when D′ exceeds D. */
export function hashDirections({ kind, hashes, dim }: Hash, { key, width }: { readonly key: Key; readonly width: number }): Tensor {
  if (dim > width) throw new ArgumentError(`lsh-moe: rotations to ${dim} axes of tokens of width ${width}`, { where: here(), help: `give dim up to ${width}` });
  const drawn = normal(key, [hashes, dim, width]);
  return kind === "crossPolytope" ? orthonormalRows(drawn) : drawn;
}

/** Gram and Schmidt's rows of each matrix of v [H, D′, D]: uniformly distributed where v is normal. */
function orthonormalRows(v: Tensor): Tensor {
  const rows: Tensor[] = [];
  for (let i = 0; i < v.shape[1]; i++) {
    const row = slice(v, { axis: 1, start: i, end: i + 1 });
    const before = rows.length > 0 ? concat(rows, 1) : undefined;
    rows.push(normalize(before === undefined ? row : sub(row, matmul(matmul(row, before, { transB: true }), before))));
  }
  return concat(rows, 1);
}

/** Codes of tokens x [N, D]: int64 [N, H], each from 0 below 2 D′. They do not depend on a token's length, so normalizing it first would change nothing. */
export function hashCodes(x: Tensor, hash: Hash, directions: Tensor): Tensor {
  return hash.kind === "crossPolytope" ? crossPolytopeHash(x, directions) : hyperplaneHash(x, directions);
}

/**
 * FLOPs that compressing costs for each token of width D that k experts get: its projections (2 D D′ H) and their largest (or signs), and for each expert
 * its part in a mean, the residual, and adding that to what comes back (3 D).
 */
export const hashFlops = ({ hashes, dim }: Hash, { width, k = 1 }: { readonly width: number; readonly k?: number }): number => hashes * dim * (2 * width + 1) + 3 * width * k;
