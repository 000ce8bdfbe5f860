/** @file What a model of the library takes, read off its weights. */
import type { Dtype } from "../../graph/dtype";
import { placeholder, Tensor } from "../../graph/tensor";

/** A value with a `call`: a layer or a model. */
export interface Callable {
  readonly call: (...args: readonly unknown[]) => unknown;
}

export const isCallable = (value: unknown): value is Callable => typeof value === "object" && value !== null && "call" in value && typeof value.call === "function";

/** A tensor of the shape that `model` takes, without elements; undefined where the weights do not tell. Language models get one full context of tokens, layers of features one row. */
export function modelInput(model: object): Tensor | undefined {
  const form = formOf(model);
  return form === undefined ? undefined : placeholder("x", form);
}

interface Form {
  readonly shape: readonly number[];
  readonly dtype: Dtype;
}

function formOf(model: object): Form | undefined {
  const context: unknown = Reflect.get(model, "context");
  if (typeof context === "number" && "tokens" in model) return { shape: [1, context], dtype: "int32" };
  const layers: unknown = Reflect.get(model, "layers");
  const first: unknown = Array.isArray(layers) ? layers[0] : model;
  const weight: unknown = typeof first === "object" && first !== null ? Reflect.get(first, "weight") : undefined;
  return weight instanceof Tensor && weight.rank === 2 ? { shape: [1, weight.shape[0]], dtype: weight.dtype } : undefined;
}
