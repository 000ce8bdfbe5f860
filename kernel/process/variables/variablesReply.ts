/** @file The variables of a notebook, and what is inside of one. */
import { ArgumentError } from "../../errors";
import type { ReplyContent, Variable } from "../../protocol/jupyter";
import type { Session } from "../../session/session";
import { suggest } from "../../session/suggest";
import { type Child, childCount, childFor, childrenOf } from "./children";
import { describeGetter, describeValue } from "./describeValue";

export interface VariablesQuery {
  /** Whose children are asked for. Default: the notebook's own variables. */
  readonly path?: string;
  /** Default 200, at most 5000. */
  readonly limit?: number;
}

const DEFAULT_LIMIT = 200;
const MAX_LIMIT = 5000;

/** Imports are left out; functions and classes come last.
 * @throws {ArgumentError} when nothing has this path. */
export function variablesReply(session: Pick<Session, "variables" | "imports">, { path, limit = DEFAULT_LIMIT }: VariablesQuery): ReplyContent<"isoflop_variables_request"> {
  const most = Math.min(MAX_LIMIT, Math.max(0, Math.floor(limit)));
  if (path !== undefined && path !== "") {
    const value = valueAt(session, path);
    const variables = childrenOf(value, most).map((child) => describeChild(child, path));
    return { status: "ok", variables, total: childCount(value) };
  }
  const own = [...session.variables].filter(([name]) => !session.imports.has(name));
  const data = own.filter(([, value]) => typeof value !== "function");
  const code = own.filter(([, value]) => typeof value === "function");
  return { status: "ok", variables: [...data, ...code].slice(0, most).map(([name, value]) => describeValue(value, { name, path: name })), total: own.length };
}

/** The value at a dotted path that begins with a variable's name.
 * @throws {ArgumentError} when there is none. */
export function valueAt({ variables }: Pick<Session, "variables">, path: string): unknown {
  const [name] = path.split(".", 1);
  if (!variables.has(name)) {
    const near = suggest(name, variables.keys());
    throw new ArgumentError(`the notebook has no variable ${JSON.stringify(name)}`, { help: near === undefined ? "run the cell that declares it" : `did you mean ${near}?` });
  }
  let value = variables.get(name);
  for (let rest = path.slice(name.length + 1); rest !== "";) {
    const found = childFor(value, rest);
    if (found === undefined || found.child.getter) throw new ArgumentError(`${path} leads to nothing`, { where: path.slice(0, path.length - rest.length - 1), help: "refresh the variables: the value has changed" });
    ({ rest } = found);
    value = found.child.value;
  }
  return value;
}

function describeChild({ name, key, value, getter }: Child, parent: string): Variable {
  const about = { name, path: `${parent}.${key}` };
  return getter ? describeGetter(about) : describeValue(value, about);
}
