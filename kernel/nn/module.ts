/** @file Module: the base of every layer, a class that holds tensors and maps tensors to tensors. */
import { tap } from "../graph/taps";
import { Tensor } from "../graph/tensor";
import { withScope } from "../graph/trace";
import { mapLabelled, pathOf } from "../graph/tree";

/**
 * A layer or model. Fields hold tensors, other modules, or settings; a module is a tree, so `tree.map`, checkpoints
 * and surgery work on it. Subclasses write `forward`; users write `call`, which labels what is computed with the
 * layer's path ("blocks.2.mlp.up") in cost reports, errors and the exported graph, and taps a tensor that comes back as
 * "<path>.output". A linear layer taps what it reads as "<path>.input" too.
 */
export abstract class Module<Args extends readonly unknown[] = readonly never[], Result = unknown> {
  abstract forward(...args: Args): Result;

  /** `forward`, labelled with the layer path. */
  call(...args: Args): Result {
    return this.labelled(() => {
      const result = this.forward(...args);
      // SAFETY: only a Tensor is tapped, and a tap gives back a tensor.
      return result instanceof Tensor ? (tap("output", result) as Result & Tensor) : result;
    });
  }

  /** Runs `body` labelled with the layer path: for further entry points besides `forward`, such as one step of decoding. */
  protected labelled<R>(body: () => R): R {
    return withScope(pathOf(this), body);
  }
}

/** `model` with each layer told its path, so that taps and errors name it also outside of `compile` and `grad`. */
export const withPaths = <M extends object>(model: M): M => mapLabelled(model, (leaf) => leaf);
