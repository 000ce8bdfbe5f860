/** @file "Visualize Attention, Singular Values, Scaling Law of a Variable": asks which, and shows it. */
import type * as vscode from "vscode";
import type { Variable, VariableView } from "../../kernel/protocol/jupyter";
import type { Services } from "../services";
import type { ViewPanels } from "../views/viewPanels";
import { requireKernel } from "./notebookCells";
import { register } from "./register";
import { pathOf, pickVariable } from "./variableOf";

interface Way {
  readonly command: string;
  readonly view: VariableView;
  readonly placeHolder: string;
  readonly fits: (variable: Variable) => boolean;
  readonly help: string;
}

const rank = ({ shape }: Variable): number => shape?.length ?? 0;
const holdsTensors = ({ shape, bytes, children }: Variable): boolean => shape === undefined && children > 0 && bytes !== undefined;
/** Attention weights [..., queries, keys] of several heads. */
const isAttention = (variable: Variable): boolean => rank(variable) >= 3 || holdsTensors(variable);

const WAYS: readonly Way[] = [
  { command: "visualizeAttention", view: "attention", placeHolder: "Attention weights: [layers, heads, queries, keys], or a list of layers", fits: isAttention, help: "keep the weights of a forward pass in a variable: withTaps gives them" },
  { command: "visualizeSpectrum", view: "spectrum", placeHolder: "A matrix, or a model whose matrices are shown", fits: (variable) => rank(variable) >= 2 || holdsTensors(variable), help: "a matrix or a model is needed" },
  { command: "visualizeScaling", view: "scaling", placeHolder: "A fit, or points with x and y", fits: (variable) => variable.children > 0 && variable.type !== "function", help: "fit one with fitPowerLaw(points), or use IsoFLOP: Fit Scaling Law" },
];

export function visualize(services: Services, panels: ViewPanels): vscode.Disposable {
  const commands = WAYS.map(({ command, view, ...pick }) =>
    register(services, command, async (given) => {
      const kernel = requireKernel(services);
      const path = pathOf(given) ?? (await pickVariable(services, kernel, pick));
      if (path !== undefined) await panels.show(kernel, { path, view });
    }),
  );
  return services.vs.Disposable.from(...commands);
}
