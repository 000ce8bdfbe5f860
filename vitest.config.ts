import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Tests that drive a browser: one after another, after the others, as each keeps both cores of a small machine busy. */
const IN_BROWSER = ["test/webviews/**/*.test.ts", "test/vscode/**/*.test.ts"];
/** What computes tensors, apart from the tests that name their executor: it holds on onnxruntime-node's own binding, too. */
const NUMERIC = [...["autodiff", "graph", "nn", "numerics", "onnx", "optim", "random"].map((folder) => `test/${folder}/**/*.test.ts`), "test/contract/{composites,dtypes,ops}.test.ts", "test/runtime/compile.test.ts"];

/** Runs every method's notebook, one after another: begun last, it would keep one core for many minutes while the other has nothing to do. */
const LONGEST = "test/contract/methods.test.ts";
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return [...sorted.filter(({ moduleId }) => moduleId.endsWith(LONGEST)), ...sorted.filter(({ moduleId }) => !moduleId.endsWith(LONGEST))];
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    // Tests that load onnxruntime themselves report nothing either.
    env: { ORT_DISABLE_TELEMETRY: "1" },
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: IN_BROWSER,
          // Two cores: onnxruntime uses both, so more test processes only wait for each other.
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "stock",
          include: NUMERIC,
          env: { ISOFLOP_EXECUTOR: "stock" },
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "browser",
          include: ["test/webviews/**/*.test.ts"],
          // Busy machines take their time: what is awaited comes late, not never.
          testTimeout: 180_000,
          expect: { poll: { timeout: 20_000 } },
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: "vscode",
          include: ["test/vscode/**/*.test.ts"],
          globalSetup: "test/vscode/globalSetup.ts",
          testTimeout: 900_000,
          hookTimeout: 600_000,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
