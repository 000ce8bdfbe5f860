/** @file Fused programs compiled at run time: the text that is compiled for a GPU is compiled for the host here, and run; and compiled for a GPU where nvcc is. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import fc from "fast-check";
import koffi from "koffi";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import "../../../kernel/graph/methods";
import "../../../kernel/runtime/realize";
import { softmax } from "../../../kernel/graph/composites/activations";
import { exp, isNaN, less, maximum, mul, square, sub, tanh, where } from "../../../kernel/graph/ops/elementwise";
import { max, min, sum } from "../../../kernel/graph/ops/reduction";
import { fromHost, realize, type Tensor } from "../../../kernel/graph/tensor";
import { OPCODES } from "../../../kernel/onnx/fusedProgram";
import { deviceExecutor } from "../../../kernel/runtime/native/device/deviceExecutor";
import { providerPath } from "../../../kernel/runtime/native/device/deviceLibrary";
import { nativeExecutor } from "../../../kernel/runtime/native/native";
import { OperatorLibrary } from "../../../kernel/runtime/native/operatorLibrary";
import { OrtApi } from "../../../kernel/runtime/native/ortApi";
import { executor, lowered, modelOf, setExecutor } from "../../../kernel/runtime/session";
import { randomGraphs, resultsOf, wave } from "../../graph/randomGraphs";

/** Each program is compiled by g++. */
const TIMEOUT_MS = 600_000;

const root = new URL("../../..", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "isoflop-fused-"));
process.env.ISOFLOP_FUSED = "compiled";
process.env.ISOFLOP_KERNELS = join(folder, "kept");
const before = await executor();
const [cpu, device] = [nativeExecutor(), deviceExecutor("simulated")];
afterAll(() => {
  setExecutor(before);
  rmSync(folder, { recursive: true });
});
beforeEach(() => setExecutor(device));

const path = providerPath("simulated") ?? "";
const library = koffi.load(path);
const sourceOf = library.func("str IsoflopFusedSource(str program, int language)");
const CUDA = 0;

/** The programs of what `build` gives. */
function programsOf(build: () => readonly Tensor[]): string[] {
  const graph = lowered(build(), { inputs: [], kernels: device, fold: false });
  return modelOf(graph, device).graph.nodes.flatMap(({ opType, attributes: { program } }) => (opType === "Fused" && program.type === "string" ? [program.value] : []));
}

async function expectAsOnCpu(build: () => readonly Tensor[], tolerance = 1e-5): Promise<void> {
  const results: Float64Array[][] = [];
  for (const engine of [device, cpu]) {
    setExecutor(engine);
    const outputs = build();
    await realize(outputs);
    results.push(await Promise.all(outputs.map((output) => output.numbers())));
  }
  const [got, want] = results;
  want.forEach((values, i) => {
    const size = values.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 1);
    const wrong = values.findIndex((value, k) => !(Object.is(got[i][k], value) || Math.abs(got[i][k] - value) <= tolerance * size));
    expect(wrong, wrong < 0 ? "" : `element ${wrong} of result ${i} is ${got[i][wrong]} instead of ${values[wrong]}`).toBe(-1);
  });
}

/** Rows for one thread, for a warp, for a block; operands of each extent; two levels of reductions; flags; results of rows. */
const WIDTHS = [3, 70, 1030] as const;
const rows = (width: number): Tensor[] => {
  const [x, row, column, inner] = [wave([2, 5, width], 1), wave([width], 2), wave([2, 5, 1], 3), wave([5, width], 4)];
  const weights = softmax(mul(x, row).add(column));
  const centred = sub(weights, sum(mul(weights, inner), -1, { keep: true }));
  return [where(less(centred, 0), square(centred), exp(centred)), max(x, -1, { keep: true }), sum(centred, -1, { keep: true }), min(mul(x, column), -1)];
};
const pointwise = (): Tensor[] => [tanh(wave([7, 9], 1)).mul(wave([7, 1], 2)).add(wave([9], 3)), where(less(wave([7, 9], 4), 0), wave([7, 9], 5), 0.5)];

