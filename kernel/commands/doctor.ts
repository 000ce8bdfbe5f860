/** @file `isoflop doctor`: checks one by one what IsoFLOP needs and can use on this machine, and says what to do where something is missing. */
import { parseArgs } from "node:util";
import { EXIT_FAILED, EXIT_OK, readArguments, type Command } from "./command";
import { type Check, examine } from "./doctorChecks";

const HELP = `usage: isoflop doctor [--json]

Checks Node.js, onnxruntime, the executor, the processor, memory, WebGPU and what CUDA needs, one by one.
Exit code: 0 when notebooks can run here, 1 when something that they need is missing.

  --json   as JSON: name, state (ok, absent, problem), detail, help
`;

export const doctor: Command = {
  help: HELP,
  run: async (args) => {
    const json = wantsJson(args);
    const found: Check[] = [];
    for (const check of examine()) {
      const result = await check;
      found.push(result);
      if (!json) process.stdout.write(describe(result));
    }
    if (json) process.stdout.write(`${JSON.stringify(found, undefined, 2)}\n`);
    const problems = found.filter(({ state }) => state === "problem").length;
    if (!json) process.stdout.write(problems === 0 ? "\nnotebooks can run here\n" : `\n${problems} ${problems === 1 ? "problem" : "problems"}: see the lines marked "problem"\n`);
    return problems === 0 ? EXIT_OK : EXIT_FAILED;
  },
};

function describe({ name, state, detail, help }: Check): string {
  const [first, ...more] = detail.split("\n");
  const indent = " ".repeat(26);
  return `${state.padEnd(9)}${name.padEnd(17)}${first}\n${more.map((line) => `${indent}${line.trim()}\n`).join("")}${help === undefined ? "" : `${indent}help: ${help}\n`}`;
}

function wantsJson(args: readonly string[]): boolean {
  return readArguments("doctor", () => parseArgs({ args: [...args], options: { json: { type: "boolean", default: false } } }).values.json);
}
