/** @file The modules of a graph as a tree, and what is seen of it when some of them are open. Pure. */
import type { ModelGraph } from "../../../kernel/onnx/modelGraphSchema";

/** A module with all that lies in it. `key` is its path with dots; the root has "". */
export interface Module {
  readonly key: string;
  readonly name: string;
  readonly parent: string | undefined;
  readonly modules: Module[];
  /** Nodes that lie in it directly, by their place in the graph. */
  readonly own: number[];
  nodes: number;
  parameters: number;
  flops: number;
}

export interface Modules {
  readonly root: Module;
  readonly byKey: ReadonlyMap<string, Module>;
  /** Key of the module of each node. */
  readonly moduleOf: readonly string[];
}

/** A separator that no name of a module has inside: names may hold dots. */
const SEPARATOR = "\u001f";
export const keyOf = (path: readonly string[]): string => path.join(SEPARATOR);
/** "blocks.0.mlp" */
export const keyText = (key: string): string => key.split(SEPARATOR).join(".");

/** Nodes that only hold constants are no steps of the computation: they are seen in the details of those that read them. */
export const isStep = ({ op, domain }: ModelGraph["nodes"][number]): boolean => op !== "Constant" || domain !== "";

export function modulesOf({ nodes }: ModelGraph): Modules {
  const root: Module = { key: "", name: "", parent: undefined, modules: [], own: [], nodes: 0, parameters: 0, flops: 0 };
  const byKey = new Map<string, Module>([["", root]]);
  const moduleOf = nodes.map((node, index) => {
    const line = [root];
    node.path.forEach((name, depth) => {
      const parent = line[line.length - 1];
      const key = keyOf(node.path.slice(0, depth + 1));
      let module = byKey.get(key);
      if (module === undefined) {
        module = { key, name, parent: parent.key, modules: [], own: [], nodes: 0, parameters: 0, flops: 0 };
        byKey.set(key, module);
        parent.modules.push(module);
      }
      line.push(module);
    });
    const own = line[line.length - 1];
    if (isStep(node)) own.own.push(index);
    for (const module of line) {
      if (isStep(node)) module.nodes++;
      module.parameters += node.parameters;
      module.flops += node.flops ?? 0;
    }
    return own.key;
  });
  return { root, byKey, moduleOf };
}

/** Modules that are open at first: as many as leave the picture small enough to take in at once. */
export function firstOpen({ root }: Modules, limit = 28): ReadonlySet<string> {
  const open = new Set<string>([""]);
  let shown = root.modules.length + root.own.length;
  const waiting = [...root.modules];
  for (let module = waiting.shift(); module !== undefined; module = waiting.shift()) {
    const more = module.modules.length + module.own.length;
    if (more === 0 || (shown + more > limit && !(shown <= 2))) continue;
    open.add(module.key);
    shown += more;
    waiting.push(...module.modules);
  }
  return open;
}

export type ItemKind = "module" | "group" | "op" | "input" | "output";
/** Something drawn. A group is an open module around its items. */
export interface Item {
  readonly id: string;
  readonly kind: ItemKind;
  /** Key of the open module around it; "" for none. */
  readonly parent: string;
  /** Key of a module, place of a node, or place of a value, by kind. */
  readonly ref: string | number;
}
export interface Edge {
  readonly from: string;
  readonly to: string;
  /** Places of the values that pass. */
  readonly values: readonly number[];
}
export interface Visible {
  readonly items: readonly Item[];
  readonly edges: readonly Edge[];
}

export const moduleId = (key: string): string => `m${key}`;
export const nodeId = (index: number): string => `n${index}`;

/** Training steps have hundreds of inputs and outputs: more than this are one box. */
const MAX_ENDS = 10;
/** What such a box refers to. */
export const ALL = -1;
const endId = (kind: "input" | "output", values: readonly number[], value: number): string => (values.length > MAX_ENDS ? `${kind}s` : `${kind}${value}`);

/** What is drawn when these modules are open. */
export function visibleOf(graph: ModelGraph, modules: Modules, open: ReadonlySet<string>): Visible {
  const items: Item[] = [];
  const idOfNode = new Map<number, string>();
  const hide = (module: Module, id: string): void => {
    for (const index of module.own) idOfNode.set(index, id);
    for (const inner of module.modules) hide(inner, id);
  };
  const show = (module: Module): void => {
    for (const inner of module.modules) {
      const id = moduleId(inner.key);
      // Modules that hold constants only are nothing to see.
      if (inner.nodes === 0) continue;
      if (open.has(inner.key)) {
        items.push({ id, kind: "group", parent: module.key, ref: inner.key });
        show(inner);
      } else {
        items.push({ id, kind: "module", parent: module.key, ref: inner.key });
        hide(inner, id);
      }
    }
    for (const index of module.own) {
      items.push({ id: nodeId(index), kind: "op", parent: module.key, ref: index });
      idOfNode.set(index, nodeId(index));
    }
  };
  show(modules.root);
  const ends = (kind: "input" | "output", values: readonly number[]): void => {
    if (values.length > MAX_ENDS) items.push({ id: `${kind}s`, kind, parent: "", ref: ALL });
    else values.forEach((ref) => items.push({ id: `${kind}${ref}`, kind, parent: "", ref }));
  };
  ends("input", graph.inputs);
  ends("output", graph.outputs);
  return { items, edges: edgesOf(graph, idOfNode) };
}

function edgesOf(graph: ModelGraph, idOfNode: ReadonlyMap<number, string>): Edge[] {
  const producer = new Map<number, string>(graph.inputs.map((value) => [value, endId("input", graph.inputs, value)]));
  graph.nodes.forEach((node, index) => {
    const id = idOfNode.get(index);
    if (id !== undefined) for (const output of node.outputs) producer.set(output, id);
  });
  const found = new Map<string, { readonly from: string; readonly to: string; readonly values: Set<number> }>();
  const join = (value: number, to: string): void => {
    const from = producer.get(value);
    if (from === undefined || from === to) return;
    const key = `${from}>${to}`;
    const edge = found.get(key) ?? { from, to, values: new Set() };
    edge.values.add(value);
    found.set(key, edge);
  };
  graph.nodes.forEach((node, index) => {
    const to = idOfNode.get(index);
    if (to !== undefined) for (const input of node.inputs) join(input, to);
  });
  for (const value of graph.outputs) join(value, endId("output", graph.outputs, value));
  return [...found.values()].map(({ from, to, values }) => ({ from, to, values: [...values] }));
}