describe("programs compiled at run time", () => {
  test("give the CPU's numbers on random graphs with operands that are repeated along any axes", async () => {
    await fc.assert(fc.asyncProperty(randomGraphs, (graph) => expectAsOnCpu(() => resultsOf(graph), 2e-5)), { numRuns: 15 });
  }, TIMEOUT_MS);

  test("reduce rows of every length", async () => {
    for (const width of WIDTHS) await expectAsOnCpu(() => rows(width));
    await expectAsOnCpu(pointwise);
  }, TIMEOUT_MS);

  test("keep NaN and infinity what they are", async () => {
    await expectAsOnCpu(() => {
      const x = fromHost({ dtype: "float32", shape: [2, 6], data: Float32Array.of(NaN, Infinity, -Infinity, 0, -0, 1e-42, 100, -100, 88.8, -103, 3e38, -3e38) });
      return [exp(x).add(0), tanh(x).add(x), maximum(x, 0).mul(2), softmax(x), max(x, -1), where(isNaN(x), 1, x)];
    });
  }, TIMEOUT_MS);

  test("are kept for other processes, which then need no compiler; what is damaged is not used", async () => {
    const kept = join(folder, "of children");
    const script = join(mkdtempSync(join(root, "dist/fused-")), "child.mjs");
    await build({ entryPoints: [join(root, "test/runtime/device/fusedChild.ts")], outfile: script, bundle: true, platform: "node", format: "esm", packages: "external", logLevel: "error" });
    const child = (env: NodeJS.ProcessEnv = {}): string => spawnSync(process.execPath, ["--no-warnings", script], { env: { ...process.env, ISOFLOP_SIMULATED: path, ISOFLOP_OPERATORS: OperatorLibrary.get(OrtApi.get())?.path, ISOFLOP_KERNELS: kept, ...env }, encoding: "utf8" }).stdout;
    try {
      expect(child({ CXX: "no-such-compiler" })).toContain("Fused on IsoflopSimulated: no-such-compiler does not start");
      expect(child()).toBe("0,3");
      expect(readdirSync(kept)).toHaveLength(1);
      expect(child({ CXX: "no-such-compiler" })).toContain("does not start"); // what another compiler made is not taken
      for (const name of readdirSync(kept)) writeFileSync(join(kept, name), "damaged");
      expect(child()).toBe("0,3");
    } finally {
      rmSync(dirname(script), { recursive: true });
    }
  }, TIMEOUT_MS);

  test("are refused where they read what was never computed, or leave a result out", () => {
    // Format, columns, outer axes, operands, constants, registers (full, row, scalar), results, instructions.
    const add = OPCODES.indexOf("Add");
    const programOf = (registers: number, instructions: readonly (readonly number[])[]): string => [1, 4, 1, 1, 1, 1, 4, 1, 0, registers, 0, 0, 1, 1, 1, 4, instructions.length, ...instructions.flat()].join(" ");
    expect(sourceOf(programOf(1, [[add, 2, 0, 1, 0]]), CUDA)).toMatch(/^#error the program reads a value before it computes it/);
    expect(sourceOf(programOf(1, [[add, 1, 0, 0, 0]]), CUDA)).toMatch(/^#error result 0 is never computed/);
    expect(sourceOf(programOf(1, [[add, 1, 0, 0, 0], [add, 2, 1, 0, 0]]), CUDA)).toMatch(/^#define ADDRESSES 2\n/);
  });
});

/** A collected library is unmapped under its functions. */
const held: unknown[] = [];

/** Compiles a source for Ampere; gives what is wrong with it. Undefined where there is no NVRTC. */
function loadNvrtc(): ((source: string) => string) | undefined {
  for (const name of ["libnvrtc.so.13", "libnvrtc.so.12"]) {
    try {
      const found = koffi.load(name);
      held.push(found);
      const create = found.func("int nvrtcCreateProgram(_Out_ void **program, str source, str name, int headers, void *texts, void *names)");
      const run = found.func("int nvrtcCompileProgram(void *program, int count, str *options)");
      const logSize = found.func("int nvrtcGetProgramLogSize(void *program, _Out_ size_t *size)");
      const log = found.func("int nvrtcGetProgramLog(void *program, _Out_ uint8_t *log)");
      return (source) => {
        const program: [unknown] = [null];
        expect(create(program, source, "fused.cu", 0, null, null)).toBe(0);
        if (run(program[0], 3, ["--gpu-architecture=sm_80", "--std=c++17", "--no-source-include"]) === 0) return "";
        const size: [number] = [0];
        logSize(program[0], size);
        const text = new Uint8Array(size[0]);
        log(program[0], text);
        return new TextDecoder().decode(text);
      };
    } catch {
      continue; // the other version may be there
    }
  }
  return undefined;
}

describe("for CUDA", () => {
  const nvcc = spawnSync("nvcc", ["--version"]).status === 0;
  const skipped = nvcc ? "" : " (skipped: there is no nvcc here)";
  if (!nvcc) console.info(`generated CUDA sources are not compiled${skipped}`); // the summary of a run leaves out names of skipped tests

  const nvrtc = loadNvrtc();
  const without = nvrtc === undefined ? " (skipped: NVRTC does not load here)" : "";
  if (nvrtc === undefined) console.info(`generated CUDA sources are not compiled by NVRTC${without}`);

  test.skipIf(nvrtc === undefined)(`the same programs compile with NVRTC, as the provider calls it${without}`, () => {
    for (const program of [pointwise, ...WIDTHS.map((width) => () => rows(width))].flatMap(programsOf)) expect(nvrtc?.(String(sourceOf(program, CUDA)))).toBe("");
    expect(nvrtc?.("KERNEL {")).toMatch(/error/);
  }, TIMEOUT_MS);

  test.skipIf(!nvcc)(`the same programs compile with nvcc, to code for Ampere${skipped}`, () => {
    const programs = [pointwise, ...WIDTHS.map((width) => () => rows(width))].flatMap(programsOf);
    expect(programs.length).toBeGreaterThanOrEqual(WIDTHS.length + 1);
    programs.forEach((program, i) => {
      const source = join(folder, `program${i}.cu`);
      writeFileSync(source, String(sourceOf(program, CUDA)));
      const { status, stderr } = spawnSync("nvcc", ["-std=c++17", "-arch=sm_80", "--cubin", "-Werror", "all-warnings", "-o", `${source}.cubin`, source], { encoding: "utf8" });
      expect(status, stderr).toBe(0);
    });
  }, TIMEOUT_MS);
});
