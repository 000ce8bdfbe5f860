/** @file The Methods view: the catalogue by where a method acts, with a card each. */
import type * as vscode from "vscode";
import { ACTS_ON, type ActsOn } from "../../../kernel/methods/catalogueSchema";
import type { Services } from "../../services";
import { cellsToInsert, type Method } from "./methodCatalogue";

export type MethodNode = { readonly kind: "acts"; readonly acts: ActsOn; readonly methods: readonly Method[] } | { readonly kind: "method"; readonly method: Method };

const LABELS: Readonly<Record<ActsOn, { readonly label: string; readonly icon: string }>> = {
  model: { label: "Model", icon: "type-hierarchy" },
  objective: { label: "Objective", icon: "target" },
  data: { label: "Data", icon: "database" },
  optimizer: { label: "Optimizer", icon: "settings" },
  numerics: { label: "Numerics", icon: "symbol-numeric" },
  sampler: { label: "Sampler", icon: "sparkle" },
  system: { label: "System", icon: "server-process" },
  law: { label: "Scaling law", icon: "graph-scatter" },
};
const NOT_YET = "not yet available";

export class MethodsTree implements vscode.TreeDataProvider<MethodNode> {
  constructor(
    private readonly vs: Services["vs"],
    private readonly methods: readonly Method[],
  ) {}

  getChildren(node?: MethodNode): MethodNode[] {
    if (node?.kind === "acts") return node.methods.map((method) => ({ kind: "method", method }));
    if (node !== undefined) return [];
    return ACTS_ON.flatMap((acts): MethodNode[] => {
      const methods = this.methods.filter((method) => method.acts === acts);
      return methods.length === 0 ? [] : [{ kind: "acts", acts, methods }];
    });
  }

  getTreeItem(node: MethodNode): vscode.TreeItem {
    return node.kind === "acts" ? this.groupItem(node.acts, node.methods) : this.methodItem(node.method);
  }

  private groupItem(acts: ActsOn, methods: readonly Method[]): vscode.TreeItem {
    const { vs } = this;
    const item = new vs.TreeItem(LABELS[acts].label, vs.TreeItemCollapsibleState.Collapsed);
    item.id = `acts ${acts}`;
    item.iconPath = new vs.ThemeIcon(LABELS[acts].icon);
    const there = methods.filter(({ notebook }) => notebook !== undefined).length;
    item.description = `${there} of ${methods.length}`;
    item.tooltip = `${methods.length} ${methods.length === 1 ? "method" : "methods"}, ${there} with a notebook`;
    item.accessibilityInformation = { label: `${LABELS[acts].label}, ${item.tooltip}` };
    item.contextValue = "acts";
    return item;
  }

  private methodItem(method: Method): vscode.TreeItem {
    const { vs } = this;
    const { slug, title, paper, notebook } = method;
    const item = new vs.TreeItem(title, vs.TreeItemCollapsibleState.None);
    item.id = slug;
    item.description = `${paper.venue} ${/\d{4}/.test(paper.venue) ? "" : paper.year}`.trim() + (notebook === undefined ? ` · ${NOT_YET}` : "");
    item.iconPath = new vs.ThemeIcon(notebook === undefined ? "circle-outline" : "notebook");
    item.tooltip = card(this.vs, method);
    item.contextValue = ["method", ...(notebook === undefined ? [] : ["notebook", ...(cellsToInsert(notebook).length > 0 ? ["insert"] : [])])].join(" ");
    item.accessibilityInformation = { label: `${title}, ${notebook === undefined ? NOT_YET : "with notebook"}. ${method.claim}` };
    return item;
  }
}

function card(vs: Services["vs"], { title, claim, paper, notebook, acts }: Method): vscode.MarkdownString {
  const venue = `${paper.authors}, ${paper.venue}${/\d{4}/.test(paper.venue) ? "" : ` ${paper.year}`}, `;
  const state = `${LABELS[acts].label} · ${notebook === undefined ? NOT_YET : "has a notebook"}`;
  const lines = [`**${escape(title)}**`, escape(claim), `${escape(venue)}[arXiv ${paper.arxiv}](https://arxiv.org/abs/${paper.arxiv})`, `$(${LABELS[acts].icon}) ${escape(state)}`];
  return new vs.MarkdownString(lines.join("\n\n"), true);
}

/** Text as Markdown. The editor's own `appendText` keeps words from wrapping. */
const escape = (text: string): string => text.replace(/[\\`*_{}[\]()#+\-!~<>|$]/g, "\\$&");
