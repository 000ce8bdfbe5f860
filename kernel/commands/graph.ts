/** @file `isoflop graph`: the graph of an ONNX model by module, as a table or as JSON. */
import { open } from "node:fs/promises";
import { parseArgs } from "node:util";
import { costOfNode } from "../cost/costRules";
import { bytesText, countText, flopsText } from "../cost/units";
import { FormatError } from "../errors";
import { operands } from "../graph/rewrite";
import type { Tensor } from "../graph/tensor";
import { modelGraph } from "../onnx/modelGraph";
import type { GraphNode, ModelGraph } from "../onnx/modelGraphSchema";
import { EXIT_OK, readArguments, UsageError, type Command } from "./command";

const HELP = `usage: isoflop graph <model.onnx> [--json]

Shows the modules of an ONNX model with their nodes, parameters and FLOPs. Any model: weights beside it are not read.

  --json   the whole graph as JSON: nodes by module path, shapes, attributes, parameters, FLOPs
`;

/** Larger messages cannot be protobuf; such models keep their weights beside the .onnx file. */
const MAX_FILE_BYTES = 2 ** 31 - 1;
const MAX_ROWS = 40;

export const graph: Command = {
  help: HELP,
  run: async (args) => {
    const { file, json } = parsed(args);
    const model = modelGraph(await read(file), { flops: flopsBetween });
    process.stdout.write(json ? `${JSON.stringify(model)}\n` : table(model));
    return EXIT_OK;
  },
};

function parsed(args: readonly string[]): { readonly file: string; readonly json: boolean } {
  const help = { help: "see isoflop graph --help" };
  return readArguments("graph", () => {
    const { values, positionals } = parseArgs({ args: [...args], options: { json: { type: "boolean", default: false } }, allowPositionals: true });
    if (positionals.length !== 1) throw new UsageError(`isoflop graph takes one file, not ${positionals.length}`, help);
    return { file: positionals[0], json: values.json };
  });
}

async function read(file: string): Promise<Uint8Array> {
  try {
    await using handle = await open(file, "r");
    const stat = await handle.stat();
    if (!stat.isFile()) throw new FormatError("not a file", { where: file, help: "give an .onnx file" });
    if (stat.size > MAX_FILE_BYTES)
      throw new FormatError(`a file of ${bytesText(stat.size)}`, { where: file, help: "an .onnx file is smaller than 2 GiB; large weights lie in files beside it" });
    return await handle.readFile();
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(`the file cannot be read (${error instanceof Error ? error.message : String(error)})`, { where: file, help: "give the path of an .onnx file", cause: error });
  }
}

/** FLOPs of what one node of the file is made of here. */
function flopsBetween(outputs: readonly Tensor[], inputs: readonly Tensor[]): number {
  const seen = new Set(inputs);
  const waiting = [...outputs];
  let flops = 0;
  for (let tensor = waiting.pop(); tensor !== undefined; tensor = waiting.pop()) {
    if (seen.has(tensor)) continue;
    seen.add(tensor);
    flops += costOfNode(tensor).flops;
    waiting.push(...operands(tensor));
  }
  return flops;
}

interface Row {
  nodes: number;
  parameters: number;
  flops: number;
}

function table(model: ModelGraph): string {
  const rows = new Map<string, Row>();
  for (const node of model.nodes)
    for (const key of prefixes(node)) {
      const row = rows.get(key) ?? { nodes: 0, parameters: 0, flops: 0 };
      rows.set(key, row);
      row.nodes++;
      row.parameters += node.parameters;
      row.flops += node.flops ?? 0;
    }
  // Deep levels are left out first, so that every module of the shown levels stands there.
  const depthOf = (key: string): number => key.split(".").length;
  const depths = [1, 2, 3, 4].filter((depth) => [...rows.keys()].filter((key) => depthOf(key) <= depth).length <= MAX_ROWS);
  const shown = [...rows].filter(([key]) => depthOf(key) <= (depths.at(-1) ?? 1)).slice(0, MAX_ROWS);
  const width = Math.max(6, ...shown.map(([key]) => printable(key).length));
  const line = (name: string, cells: readonly string[]): string => `${name.padEnd(width)}${cells.map((cell) => cell.padStart(12)).join("")}\n`;
  const flops = model.flops === null ? "not known" : `${flopsText(model.flops)}${model.unknownFlops > 0 ? ` (${model.unknownFlops} nodes not known)` : ""}`;
  return [
    `${model.nodes.length} nodes, ${countText(model.parameters)} parameters (${bytesText(model.parameterBytes)}), ${flops}\n\n`,
    line("module", ["nodes", "parameters", "FLOPs"]),
    ...shown.map(([key, row]) => line(printable(key), [`${row.nodes}`, countText(row.parameters), flopsText(row.flops)])),
    ...model.notes.map((note) => `\n${printable(note)}`),
    model.notes.length > 0 ? "\n" : "",
  ].join("");
}

const prefixes = ({ path }: GraphNode): readonly string[] => (path.length === 0 ? ["(no module)"] : path.map((_, i) => path.slice(0, i + 1).join(".")));

/** Names come from the file: control characters must not reach the terminal. */
const printable = (text: string): string => text.replace(/\p{Cc}/gu, "�");
