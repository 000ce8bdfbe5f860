/** @file Programs that count what they compute, and are seen in a profile. */
import { costOfNode } from "../cost/costRules";
import { nodesOf } from "../cost/executedGraph";
import { nodeCosts } from "../cost/nodeCosts";
import type { Program } from "./executor";
import { isProfiling, profileSpan } from "./profile";
import type { Site } from "../graph/trace";
import { placed } from "./ortError";
import type { Lowered } from "./session";
import { countFlops } from "./work";

/** `program`, which adds the FLOPs of `graph` to the work counter at each run that succeeds. They are looked up once. Errors name the user's line, by `sites` of nodes. */
export function counted(program: Program, graph: Lowered, { name, sites }: { readonly name: string; readonly sites: ReadonlyMap<string, Site> }): Program {
  const flops = nodeCosts(graph, costOfNode).reduce((sum, cost) => sum + cost.flops, 0);
  const operations = nodesOf(graph).computed.length;
  return {
    buffers: program.buffers,
    async run(inputs, outputs) {
      const start = isProfiling() ? performance.now() : undefined;
      try {
        await program.run(inputs, outputs);
      } catch (error) {
        throw placed(error, sites);
      }
      countFlops(flops);
      if (start !== undefined) profileSpan({ name, start, end: performance.now(), args: { flops, operations } });
    },
    release: () => program.release(),
  };
}
