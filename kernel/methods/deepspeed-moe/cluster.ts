/** @file A cluster in one process: ranks with memories of their own, messages between them that copy, and a count of messages and bytes by the kind of link. */
import { ArgumentError } from "../../errors";

/** Between which memories: of the rank itself, of ranks in one node, of ranks in different nodes. */
export type Link = "own" | "node" | "network";

export interface ClusterShape {
  readonly ranks: number;
  /** Ranks in a node, which are numbered one after another. */
  readonly perNode: number;
}

export interface Traffic {
  readonly messages: number;
  readonly bytes: number;
}
/** What a rank sends. A copy inside its own memory is no message, but its bytes count. */
export type TrafficByLink = Readonly<Record<Link, Traffic>>;

/** @throws {ArgumentError} unless nodes are full. */
export function checkShape({ ranks, perNode }: ClusterShape): void {
  if (![ranks, perNode].every((count) => Number.isInteger(count) && count >= 1) || ranks % perNode !== 0)
    throw new ArgumentError(`a cluster of ${ranks} ranks with ${perNode} in a node`, { help: "give whole numbers, and ranks that fill their nodes" });
}

/** What each rank sends in a round, by the rank it goes to. */
export type Outbox = readonly ReadonlyMap<number, Float32Array>[];
/** What each rank gets, by the rank it came from. */
export type Inbox = readonly ReadonlyMap<number, Float32Array>[];

const LINK_KINDS = ["own", "node", "network"] as const satisfies readonly Link[];

export class VirtualCluster implements ClusterShape {
  readonly ranks: number;
  readonly perNode: number;
  private readonly counts: Record<Link, { messages: number; bytes: number }>[];

  /** @throws {ArgumentError} unless nodes are full. */
  constructor(shape: ClusterShape) {
    checkShape(shape);
    this.ranks = shape.ranks;
    this.perNode = shape.perNode;
    this.counts = Array.from({ length: this.ranks }, () => ({ own: { messages: 0, bytes: 0 }, node: { messages: 0, bytes: 0 }, network: { messages: 0, bytes: 0 } }));
  }

  linkOf(from: number, to: number): Link {
    if (from === to) return "own";
    return Math.floor(from / this.perNode) === Math.floor(to / this.perNode) ? "node" : "network";
  }

  /** One round: everything is sent before anything arrives, and what arrives is a copy. @throws {ArgumentError} for ranks that are not there. */
  exchange(outbox: Outbox): Inbox {
    const inbox = Array.from({ length: this.ranks }, () => new Map<number, Float32Array>());
    if (outbox.length !== this.ranks) throw new ArgumentError(`exchange: ${outbox.length} outboxes for ${this.ranks} ranks`, { help: "give one for each rank, empty where nothing is sent" });
    outbox.forEach((letters, from) => {
      for (const [to, payload] of letters) {
        if (inbox[to] === undefined) throw new ArgumentError(`exchange: rank ${from} sends to rank ${to} of ${this.ranks}`, { help: `ranks are 0 to ${this.ranks - 1}` });
        const link = this.linkOf(from, to);
        const count = this.counts[from][link];
        if (link !== "own") count.messages++;
        count.bytes += payload.byteLength;
        inbox[to].set(from, payload.slice());
      }
    });
    return inbox;
  }

  /** What a rank has sent by now. */
  sentBy(rank: number): TrafficByLink {
    const counts = this.counts[rank];
    if (counts === undefined) throw new ArgumentError(`sentBy: rank ${rank} of ${this.ranks}`, { help: `ranks are 0 to ${this.ranks - 1}` });
    return { own: { ...counts.own }, node: { ...counts.node }, network: { ...counts.network } };
  }
}

/** Messages and bytes over all links, or those given. */
export const totalTraffic = (traffic: TrafficByLink, links: readonly Link[] = LINK_KINDS): Traffic =>
  links.reduce((sum, link) => ({ messages: sum.messages + traffic[link].messages, bytes: sum.bytes + traffic[link].bytes }), { messages: 0, bytes: 0 });
