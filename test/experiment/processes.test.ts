/** @file Experiments of notebooks in worker processes: what is run again, what is not, and what a kill leaves. */
import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { readResult } from "../../kernel/experiment/resultFile";
import { buildWholeCli, type WholeCli } from "../tools/wholeCli";

let cli: WholeCli;
let folder: string;
const folders: string[] = [];
beforeAll(async () => {
  cli = await buildWholeCli();
}, 300_000);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "isoflop-workers-"));
  folders.push(folder);
});
afterAll(() => {
  cli.remove();
  for (const path of folders) rmSync(path, { recursive: true, force: true });
});

const log = (): string => join(folder, "log");
const logged = (): string[] => (existsSync(log()) ? readFileSync(log(), "utf8").trim().split("\n") : []);

/** A notebook whose arms write who they are into the log before they do what `body` says. */
function notebook(body: string): void {
  const cells = [
    `import { experiment } from "isoflop"; import { appendFileSync, existsSync, writeFileSync } from "node:fs";`,
    `const note = (text: string) => appendFileSync(${JSON.stringify(log())}, text + "\\n");`,
    `note("a cell that no arm needs");`,
    `const offset = 10; note("a cell that arms need");`,
    `const arm = (gain: number) => async ({ seed }: { seed: number }) => { note(\`arm \${gain} seed \${seed} in \${process.pid}\`); ${body}; return { loss: offset + seed - gain }; };`,
    `const result = await experiment({ slug: "workers", seeds: 3, processes: 2, metrics: { loss: {} }, accept: { better: (o) => o.difference("two", "one").atMost(-0.5) },
       arms: { one: { role: "baseline", run: arm(0) }, two: { role: "method", run: arm(1) } } });
     console.log(process.pid, result.record.verdict);`,
  ];
  writeFileSync(join(folder, "n.ipynb"), JSON.stringify({ cells: cells.map((source) => ({ cell_type: "code", metadata: {}, execution_count: null, outputs: [], source })), metadata: {}, nbformat: 4, nbformat_minor: 5 }));
}

interface Ended {
  readonly code: number | null;
  readonly text: string;
}

function start(): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const child = spawn(process.execPath, [cli.bin, "run", join(folder, "n.ipynb")], { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ISOFLOP_RESULTS: undefined, ISOFLOP_RUNS: undefined } });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => (text += part));
  child.stderr.setEncoding("utf8").on("data", (part: string) => (text += part));
  return { child, ended: new Promise((resolve) => child.once("close", (code) => resolve({ code, text }))) };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 50));
}

it("runs arms and seeds in processes of their own, which run only the cells that lead there", async () => {
  notebook("");
  const { code, text } = await start().ended;
  expect(text).toContain("held");
  expect(code).toBe(0);
  const arms = logged().filter((line) => line.startsWith("arm"));
  expect(arms.map((line) => line.replace(/ in .*/, "")).sort()).toEqual([0, 1].flatMap((gain) => [0, 1, 2].map((seed) => `arm ${gain} seed ${seed}`)));
  expect(logged().filter((line) => line === "a cell that no arm needs")).toHaveLength(1);
  expect(logged().filter((line) => line === "a cell that arms need").length).toBeGreaterThan(1);
  expect(readResult(join(folder, "results", "workers.json"))).toMatchObject({ verdict: "held", seeds: [0, 1, 2], measured: { value: 10 } });
}, 300_000);

it("gives the task of a process that died to another one", async () => {
  const marker = JSON.stringify(join(tmpdir(), `isoflop-died-${process.pid}`));
  notebook(`if (gain === 1 && seed === 1 && !existsSync(${marker})) { writeFileSync(${marker}, ""); process.kill(process.pid, "SIGKILL"); await new Promise(() => undefined); }`);
  const { code, text } = await start().ended;
  rmSync(JSON.parse(marker), { force: true });
  expect(text).toContain("held");
  expect(code).toBe(0);
  expect(logged().filter((line) => line.startsWith("arm 1 seed 1"))).toHaveLength(2);
}, 300_000);

it("goes on after a kill where it was, and leaves no process behind", async () => {
  const gate = join(folder, "gate");
  notebook(`while (seed === 2 && !existsSync(${JSON.stringify(gate)})) await new Promise((resolve) => setTimeout(resolve, 20))`);
  const { child, ended } = start();
  await until(() => logged().filter((line) => line.includes("seed 2")).length === 2);
  child.kill("SIGKILL");
  await ended;
  const workers = logged().flatMap((line) => /in (\d+)/.exec(line)?.[1] ?? []);
  await until(() => workers.every((pid) => !alive(Number(pid))));
  appendFileSync(gate, "");
  const { code } = await start().ended;
  expect(code).toBe(0);
  const runs = (seed: number): number => logged().filter((line) => line.includes(`seed ${seed}`)).length;
  expect([runs(0), runs(1), runs(2)]).toEqual([2, 2, 4]);
}, 300_000);

it("says which arm failed, and why", async () => {
  notebook(`if (gain === 1) throw new Error("no gain today")`);
  const { code, text } = await start().ended;
  expect(code).toBe(1);
  expect(text).toMatch(/workers\/experiment: .*failed: two\.\d: no gain today/);
}, 300_000);

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
