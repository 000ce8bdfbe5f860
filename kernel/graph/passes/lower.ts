/** @file Lowering: from a traced graph to the one that is executed and costed. */
import { expand, isComposite } from "../composite";
import { isLoop, type LoopBody } from "../loop";
import { copyPlace, rewriteGraph, topological, withPlace } from "../rewrite";
import { node, type Tensor } from "../tensor";
import { foldConstants } from "./foldConstants";
import { fuse, keepReducedRows } from "./fuse";
import { flattenRows } from "./flattenRows";
import { foldLayouts } from "./layout";
import { shareCommon } from "./share";
import { simplify } from "./simplify";

export interface LowerOptions {
  /** Whether the executor has a kernel for a composite; all others are expanded into primitives. */
  readonly fused: (call: Tensor<"Composite">) => boolean;
  /** Compute constant parts (masks, position tables) now. Default true. */
  readonly fold?: boolean;
  /** Whether the executor runs pointwise functions and row reductions fused. Default false. */
  readonly fuse?: boolean;
}

/**
 * The graph that is executed: composites without a kernel expanded, repeated work shared, redundant nodes removed,
 * transposes folded into products. Emission to ONNX and the cost report both read this graph.
 */
export function lower(outputs: readonly Tensor[], options: LowerOptions): Tensor[] {
  return lowerBodies(lowerNodes(outputs, options), options);
}

function lowerNodes(outputs: readonly Tensor[], { fused, fold = true, fuse: fuses = false }: LowerOptions): Tensor[] {
  const expanded = expandComposites(outputs, fused);
  const shared = shareCommon(simplify(shareCommon(simplify(expanded))));
  const small = fold ? foldConstants(shared) : shared;
  const laidOut = shareCommon(simplify(foldLayouts(small, { rowProducts: !fuses })));
  if (!fuses) return laidOut;
  const withRows = simplify(rewriteGraph(laidOut, (x) => withPlace(x, () => keepReducedRows(x))));
  return fuse(shareCommon(simplify(flattenRows(withRows))));
}

function expandComposites(outputs: readonly Tensor[], fused: LowerOptions["fused"]): Tensor[] {
  return rewriteGraph(outputs, (x) => {
    if (x.storage !== undefined || !isComposite(x) || fused(x)) return x;
    label([x.attrs.bodies[x.attrs.output]], x);
    // The body may hold composites itself.
    return expandComposites([expand(x)], fused)[0];
  });
}

/** `outputs` whose loops have bodies lowered like the graph around them. */
function lowerBodies(outputs: readonly Tensor[], options: LowerOptions): Tensor[] {
  const done = new Map<LoopBody, LoopBody>();
  return rewriteGraph(outputs, (x) => {
    if (!isLoop(x)) return x;
    const { loop, output } = x.attrs;
    label(loop.bodies, x);
    const body = done.get(loop) ?? { ...loop, bodies: lower(loop.bodies, options) };
    done.set(loop, body);
    return withPlace(x, () => node("Loop", x.inputs, { loop: body, output }));
  });
}

/** Gives nodes of a body the place of the call: those traced outside of any layer have none. */
function label(bodies: readonly Tensor[], call: Tensor): void {
  for (const x of topological(bodies)) if (x.path === "" && x.op !== "Input") copyPlace(x, call);
}
