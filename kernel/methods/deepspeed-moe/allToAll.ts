/**
 * @file All-to-all exchanges on a virtual cluster: flat, through the node first (hierarchical), and within ranks of one tensor slice (coordinated). All deliver
 * the same buffers; they differ in how many messages they take and how far these go. DeepSpeed-MoE, section 5.3.
 */
import { ArgumentError } from "../../errors";
import type { Inbox, VirtualCluster } from "./cluster";

/** [rank][other rank]: what goes to it, or came from it. All chunks have one length. */
export type Chunks = readonly (readonly Float32Array[])[];
/** chunks[from][to] → chunks[to][from]. */
export type AllToAll = (cluster: VirtualCluster, chunks: Chunks) => Chunks;

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** The length of all chunks. @throws {ArgumentError} unless there are `ranks` × `others` of one length. */
function lengthOf(chunks: Chunks, { ranks, others }: { readonly ranks: number; readonly others: number }): number {
  const length = chunks[0]?.[0]?.length ?? 0;
  const wrong = chunks.length !== ranks || chunks.some((row) => row.length !== others || row.some((chunk) => chunk.length !== length));
  if (wrong) throw new ArgumentError(`all-to-all: not ${ranks} × ${others} chunks of one length`, { help: "give each rank a chunk for every other, padded to the capacity" });
  return length;
}

/** Chunks one after another: the copy that makes one message of several. */
function packed(chunks: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}

function arrived(inbox: Inbox, rank: number, from: number): Float32Array {
  const payload = inbox[rank].get(from);
  if (payload === undefined) throw new ArgumentError(`all-to-all: nothing came from rank ${from} to rank ${rank}`, { help: "send to every rank of the exchange" });
  return payload;
}

/** Every rank to every other: p − 1 messages. @throws {ArgumentError} for chunks of different lengths. */
export function flatAllToAll(cluster: VirtualCluster, chunks: Chunks): Chunks {
  const { ranks } = cluster;
  lengthOf(chunks, { ranks, others: ranks });
  const inbox = cluster.exchange(chunks.map((row) => new Map(row.entries())));
  return range(ranks).map((rank) => range(ranks).map((from) => arrived(inbox, rank, from)));
}

/**
 * First within the node, to the rank with the destination's place in its own node, then across nodes between ranks of equal place: (G − 1) + (p/G − 1) messages,
 * and every byte is copied twice. @throws {ArgumentError} for chunks of different lengths.
 */
export function hierarchicalAllToAll(cluster: VirtualCluster, chunks: Chunks): Chunks {
  const { ranks, perNode } = cluster;
  const size = lengthOf(chunks, { ranks, others: ranks });
  const nodes = range(ranks / perNode);
  const places = range(perNode);
  const nodeOf = (rank: number): number => Math.floor(rank / perNode);
  const piece = (payload: Float32Array, i: number): Float32Array => payload.subarray(i * size, (i + 1) * size);

  const near = cluster.exchange(chunks.map((row, rank) => new Map(places.map((place) => [nodeOf(rank) * perNode + place, packed(nodes.map((node) => row[node * perNode + place]))]))));
  // The layout transform: what came for one node from all ranks of this one becomes one message.
  const far = cluster.exchange(range(ranks).map((rank) => new Map(nodes.map((node) => [node * perNode + (rank % perNode), packed(places.map((place) => piece(arrived(near, rank, nodeOf(rank) * perNode + place), node)))]))));
  return range(ranks).map((rank) => range(ranks).map((from) => piece(arrived(far, rank, nodeOf(from) * perNode + (rank % perNode)), from % perNode)));
}

/**
 * For ranks in groups of L that slice tensors and hold equal activations: each rank sends its part of a chunk to the rank of its own slice in every group, and the parts are put together
 * within the group: (p/L − 1) + (L − 1) messages. chunks[rank][group] → chunks[rank][from group].
 * @throws {ArgumentError} unless L divides the ranks, and ranks of a group have equal chunks.
 */
export function coordinatedAllToAll(cluster: VirtualCluster, chunks: Chunks, { tensorParallel }: { readonly tensorParallel: number }): Chunks {
  const { ranks } = cluster;
  if (!Number.isInteger(tensorParallel) || tensorParallel < 1 || ranks % tensorParallel !== 0) throw new ArgumentError(`coordinatedAllToAll: tensor slices on ${tensorParallel} of ${ranks} ranks`, { help: "give a divisor of the ranks" });
  const groups = range(ranks / tensorParallel);
  const slices = range(tensorParallel);
  const size = lengthOf(chunks, { ranks, others: groups.length });
  const firstOf = (rank: number): number => rank - (rank % tensorParallel);
  chunks.forEach((row, rank) => {
    if (row.some((chunk, group) => chunk.some((value, i) => !Object.is(value, chunks[firstOf(rank)][group][i])))) throw new ArgumentError(`coordinatedAllToAll: rank ${rank} has other chunks than rank ${firstOf(rank)} of its group`, { help: "give all ranks of a group the same activations" });
  });
  const bounds = (slice: number): readonly [number, number] => [Math.floor((size * slice) / tensorParallel), Math.floor((size * (slice + 1)) / tensorParallel)];

  const across = cluster.exchange(chunks.map((row, rank) => {
    const slice = rank % tensorParallel;
    return new Map(groups.map((group) => [group * tensorParallel + slice, row[group].subarray(...bounds(slice))]));
  }));
  const parts = range(ranks).map((rank) => packed(groups.map((group) => arrived(across, rank, group * tensorParallel + (rank % tensorParallel)))));
  const gathered = cluster.exchange(parts.map((part, rank) => new Map(slices.map((slice) => [firstOf(rank) + slice, part]))));
  return range(ranks).map((rank) =>
    groups.map((group) =>
      packed(slices.map((slice) => {
        const [start, end] = bounds(slice);
        return arrived(gathered, rank, firstOf(rank) + slice).subarray(group * (end - start), (group + 1) * (end - start));
      })),
    ),
  );
}

export interface ExpertParallelOptions {
  readonly cluster: VirtualCluster;
  /** Of each rank: its tokens at their experts' places, [E, C, D] flat. E is a multiple of the ranks, and rank r has the experts from r E / p. */
  readonly buffers: readonly Float32Array[];
  /** What a rank's experts make of the chunks [E / p, C, D] that came from every rank. Same lengths. */
  readonly compute: (rank: number, received: readonly Float32Array[]) => readonly Float32Array[] | Promise<readonly Float32Array[]>;
  /** Default `flatAllToAll`. */
  readonly allToAll?: AllToAll;
}

/** The experts' results for each rank's own tokens, [E, C, D] flat: to the experts by one all-to-all, and back by another. */
export async function expertParallel({ cluster, buffers, compute, allToAll = flatAllToAll }: ExpertParallelOptions): Promise<Float32Array[]> {
  const share = (buffers[0]?.length ?? 0) / cluster.ranks;
  if (!Number.isInteger(share)) throw new ArgumentError(`expertParallel: buffers of ${buffers[0].length} numbers on ${cluster.ranks} ranks`, { help: "give every rank as many experts: E a multiple of the ranks" });
  const received = allToAll(cluster, buffers.map((buffer) => range(cluster.ranks).map((to) => buffer.subarray(to * share, (to + 1) * share))));
  const results = await Promise.all(received.map(async (chunks, rank) => compute(rank, chunks)));
  return allToAll(cluster, results).map(packed);
}
