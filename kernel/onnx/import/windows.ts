/** @file The geometry of sliding windows: what strides, pads and rounding mean for convolutions and pooling. */
import type { NodeCall } from "./nodeCall";

export interface Windows {
  /** Sizes of the spatial axes. */
  readonly image: readonly number[];
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Before every spatial axis, then after every one. */
  readonly pads: readonly number[];
  /** Number of windows along each axis. */
  readonly output: readonly number[];
}

/** The windows of a node over an image with spatial sizes `image`. `pads` after may reach beyond what was asked, when sizes are rounded up. */
export function windowsOf(call: NodeCall, { image, kernel }: { readonly image: readonly number[]; readonly kernel: readonly number[] }): Windows {
  const ones = image.map(() => 1);
  const strides = call.ints("strides") ?? ones;
  const dilations = call.ints("dilations") ?? ones;
  const span = kernel.map((size, i) => (size - 1) * dilations[i] + 1);
  const automatic = call.string("auto_pad", "NOTSET");
  if (kernel.length !== image.length || strides.length !== image.length || dilations.length !== image.length)
    throw call.bad(`kernel [${kernel.join(", ")}] over ${image.length} axes`);
  if (automatic === "SAME_UPPER" || automatic === "SAME_LOWER") {
    const output = image.map((size, i) => Math.ceil(size / strides[i]));
    const totals = output.map((count, i) => Math.max(0, (count - 1) * strides[i] + span[i] - image[i]));
    const small = totals.map((total) => Math.floor(total / 2));
    const large = totals.map((total) => Math.ceil(total / 2));
    return { image, kernel, strides, dilations, pads: automatic === "SAME_UPPER" ? [...small, ...large] : [...large, ...small], output };
  }
  const given = automatic === "VALID" ? undefined : call.ints("pads");
  const pads = given ?? [...image, ...image].map(() => 0);
  const n = image.length;
  for (const size of kernel) call.bounded(size, "a window");
  const ceil = call.flag("ceil_mode");
  const output = image.map((size, i) => {
    const room = (size + pads[i] + pads[n + i] - span[i]) / strides[i];
    const count = (ceil ? Math.ceil(room) : Math.floor(room)) + 1;
    // A window that would begin in the padding behind the image is left out.
    return ceil && (count - 1) * strides[i] >= size + pads[i] ? count - 1 : count;
  });
  if (!output.every((count) => count >= 1)) throw call.bad(`windows of [${kernel.join(", ")}] in an image of [${image.join(", ")}]`);
  const after = output.map((count, i) => Math.max(pads[n + i], (count - 1) * strides[i] + span[i] - image[i] - pads[i]));
  return { image, kernel, strides, dilations, pads: [...pads.slice(0, n), ...after], output };
}
