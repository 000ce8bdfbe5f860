/** @file Any value as a variable: type, one line, shape and bytes, without running any of its code. */
import { inspect, types } from "node:util";
import type { Tensor } from "../../graph/tensor";
import type { Variable } from "../../protocol/jupyter";
import { exampleOf } from "../../runtime/examples";
import { asTensor } from "./asTensor";
import { childCount } from "./children";
import { treeBytes } from "./treeBytes";

const MAX_SUMMARY_CHARACTERS = 160;

export interface Named {
  readonly name: string;
  readonly path: string;
}

/** The variable of this name and path. Never throws. */
export function describeValue(value: unknown, { name, path }: Named): Variable {
  const about = { name, path, type: typeOf(value), summary: oneLine(summaryOf(value)) };
  const tensor = asTensor(value);
  if (tensor !== undefined) return { ...about, shape: [...tensor.shape], dtype: tensor.dtype, bytes: tensor.bytes, device: "host", children: 0 };
  const bytes = treeBytes(value);
  return { ...about, ...(bytes === undefined ? {} : { bytes }), children: childCount(value) };
}

/** A property whose value would have to be computed. */
export const describeGetter = ({ name, path }: Named): Variable => ({ name, path, type: "getter", summary: "computed when it is read", children: 0 });

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (types.isProxy(value)) return "Proxy";
  if (typeof value === "function") return isClass(value) ? "class" : exampleOf(value) === undefined ? "function" : "compiled function";
  return typeof value === "object" ? className(value) : typeof value;
}

const isClass = (value: object): boolean => Function.prototype.toString.call(value).startsWith("class");

/** The name of its class, looked up without running getters. */
function className(value: object): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (typeof prototype !== "object" || prototype === null || types.isProxy(prototype)) return "object";
  const maker: unknown = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
  const name: unknown = typeof maker === "function" && !types.isProxy(maker) ? Object.getOwnPropertyDescriptor(maker, "name")?.value : undefined;
  // The bundler appends digits where names would clash.
  return typeof name === "string" && name !== "" ? name.replace(/^_|\d+$/g, "") || name : "object";
}

function summaryOf(value: unknown): string {
  if (types.isProxy(value)) return "an object that its own code answers for";
  const tensor = asTensor(value);
  if (tensor !== undefined) return `${tensor.dtype} [${tensor.shape.join(", ")}]${stateOf(tensor)}`;
  if (typeof value === "string") return JSON.stringify(value.length > MAX_SUMMARY_CHARACTERS ? value.slice(0, MAX_SUMMARY_CHARACTERS) : value);
  if (typeof value === "function") return Function.prototype.toString.call(value);
  try {
    return inspect(value, { colors: false, depth: 1, maxArrayLength: 6, maxStringLength: 60, breakLength: Infinity, compact: true, customInspect: false, getters: false });
  } catch {
    return "cannot be shown in a line";
  }
}

function stateOf({ storage }: Tensor): string {
  if (storage === undefined) return ", not computed yet";
  return storage.takenBy !== undefined ? ", given away to a compiled function" : "";
}

/** Line breaks and further white space as one blank. */
function oneLine(text: string): string {
  const joined = text.slice(0, MAX_SUMMARY_CHARACTERS * 4).replace(/\s+/g, " ").trim();
  return joined.length > MAX_SUMMARY_CHARACTERS ? `${joined.slice(0, MAX_SUMMARY_CHARACTERS)}…` : joined;
}
