/** @file Some channels of every row, by index. */
import { composite } from "../composite";
import { gather, scatterAdd } from "../ops/indexing";
import { broadcastTo, zerosLike } from "../ops/movement";
import type { Tensor } from "../tensor";

const gatherChannelsOf = composite<Record<never, never>>({
  name: "GatherChannels",
  decompose: ([x, indices]) => gather(x, indices, -1),
  // The gradient of Gather brings the axis to the front; here a row stays a row, and only what was read is added to.
  vjp: ({ inputs: [x, indices], g }) => [scatterAdd(zerosLike(x), broadcastTo(indices, g.shape), { updates: g, axis: -1 }), null],
});

/** x [..., D] at `indices` [C] of its last axis: [..., C]. Cheap in both directions where C is small beside D. */
export const gatherChannels = (x: Tensor, indices: Tensor): Tensor => gatherChannelsOf([x, indices], {});
