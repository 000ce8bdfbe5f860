/** @file Applies the nodes of an ONNX graph to tensors, in order. */
import { FormatError, IsoflopError } from "../../errors";
import { fromHost, Tensor } from "../../graph/tensor";
import { withScope } from "../../graph/trace";
import type { OnnxDeclaration, OnnxGraph, OnnxNode } from "../model";
import { showNode } from "../readMessages";
import { NodeCall, type OperatorRule } from "./nodeCall";

/** Values by name; nested graphs see those around them. */
export type Values = ReadonlyMap<string, Tensor>;

export interface RunOptions {
  /** The rule of a node's operator, and the version of its operator set. */
  readonly ruleOf: (node: OnnxNode) => { readonly rule: OperatorRule; readonly opset: number };
}

/** Layer path of a node: its name without the last part ("/layer1/conv/Conv" → "layer1.conv"). */
const scopeOf = (name: string): string =>
  name
    .split("/")
    .slice(0, -1)
    .filter((part) => part !== "")
    .join(".");

/** The outputs of `graph` given its inputs (and constants) in `given`.
 * @throws errors of the operations, placed at the node. */
export function runGraph(graph: OnnxGraph<OnnxDeclaration>, given: Values, options: RunOptions): Tensor[] {
  const values = new Map(given);
  for (const node of graph.nodes) {
    const outputs = withScope(scopeOf(node.name), () => applyNode(node, values, options));
    node.outputs.forEach((name, i) => {
      const tensor = outputs[i];
      if (name !== "" && tensor !== undefined) values.set(name, tensor);
    });
  }
  return graph.outputs.map(({ name }) => lookUp(values, name, `the outputs of graph ${JSON.stringify(graph.name)}`));
}

function lookUp(values: Values, name: string, where: string): Tensor {
  const tensor = values.get(name);
  if (tensor === undefined)
    throw new FormatError(`no node before it makes the value ${JSON.stringify(name)}`, {
      where,
      help: "the model is not valid; check it with onnx.checker",
    });
  return tensor;
}

function applyNode(node: OnnxNode, values: Values, options: RunOptions): readonly (Tensor | undefined)[] {
  const where = `node ${showNode(node)}`;
  const inputs = node.inputs.map((name) => (name === "" ? undefined : lookUp(values, name, where)));
  const runNested = (graph: OnnxGraph<OnnxDeclaration>, operands: readonly Tensor[]): Tensor[] => {
    const inner = new Map(values);
    for (const [name, constant] of graph.initializers) inner.set(name, fromHost(constant));
    graph.inputs.forEach(({ name }, i) => inner.set(name, operands[i]));
    return runGraph(graph, inner, options);
  };
  const { rule, opset } = options.ruleOf(node);
  try {
    const result = rule(new NodeCall({ node, inputs, opset, runNested }));
    return result instanceof Tensor ? [result] : result;
  } catch (error) {
    throw error instanceof IsoflopError
      ? placed(error, where)
      : new FormatError(`${node.opType}: the node cannot be applied (${error instanceof Error ? error.message : String(error)})`, {
          where,
          help: "the model is not valid; check it with onnx.checker",
          cause: error,
        });
  }
}

/** The error with the node as its place, when it names no node yet. */
function placed(error: IsoflopError, where: string): IsoflopError {
  if (error.where?.startsWith("node ") === true) return error;
  // SAFETY: all our errors are made from the same parts.
  const Kind = error.constructor as new (
    what: string,
    parts: { readonly where: string; readonly help: string; readonly cause: unknown },
  ) => IsoflopError;
  return new Kind(error.what, { where, help: error.help, cause: error });
}
