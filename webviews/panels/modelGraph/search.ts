/** @file Search over modules, operators, names and values of a graph. */
import { html, replace } from "../../shared/dom";
import type { Source } from "./graphItems";
import { isStep, keyText, moduleId, nodeId } from "./modules";

export interface Found {
  readonly id: string;
  readonly text: string;
}

const MAX_FOUND = 60;

/** Modules first, then nodes, whose names hold all words. */
export function search({ graph, modules }: Source, query: string): readonly Found[] {
  const words = query.toLowerCase().split(/\s+/).filter((word) => word !== "");
  if (words.length === 0) return [];
  const fits = (text: string): boolean => words.every((word) => text.includes(word));
  const out: Found[] = [];
  for (const [key, module] of modules.byKey) {
    if (out.length >= MAX_FOUND) return out;
    if (key !== "" && module.nodes > 0 && fits(keyText(key).toLowerCase())) out.push({ id: moduleId(key), text: `▸ ${keyText(key)}` });
  }
  for (let index = 0; index < graph.nodes.length && out.length < MAX_FOUND; index++) {
    const node = graph.nodes[index];
    const weights = node.inputs.filter((at) => at >= 0 && graph.values[at].constant).map((at) => graph.values[at].name);
    if (isStep(node) && fits(`${node.op} ${node.name} ${node.path.join(".")} ${weights.join(" ")}`.toLowerCase())) out.push({ id: nodeId(index), text: `${node.op}  ${node.name || node.path.join(".")}` });
  }
  return out;
}

export interface SearchOptions {
  readonly find: (query: string) => readonly Found[];
  readonly choose: (id: string) => void;
  readonly signal: AbortSignal;
}

/** The field with the list of what it finds. */
export function searchField({ find, choose, signal }: SearchOptions): HTMLElement {
  const input = html("input", { type: "search", placeholder: "Search modules and nodes", "aria-label": "Search modules and nodes" });
  const list = html("div", { class: "graph-found", hidden: true });
  const element = html("div", { class: "graph-search" }, input, list);
  const close = (): void => {
    list.hidden = true;
  };
  const buttons = (): HTMLElement[] => [...list.querySelectorAll<HTMLElement>("button")];
  input.addEventListener(
    "input",
    () => {
      const found = find(input.value);
      list.hidden = input.value.trim() === "";
      replace(
        list,
        found.length === 0 ? html("p", { role: "status" }, "nothing found") : [],
        found.map(({ id, text }) => {
          const button = html("button", { type: "button" }, text);
          button.addEventListener("click", () => {
            close();
            choose(id);
          });
          return button;
        }),
      );
    },
    { signal },
  );
  element.addEventListener(
    "keydown",
    (event) => {
      const all = buttons();
      const at = all.findIndex((button) => button === document.activeElement);
      if (event.key === "Escape") {
        close();
        input.focus();
      } else if (event.key === "ArrowDown" && at < all.length - 1) all[at + 1].focus();
      else if (event.key === "ArrowUp" && at >= 0) (at === 0 ? input : all[at - 1]).focus();
      else if (event.key === "Enter" && at < 0) all[0]?.click();
      else return;
      event.preventDefault();
      event.stopPropagation();
    },
    { signal },
  );
  element.addEventListener("focusout", (event) => {
    if (!(event.relatedTarget instanceof Node) || !element.contains(event.relatedTarget)) close();
  }, { signal });
  return element;
}
