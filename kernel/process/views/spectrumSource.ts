/** @file What the spectrum view can show. */
import { isFloat } from "../../graph/dtype";
import { singularValues } from "../../graph/svd";
import type { Tensor } from "../../graph/tensor";
import { leaves } from "../../graph/tree";
import type { ViewSource } from "./viewReply";

/** The decomposition takes the cube of the smaller side: about a second at this one. */
const MAX_SIDE = 768;
const MAX_LAYERS = 24;

/** Of a matrix, or of the matrices in a model: those with two axes and more than one row and column. */
export const spectrumSource: ViewSource = async (value, { title, library: { view } }) => {
  const matrices = leaves(value).filter(([, leaf]) => isMatrix(leaf));
  if (matrices.length === 0) return undefined;
  const layers = [];
  for (const [path, leaf] of matrices.slice(0, MAX_LAYERS)) layers.push({ name: path === "" ? title : path, singularValues: [await singularValues(leaf)] });
  return view.spectrum({ layers, title });
};

const isMatrix = ({ rank, shape, dtype }: Tensor): boolean => rank === 2 && isFloat(dtype) && Math.min(...shape) > 1 && Math.min(...shape) <= MAX_SIDE;
