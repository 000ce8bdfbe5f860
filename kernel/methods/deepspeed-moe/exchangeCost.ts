/** @file What an all-to-all costs: messages and bytes by formula, seconds by an α-β model, and where one form becomes cheaper than another. */
import { ArgumentError } from "../../errors";
import { checkShape, totalTraffic, type ClusterShape, type Link, type TrafficByLink } from "./cluster";

export type Exchange = "flat" | "hierarchical" | "coordinated";

export interface TrafficOptions extends ClusterShape {
  /** What a rank has for all ranks together, its own part included. Ranks of one tensor group have the same. */
  readonly bytesPerRank: number;
  /** L: ranks that slice tensors together, within a node. For "coordinated" only. Default 1. */
  readonly tensorParallel?: number;
}

/** What one rank sends: the same for all. @throws {ArgumentError} for shapes that do not fit. */
export function allToAllTraffic({ ranks, perNode, bytesPerRank, tensorParallel = 1 }: TrafficOptions, kind: Exchange): TrafficByLink {
  checkShape({ ranks, perNode });
  if (!(bytesPerRank >= 0)) throw new ArgumentError(`allToAllTraffic: ${bytesPerRank} bytes`, { help: "give the bytes of a rank's buffer, from 0" });
  const chunk = bytesPerRank / ranks;
  const nodes = ranks / perNode;
  const [near, far] = [perNode - 1, nodes - 1];
  switch (kind) {
    case "flat":
      return { own: { messages: 0, bytes: chunk }, node: { messages: near, bytes: near * chunk }, network: { messages: ranks - perNode, bytes: (ranks - perNode) * chunk } };
    case "hierarchical":
      return { own: { messages: 0, bytes: (nodes + perNode) * chunk }, node: { messages: near, bytes: near * nodes * chunk }, network: { messages: far, bytes: far * perNode * chunk } };
    case "coordinated": {
      if (!Number.isInteger(tensorParallel) || tensorParallel < 1 || perNode % tensorParallel !== 0) throw new ArgumentError(`allToAllTraffic: tensor slices on ${tensorParallel} of the ${perNode} ranks of a node`, { help: "give a divisor of the ranks in a node" });
      const [peers, mates, gathered] = [perNode / tensorParallel - 1, tensorParallel - 1, bytesPerRank / tensorParallel];
      const remote = (ranks - perNode) / tensorParallel;
      return { own: { messages: 0, bytes: chunk + gathered }, node: { messages: peers + mates, bytes: peers * chunk + mates * gathered }, network: { messages: remote, bytes: remote * chunk } };
    }
  }
}

/** A message of n bytes takes α + β n seconds. */
export type LinkPrices = Readonly<Record<Link, { readonly alphaSeconds: number; readonly betaSecondsPerByte: number }>>;

/**
 * Of the order of a node of eight A100: 300 GB/s over NVLink and 25 GB/s (200 Gbit/s) of network for each GPU, in one direction, and copies at half of 1555 GB/s, by the data sheets of
 * DGX A100 and A100 40 GB. The latencies, 5 and 15 µs, are assumptions.
 */
export const LINKS: LinkPrices = {
  own: { alphaSeconds: 0, betaSecondsPerByte: 2 / 1555e9 },
  node: { alphaSeconds: 5e-6, betaSecondsPerByte: 1 / 300e9 },
  network: { alphaSeconds: 15e-6, betaSecondsPerByte: 1 / 25e9 },
};

export interface ExchangeCost {
  readonly seconds: number;
  /** That leave the rank. */
  readonly messages: number;
  /** Bytes of all stages together, copies in the rank's own memory included. */
  readonly bytes: number;
  readonly traffic: TrafficByLink;
}

/** The cost of one exchange, a rank's messages going one after another. Crowded links are not in the model. */
export function allToAllCost({ links = LINKS, ...options }: TrafficOptions & { readonly links?: LinkPrices }, kind: Exchange): ExchangeCost {
  const traffic = allToAllTraffic(options, kind);
  const secondsOn = (link: Link): number => links[link].alphaSeconds * traffic[link].messages + links[link].betaSecondsPerByte * traffic[link].bytes;
  return { seconds: secondsOn("own") + secondsOn("node") + secondsOn("network"), ...totalTraffic(traffic), traffic };
}

/** The bytes per rank from which on `large` is cheaper, where `small` is cheaper below; undefined where there are none. */
export function crossoverBytes(options: Omit<TrafficOptions, "bytesPerRank"> & { readonly links?: LinkPrices }, { small, large }: { readonly small: Exchange; readonly large: Exchange }): number | undefined {
  const line = (kind: Exchange): { readonly start: number; readonly slope: number } => {
    const [start, one] = [0, 1].map((bytesPerRank) => allToAllCost({ ...options, bytesPerRank }, kind).seconds);
    return { start, slope: one - start };
  };
  const [a, b] = [line(small), line(large)];
  const at = (b.start - a.start) / (a.slope - b.slope);
  return at > 0 && Number.isFinite(at) && a.slope > b.slope ? at : undefined;
}
