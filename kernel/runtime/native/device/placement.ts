/** @file Which operations of a program do not run on its device, said to the user with what that costs. */
import { bytesText } from "../../../cost/units";
import { Runtime } from "../runtime";
import type { Pointer } from "../ortApi";

export interface PlacedNode {
  /** With the layer's path. */
  readonly name: string;
  readonly opType: string;
}

/** Nodes of a session that run elsewhere than on `provider`. */
export function nodesOnCpu(session: Pointer, provider: string): readonly PlacedNode[] {
  const { api } = Runtime.get();
  return api
    .list("Session_GetEpGraphAssignmentInfo", session)
    .filter((subgraph) => api.text("EpAssignedSubgraph_GetEpName", subgraph) !== provider)
    .flatMap((subgraph) => api.list("EpAssignedSubgraph_GetNodes", subgraph))
    .map((node) => ({ name: api.text("EpAssignedNode_GetName", node), opType: api.text("EpAssignedNode_GetOperatorType", node) }));
}

const MAX_NAMED = 4;

/** Warns of nodes that run on the CPU, and of the copies that one run makes because of them. */
export function warnOfCpu(nodes: readonly PlacedNode[], { device, copies }: { readonly device: string; readonly copies: { readonly count: number; readonly bytes: number } }): void {
  const types = [...new Set(nodes.map(({ opType }) => opType))];
  const named = nodes.slice(0, MAX_NAMED).map(({ name }) => name);
  const more = nodes.length > named.length ? `, and ${nodes.length - named.length} more` : "";
  process.emitWarning(
    `${nodes.length === 1 ? "an operation runs" : `${nodes.length} operations run`} on the CPU, since "${device}" has no kernel for ${types.join(", ")}: ${named.join(", ")}${more}; each run copies ${copies.count} tensors (${bytesText(copies.bytes)}) between host and device for that`,
    { code: "ISOFLOP_CPU_FALLBACK" },
  );
}
