/** @file `isoflop bench`: speed on this machine, as ratios against peers in the same run. */
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { GPT2, GPU_WORKLOAD, isWorkload, WORKLOADS, type WorkloadName } from "../bench/workloads";
import { atomicWrite } from "../io/atomicWrite";
import { type Command, EXIT_OK, UsageError } from "./command";

const LANGUAGE = "language";
const OPERATORS = "ops";

const HELP = `usage: isoflop bench [workload…] [options]
       isoflop bench language
       isoflop bench --device cuda [options]
       isoflop bench ops

Times whole training steps (forward, backward, AdamW) against torch and JavaScript peers where they are installed,
in alternating turns, and prints medians and ratios. Workloads: ${Object.keys(WORKLOADS).join(", ")} (default all).
\`language\` times completion, hover and errors on a notebook of 100 cells, and nothing else.
With --device cuda: GPT-2 124M at context 1024, products in bfloat16, beside torch.compile on the same GPU.
\`ops\` times each of our own operators against the same function in primitives on the executor in use,
and AdamW against the bandwidth of memory.

  --rounds N   turns of each arm (default 7)
  --steps N    steps a turn (default 6)
  --no-micro   leave out run overhead, compile time, start time and the times of a kernel and of completion
  --json FILE  also write the report as JSON
`;

const positive = (text: string, option: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new UsageError(`--${option} ${text} is no positive whole number`, { help: `as in --${option} 5` });
  return value;
};

/** The names given, checked; all workloads when none is. */
function workloadsOf(names: readonly string[]): WorkloadName[] {
  const chosen = names.length === 0 ? Object.keys(WORKLOADS) : names;
  return chosen.map((name) => {
    if (!isWorkload(name)) throw new UsageError(`no workload is called ${JSON.stringify(name)}`, { help: `there are ${Object.keys(WORKLOADS).join(", ")}` });
    return name;
  });
}

export const bench: Command = {
  help: HELP,
  run: async (args) => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { rounds: { type: "string", default: "7" }, steps: { type: "string", default: "6" }, "no-micro": { type: "boolean", default: false }, json: { type: "string" }, arm: { type: "string" }, device: { type: "string", default: "cpu" } },
    });
    if (values.arm !== undefined) {
      await (await import("../bench/ownArm")).serve(values.arm === GPU_WORKLOAD ? GPT2 : WORKLOADS[workloadsOf([values.arm])[0]]);
      return EXIT_OK;
    }
    if (positionals.length === 1 && positionals[0] === LANGUAGE) {
      const { languageTimes, printLanguage } = await import("../bench/languageTimes");
      const language = languageTimes();
      printLanguage(language);
      if (values.json !== undefined) await atomicWrite(values.json, `${JSON.stringify({ commit: commit(), language }, undefined, 2)}\n`);
      return EXIT_OK;
    }
    if (values.device !== "cpu") {
      if (values.device !== "cuda") throw new UsageError(`there is no benchmark for --device ${values.device}`, { help: "as in --device cuda" });
      const report = await (await import("../bench/gpuBench")).gpuBench({ rounds: positive(values.rounds, "rounds"), steps: positive(values.steps, "steps"), commit: commit() });
      if (values.json !== undefined) await atomicWrite(values.json, `${JSON.stringify(report, undefined, 2)}\n`);
      return EXIT_OK;
    }
    if (positionals.length === 1 && positionals[0] === OPERATORS) {
      const { adamwBandwidth, operatorTimes, showBandwidth, showOperatorTime } = await import("../bench/operatorTimes");
      const operators = await operatorTimes((time) => process.stdout.write(`${showOperatorTime(time)}\n`));
      const bandwidth = await adamwBandwidth();
      process.stdout.write(`${showBandwidth(bandwidth)}\n`);
      if (values.json !== undefined) await atomicWrite(values.json, `${JSON.stringify({ commit: commit(), operators, bandwidth }, undefined, 2)}\n`);
      return EXIT_OK;
    }
    const options = { workloads: workloadsOf(positionals), rounds: positive(values.rounds, "rounds"), steps: positive(values.steps, "steps"), micro: !values["no-micro"], commit: commit() };
    const report = await (await import("../bench/bench")).bench(options);
    if (values.json !== undefined) await atomicWrite(values.json, `${JSON.stringify(report, undefined, 2)}\n`);
    return EXIT_OK;
  },
};

/** Of the checkout this runs from; "unknown" outside of one. */
function commit(): string {
  const { status, stdout } = spawnSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : "unknown";
}
