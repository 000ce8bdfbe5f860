/** @file Which modules and nodes of two graphs are alike. Pure. */
import type { ModelGraph } from "../../../kernel/onnx/modelGraphSchema";
import { isStep, keyOf, type Module, moduleId, type Modules, nodeId } from "./modules";

export type Likeness = "same" | "changed" | "only here";

export interface Comparison {
  /** Likeness by item id, of the first and of the second graph. */
  readonly likeness: readonly [ReadonlyMap<string, Likeness>, ReadonlyMap<string, Likeness>];
  /** Item of the other graph that stands for this one. */
  readonly partner: readonly [ReadonlyMap<string, string>, ReadonlyMap<string, string>];
  readonly counts: { readonly same: number; readonly changed: number; readonly onlyFirst: number; readonly onlySecond: number };
}

interface Side {
  readonly graph: ModelGraph;
  readonly modules: Modules;
}

/** Modules are paired by their path; nodes by module, operator and order. Alike are those that compute the same on the same shapes. */
export function compare(first: Side, second: Side): Comparison {
  const [a, b] = [signatures(first), signatures(second)];
  const likeness = [new Map<string, Likeness>(), new Map<string, Likeness>()] as const;
  const partner = [new Map<string, string>(), new Map<string, string>()] as const;
  const pair = (here: ReadonlyMap<string, Signed>, there: ReadonlyMap<string, Signed>, side: 0 | 1): void => {
    for (const [name, { id, text }] of here) {
      const other = there.get(name);
      likeness[side].set(id, other === undefined ? "only here" : other.text === text ? "same" : "changed");
      if (other !== undefined) partner[side].set(id, other.id);
    }
  };
  pair(a, b, 0);
  pair(b, a, 1);
  const modules = (side: 0 | 1, wanted: Likeness): number => [...likeness[side]].filter(([id, like]) => id.startsWith("m") && id !== moduleId("") && like === wanted).length;
  return { likeness, partner, counts: { same: modules(0, "same"), changed: modules(0, "changed"), onlyFirst: modules(0, "only here"), onlySecond: modules(1, "only here") } };
}

interface Signed {
  readonly id: string;
  readonly text: string;
}

/** What each module and node is, by a name that both graphs give it. */
function signatures({ graph, modules }: Side): ReadonlyMap<string, Signed> {
  const out = new Map<string, Signed>();
  const seen = new Map<string, number>();
  const texts = graph.nodes.map((node) => {
    const shapes = [...node.inputs.filter((at) => at >= 0 && graph.values[at].constant), ...node.outputs.filter((at) => at >= 0)].map((at) => `${graph.values[at].dtype}[${graph.values[at].shape?.join() ?? "?"}]`);
    return `${node.domain}:${node.op} ${node.attributes.map(({ name, value }) => `${name}=${value}`).sort().join(";")} ${shapes.join(" ")}`;
  });
  graph.nodes.forEach((node, index) => {
    if (!isStep(node)) return;
    const place = `${keyOf(node.path)}/${node.op}`;
    const number = seen.get(place) ?? 0;
    seen.set(place, number + 1);
    out.set(`n${place}#${number}`, { id: nodeId(index), text: texts[index] });
  });
  const sign = (module: Module): string => {
    const text = [...module.own.map((index) => texts[index]), ...module.modules.map((inner) => `${inner.name}(${sign(inner)})`)].join("\n");
    out.set(`m${module.key}`, { id: moduleId(module.key), text });
    return text;
  };
  sign(modules.root);
  return out;
}
