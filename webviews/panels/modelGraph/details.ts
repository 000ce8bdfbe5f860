/** @file What is known of the selected item: operator, attributes, shapes, parameters, FLOPs. */
import { html, replace, type Child } from "../../shared/dom";
import { flopsText, plural, withPrefix } from "../../shared/format";
import type { Likeness } from "./compare";
import { shapeText, type Source } from "./graphItems";
import { keyText } from "./modules";

const row = (name: string, value: Child): HTMLElement => html("tr", {}, html("th", { scope: "row" }, name), html("td", {}, value));
const table = (...rows: readonly HTMLElement[]): HTMLElement => html("table", {}, html("tbody", {}, rows));

export interface DetailsOptions {
  readonly source: Source;
  readonly id: string | undefined;
  /** Against the other graph, where two are shown. */
  readonly like: Likeness | undefined;
}

export function showDetails(element: HTMLElement, { source, id, like }: DetailsOptions): void {
  const body = id === undefined || id === "inputs" || id === "outputs" ? whole(source) : id.startsWith("m") ? ofModule(source, id.slice(1)) : id.startsWith("n") ? ofNode(source, Number(id.slice(1))) : ofValue(source, Number(id.replace(/\D+/, "")));
  replace(element, body, like === undefined ? undefined : html("p", {}, { same: "Alike in both graphs.", changed: "Differs from the other graph.", "only here": "Only in this graph." }[like]));
}

function whole({ graph, modules }: Source): Child {
  const constants = graph.nodes.length - modules.root.nodes;
  const known = graph.nodes.length - graph.unknownFlops;
  return [
    html("h2", {}, graph.name === "" ? "Graph" : graph.name),
    html("p", {}, "Select a module or a node. Enter or a click opens a module; arrow keys move; plus, minus and 0 zoom."),
    table(
      row("Made by", graph.producer === "" ? "not said" : graph.producer),
      row("Nodes", `${modules.root.nodes}${constants === 0 ? "" : ` and ${plural(constants, "constant")}`}`),
      row("Parameters", withPrefix(graph.parameters, "", 4)),
      row("FLOPs", graph.flops === null ? "not known" : `${flopsText(graph.flops)}${graph.unknownFlops > 0 ? `, of ${known} of ${plural(graph.nodes.length, "node")}` : ""}`),
      ...graph.opsets.slice(0, 20).map(({ domain, version }) => row(domain === "" ? "Operator set" : domain, `version ${version}`)),
    ),
    heading("Inputs", graph.inputs.map((at) => valueRow({ graph }, at))),
    heading("Outputs", graph.outputs.map((at) => valueRow({ graph }, at))),
  ];
}

function ofModule({ modules, graph }: Source, key: string): Child {
  const module = modules.byKey.get(key);
  if (module === undefined) return [];
  const ops = new Map<string, number>();
  graph.nodes.forEach((node, index) => {
    const place = modules.moduleOf[index];
    if (place === key || place.startsWith(`${key}\u001f`)) ops.set(node.op, (ops.get(node.op) ?? 0) + 1);
  });
  return [
    html("h2", {}, module.name),
    html("p", {}, keyText(key)),
    table(row("Nodes", String(module.nodes)), row("Parameters", withPrefix(module.parameters, "", 4)), row("FLOPs", flopsText(module.flops))),
    heading("Operators", [...ops].sort(([, a], [, b]) => b - a).slice(0, 40).map(([op, count]) => row(op, String(count)))),
  ];
}

function ofNode(source: Source, index: number): Child {
  const node = source.graph.nodes[index];
  if (node === undefined) return [];
  return [
    html("h2", {}, node.op),
    html("p", {}, node.name),
    table(
      ...(node.domain === "" ? [] : [row("Domain", node.domain)]),
      ...(node.path.length === 0 ? [] : [row("Module", node.path.join("."))]),
      row("Parameters", withPrefix(node.parameters, "", 4)),
      row("FLOPs", node.flops === null ? "not known" : flopsText(node.flops)),
    ),
    heading("Attributes", node.attributes.map(({ name, value }) => row(name, html("code", {}, value)))),
    heading("Inputs", node.inputs.map((at, i) => (at < 0 ? row(`${i}`, "left out") : valueRow(source, at)))),
    heading("Outputs", node.outputs.map((at) => valueRow(source, at))),
  ];
}

function ofValue({ graph }: Source, at: number): Child {
  const value = graph.values[at];
  return value === undefined ? [] : [html("h2", {}, value.name), table(row("Type", value.dtype || "not known"), row("Shape", shapeText(value.shape) || "not known"))];
}

const heading = (title: string, rows: readonly HTMLElement[]): Child => (rows.length === 0 ? [] : [html("h3", {}, title), table(...rows)]);

function valueRow({ graph }: Pick<Source, "graph">, at: number): HTMLElement {
  const { name, dtype, shape, constant } = graph.values[at];
  return row(name, `${dtype} ${shapeText(shape)}`.trim() + (constant ? " · constant" : "") || "not known");
}
