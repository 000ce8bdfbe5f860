/** @file "Copy Variable Name": its path as an expression. */
import type * as vscode from "vscode";
import type { Services } from "../services";
import { register } from "./register";
import { pathOf } from "./variableOf";

export const copyVariableName = (services: Services): vscode.Disposable =>
  register(services, "copyVariableName", async (given) => {
    const path = pathOf(given);
    if (path !== undefined) await services.vs.env.clipboard.writeText(expressionOf(path));
  });

/** The dotted path as TypeScript: "blocks.0.up" is `blocks[0].up`. */
export const expressionOf = (path: string): string =>
  path
    .split(".")
    .map((key, at) => (at === 0 ? key : /^\d+$/.test(key) ? `[${key}]` : /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`))
    .join("");
