/** @file Trees of tensors in files: models, optimizer states and everything else that a run needs to go on. */
import { ArgumentError } from "../errors";
import { fromHost, realize, type Tensor } from "../graph/tensor";
import { showShape, sameShape } from "../graph/shape";
import { leaves, map, type Tree } from "../graph/tree";
import type { HostTensor } from "../graph/dtype";
import { loadCheckpoint, saveCheckpoint } from "./checkpoint";

/** What a tree file holds besides tensors: plain JSON, such as the step, the data position and settings. */
export type Meta = Awaited<ReturnType<typeof loadCheckpoint>>["meta"];

/** The tensors of a tree by path, as host arrays. */
export async function hostTensors(tree: Tree): Promise<Record<string, HostTensor>> {
  const entries = leaves(tree);
  await realize(entries.map(([, leaf]) => leaf));
  return Object.fromEntries(await Promise.all(entries.map(async ([path, leaf]) => [path, await leaf.host()] as const)));
}

/** Writes all tensors of `tree` by path (safetensors), whole or not at all. */
export async function saveTree(path: string, tree: Tree, meta: Meta = {}): Promise<void> {
  await saveCheckpoint(path, { tensors: await hostTensors(tree), meta });
}

/**
 * A tree of the form of `like` with tensors from the file.
 * @throws {ArgumentError} naming tensors that are missing, left over, or of another shape.
 */
export async function loadTree<T extends Tree>(path: string, like: T): Promise<{ readonly tree: T; readonly meta: Meta }> {
  const { tensors, meta } = await loadCheckpoint(path);
  return { tree: fillTree(like, tensors, path), meta };
}

/** `like` with every tensor replaced by the one at its path. */
export function fillTree<T extends Tree>(like: T, tensors: Readonly<Record<string, HostTensor>>, where: string): T {
  const wanted = new Map(leaves(like));
  const problems = [
    ...[...wanted].flatMap(([path, leaf]) => difference(path, leaf, tensors[path])),
    ...Object.keys(tensors).flatMap((path) => (wanted.has(path) ? [] : [`${path} is not in the model`])),
  ];
  if (problems.length > 0) throw new ArgumentError(`the file does not fit the model: ${problems.slice(0, 4).join("; ")}${problems.length > 4 ? `; and ${problems.length - 4} more` : ""}`, { where, help: "build the model with the settings that the file was saved with" });
  return map(like, (_, path) => fromHost(tensors[path]));
}

function difference(path: string, leaf: Tensor, found: HostTensor | undefined): string[] {
  if (found === undefined) return [`${path} is missing`];
  return found.dtype === leaf.dtype && sameShape(found.shape, leaf.shape) ? [] : [`${path} is ${found.dtype} ${showShape(found.shape)}, expected ${leaf.dtype} ${showShape(leaf.shape)}`];
}
