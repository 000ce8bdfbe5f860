/** @file Costs added up by layer path. */
import type { Tensor } from "../graph/tensor";
import type { NodeCost } from "./nodeCosts";

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

/** Where work outside of all layers is shown: loss, optimizer, augmentation. */
export const OUTSIDE_LAYERS = "(outside layers)";

interface OpenNode extends CostNode {
  flops: number;
  bytesMoved: number;
  parameters: number;
  readonly children: OpenNode[];
}

const openNode = (path: string): OpenNode => ({ path, flops: 0, bytesMoved: 0, parameters: 0, children: [] });

/** A parameter and the layer that it belongs to. */
export interface LayerParameter {
  readonly layer: string;
  readonly tensor: Tensor;
}

/** The tree of all layers, in the order of the parameters, then of the work. Every node holds the sum of what lies below it. */
export function costTree(costs: readonly NodeCost[], parameters: readonly LayerParameter[]): CostNode {
  const root = openNode("");
  const nodes = new Map<string, OpenNode>();
  /** The nodes from the root to `path`. */
  const chain = (path: string): readonly OpenNode[] => {
    const line = [root];
    const keys = path === "" ? [] : path.split(".");
    keys.forEach((_, i) => {
      const here = keys.slice(0, i + 1).join(".");
      const known = nodes.get(here);
      const node = known ?? openNode(here);
      if (known === undefined) {
        nodes.set(here, node);
        line[line.length - 1].children.push(node);
      }
      line.push(node);
    });
    return line;
  };
  for (const { layer, tensor } of parameters) for (const node of chain(layer)) node.parameters += tensor.size;
  const layered = costs.some(({ tensor }) => tensor.path !== "") || nodes.size > 0;
  for (const { tensor, flops, bytesMoved } of costs) {
    for (const node of chain(tensor.path === "" && layered ? OUTSIDE_LAYERS : tensor.path)) {
      node.flops += flops;
      node.bytesMoved += bytesMoved;
    }
  }
  return root;
}
