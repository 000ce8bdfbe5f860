/** @file What the tensor view can show. */
import { isHostTensor } from "../../display/values";
import { Tensor } from "../../graph/tensor";
import type { ViewSource } from "./viewReply";

/** Of tensors, host tensors, typed arrays and lists of numbers. */
export const tensorSource: ViewSource = async (value, { title, library: { view } }) => {
  if (value instanceof Tensor) return view.tensor(await value.host(), { title });
  if (isHostTensor(value) || isNumbers(value)) return view.tensor(value, { title });
  return undefined;
};

type Numbers = Exclude<NodeJS.TypedArray, Uint8ClampedArray> | readonly number[];

const isNumbers = (value: unknown): value is Numbers =>
  (ArrayBuffer.isView(value) && !(value instanceof DataView)) || (Array.isArray(value) && value.length > 0 && value.every((element) => typeof element === "number"));
