/** @file Attributes of convolutions as options of composites, which are plain values: lists are written as text. */
import type { ConvolutionAttrs } from "../op";

export interface ConvolutionSettings extends Record<string, number | string> {
  readonly kernel: string;
  readonly strides: string;
  readonly dilations: string;
  readonly pads: string;
  readonly groups: number;
}

interface Attrs extends ConvolutionAttrs {
  /** Size along each axis. */
  readonly kernel: readonly number[];
}

const written = (values: readonly number[]): string => values.join(" ");
const read = (text: string): readonly number[] => text.split(" ").map(Number);

export const writtenConvolution = ({ kernel, strides, dilations, pads, groups }: Attrs): ConvolutionSettings => ({ kernel: written(kernel), strides: written(strides), dilations: written(dilations), pads: written(pads), groups });

export const readConvolution = ({ kernel, strides, dilations, pads, groups }: ConvolutionSettings): Attrs => ({ kernel: read(kernel), strides: read(strides), dilations: read(dilations), pads: read(pads), groups });
