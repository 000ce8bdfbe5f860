/** @file Tells tensors from anything else without running code of the value. */
import { types } from "node:util";
import { Tensor } from "../../graph/tensor";

/** `value` where it is a tensor. Unlike `instanceof` it asks no proxy, also none that the value inherits from. */
export function asTensor(value: unknown): Tensor | undefined {
  let at: unknown = value;
  while (typeof at === "object" && at !== null) {
    if (types.isProxy(at)) return undefined;
    // SAFETY: it inherits from Tensor, which is what `instanceof` would say.
    if (at === Tensor.prototype) return value as Tensor;
    at = Object.getPrototypeOf(at);
  }
  return undefined;
}
