/** @file What the attention view can show. */
import { isHostTensor } from "../../display/values";
import type { HostTensor } from "../../graph/dtype";
import { Tensor } from "../../graph/tensor";
import type { ViewSource } from "./viewReply";

const MIN_RANK = 2;
const MAX_RANK = 4;

/** Of weights as one tensor, or as a list (or record) of tensors, one for each layer: what `withTaps` gives. */
export const attentionSource: ViewSource = async (value, { title, library: { view } }) => {
  const list = layersOf(value);
  if (list === undefined || list.length === 0 || list.some(({ shape }) => shape.length < MIN_RANK || shape.length > MAX_RANK)) return undefined;
  const weights = await Promise.all(list.map(async (layer): Promise<HostTensor> => (layer instanceof Tensor ? layer.host() : layer)));
  return view.attention({ weights: weights.length === 1 ? weights[0] : weights, title });
};

type Layer = Tensor | HostTensor;

function layersOf(value: unknown): readonly Layer[] | undefined {
  if (isLayer(value)) return [value];
  const list = typeof value === "object" && value !== null && !ArrayBuffer.isView(value) ? Object.values(value) : [];
  return list.every(isLayer) ? list : undefined;
}

const isLayer = (value: unknown): value is Layer => value instanceof Tensor || isHostTensor(value);
