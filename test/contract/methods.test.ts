/** @file What every method keeps: it is pure, learns, keeps dtypes, resumes exactly, costs what was predicted, and its notebook and result are current. */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readClaim } from "../../kernel/commands/claimNotebook";
import { staleness } from "../../kernel/commands/claims";
import { loadTree, methods, readResult, saveTree, tree } from "../../kernel/index";
import { flopsSoFar } from "../../kernel/runtime/work";
import { buildWholeCli, type WholeCli } from "../tools/wholeCli";
import { METHOD_CASES } from "./methodCases";

const ROOT = resolve(import.meta.dirname, "../..");
const NOTEBOOKS = join(ROOT, "notebooks");
const scratch = mkdtempSync(join(tmpdir(), "isoflop-methods-"));
let cli: WholeCli;

beforeAll(async () => {
  cli = await buildWholeCli();
}, 300_000);
afterAll(() => {
  cli.remove();
  rmSync(scratch, { recursive: true });
});

const numbersOf = async (value: unknown): Promise<readonly (readonly [string, readonly number[]])[]> => Promise.all(tree.leaves(value).map(async ([path, leaf]) => [path, [...(await leaf.numbers())]] as const));
const kindsOf = (value: unknown): readonly string[] => tree.leaves(value).map(([path, { dtype, shape }]) => `${path} ${dtype} ${shape.join("×")}`);

describe.each(methods.cards.map((card) => [card.slug, card] as const))("%s", (slug, card) => {
  const method = METHOD_CASES[slug];
  const fresh = async () => method.apply(method.given());
  /** `count` steps from step `first` on. */
  const train = async (state: unknown, { first, count }: { readonly first: number; readonly count: number }) => {
    const { step, batch } = await fresh();
    const losses: number[] = [];
    let now = state;
    for (let i = first; i < first + count; i++) {
      const out = await step(now, batch(i));
      now = out.state;
      losses.push(await out.loss.item());
    }
    return { state: now, losses };
  };

  it("has a case here, and a card that says what the paper claims", () => {
    expect(method, `add ${slug} to test/contract/methodCases.ts`).toBeDefined();
    expect(card.claim.length).toBeGreaterThan(20);
    expect(card.figure.where).not.toBe("");
  });

  it("is pure: what it is given stays as it was, and twice gives the same", async () => {
    const given = method.given();
    const before = await numbersOf(given);
    const first = await method.apply(given);
    const second = await method.apply(given);
    expect(await numbersOf(second.state)).toEqual(await numbersOf(first.state));
    expect(await numbersOf(given)).toEqual(before);
  });

  it("learns", async () => {
    const { losses } = await train((await fresh()).state, { first: 0, count: method.steps ?? 30 });
    expect(losses[losses.length - 1]).toBeLessThan(0.9 * losses[0]);
  });

  it("keeps paths, dtypes and shapes of its state", async () => {
    const { state } = await fresh();
    const before = kindsOf(state);
    expect(kindsOf((await train(state, { first: 0, count: 1 })).state)).toEqual(before);
  });

  it("resumes exactly from a file", async () => {
    const whole = await train((await fresh()).state, { first: 0, count: 6 });
    const half = await train((await fresh()).state, { first: 0, count: 3 });
    const path = join(scratch, `${slug}.safetensors`);
    await saveTree(path, half.state);
    const rest = await train((await loadTree(path, (await fresh()).state)).tree, { first: 3, count: 3 });
    expect([...half.losses, ...rest.losses]).toEqual(whole.losses);
    expect(await numbersOf(rest.state)).toEqual(await numbersOf(whole.state));
  });

  it("costs what was predicted", async () => {
    const { state, step, batch } = await fresh();
    const { flops } = step.cost(state, batch(0));
    await step.prepare(state, batch(0));
    const before = flopsSoFar();
    await step(state, batch(0));
    expect(flopsSoFar() - before).toBe(flops);
  });

  it("has a result that is current", () => {
    const path = join(NOTEBOOKS, "results", `${slug}.json`);
    const record = existsSync(path) ? readResult(path) : undefined;
    expect(staleness(readClaim(slug, { folder: NOTEBOOKS }), record)).toEqual([]);
    expect(record?.seeds.length).toBeGreaterThanOrEqual(5);
  });

  it("has a notebook that runs without an editor with its small setting", async () => {
    const notebook: { metadata: { isoflop?: { small?: Record<string, unknown> } } } = JSON.parse(readFileSync(join(NOTEBOOKS, `${slug}.ipynb`), "utf8"));
    const small = notebook.metadata.isoflop?.small;
    expect(small, 'say in the notebook\'s metadata what is small: "isoflop": { "small": { "seeds": 1 } }').toBeDefined();
    const set = Object.entries(small ?? {}).flatMap(([name, value]) => ["--set", `${name}=${JSON.stringify(value)}`]);
    const env = { ...process.env, ISOFLOP_RESULTS: join(scratch, "results"), ISOFLOP_RUNS: join(scratch, "store", "runs") };
    await promisify(execFile)(process.execPath, [cli.bin, "run", join(NOTEBOOKS, `${slug}.ipynb`), ...set], { env, maxBuffer: 2 ** 26 });
    const record = readResult(join(scratch, "results", `${slug}.json`));
    for (const { seeds } of record.arms) for (const { spent, executedFlops } of seeds) expect(executedFlops).toBeGreaterThanOrEqual(spent.flops);
  }, 600_000);
});
