/** @file Module: the base of every layer, a class that holds tensors and maps tensors to tensors. */
import { pathOf } from "../graph/tree";
import { withScope } from "../graph/trace";

/**
 * A layer or model. Fields hold tensors, other modules, or settings; a module is a tree, so `tree.map`, checkpoints
 * and surgery work on it. Subclasses write `forward`; users write `call`, which labels what is computed with the
 * layer's path ("blocks.2.mlp.up") in cost reports, errors and the exported graph.
 */
export abstract class Module<Args extends readonly unknown[] = readonly never[], Result = unknown> {
  abstract forward(...args: Args): Result;

  /** `forward`, labelled with the layer path. */
  call(...args: Args): Result {
    return withScope(pathOf(this), () => this.forward(...args));
  }
}
