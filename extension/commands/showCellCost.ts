/** @file "Show Cost of Cell": FLOPs, bytes and memory of the compiled functions that a cell names, before or after they ran; where it names none, of those that are there. */
import type * as vscode from "vscode";
import type { Variable } from "../../kernel/protocol/jupyter";
import type { Services } from "../services";
import { type ViewPanels, viewOf } from "../views/viewPanels";
import { frontNotebook, requireCell, requireKernel } from "./notebookCells";
import { register } from "./register";
import { UserError } from "./userError";
import { variablesOf } from "./variableOf";

export function showCellCost(services: Services, panels: ViewPanels): vscode.Disposable {
  const { vs } = services;
  return register(services, "showCellCost", async (given) => {
    // The walkthrough asks, too, with the notebook behind it.
    if (given === undefined) await frontNotebook(services);
    const cell = requireCell(services, given);
    const kernel = services.kernels.of(cell.notebook.uri) ?? requireKernel(services);
    const variables = await variablesOf(kernel);
    const named = compiledIn(cell.document.getText(), variables);
    // Who asks from the walkthrough may have any cell selected.
    const names = named.length > 0 ? named : variables.filter(isCompiled).map(({ name }) => name);
    const [first, ...more] = names;
    if (first === undefined) throw new UserError("no function is compiled yet", "run the cell that says `const step = compile(…)` first; its cost is known before it runs a step");
    const name = more.length === 0 ? first : await vs.window.showQuickPick(names, { placeHolder: named.length > 0 ? "Cost of which function?" : "This cell names no compiled function. Cost of which?", ignoreFocusOut: true });
    if (name === undefined) return;
    panels.showBundle(`${name}: cost`, await viewOf(kernel, { path: name, view: "cost" }));
  });
}

/** What the kernel calls a compiled function. */
const COMPILED = /compiled/i;
type Named = Pick<Variable, "name" | "type" | "summary">;
const isCompiled = ({ type, summary }: Named): boolean => COMPILED.test(type) || COMPILED.test(summary);
const ASSIGNED = /(?:const|let|var)\s+([\p{ID_Start}$_][\p{ID_Continue}$]*)\s*(?::[^=;]+)?=\s*(?:await\s+)?compile\s*[(<]/gu;

/** Compiled functions that the code names: those it makes first, then those it uses. */
export function compiledIn(code: string, variables: readonly Named[]): string[] {
  const there = new Set(variables.map(({ name }) => name));
  const made = [...code.matchAll(ASSIGNED)].map(([, name]) => name).filter((name) => there.has(name));
  const words = new Set(code.match(/[\p{ID_Start}$_][\p{ID_Continue}$]*/gu));
  const used = variables.filter((variable) => words.has(variable.name) && isCompiled(variable)).map(({ name }) => name);
  return [...new Set([...made, ...used])];
}
