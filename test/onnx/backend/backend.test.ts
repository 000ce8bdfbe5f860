/** @file The ONNX backend node tests: every operator of the standard, each with operands and expected results. */
import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { importedOperators } from "../../../kernel/onnx/import/operators";
import "../../../kernel/runtime/realize";
import { backendTests } from "./backendTests";
import { runBackendTests } from "./runBackendTests";

/** Tests that import refuses, by what it says: this list changes only together with what is claimed. UPDATE=1 writes it anew. */
const NOT_CLAIMED = new URL("notClaimed.json", import.meta.url);

describe("the ONNX backend node tests", () => {
  it("all pass that are claimed", { timeout: 300_000 }, async () => {
    const { source, tests } = backendTests();
    const verdicts = await runBackendTests(tests);
    const failed: string[] = [];
    const refused: Record<string, string[]> = {};
    for (const [name, verdict] of verdicts) {
      if (verdict.kind === "failed") failed.push(`${name}: ${verdict.reason}`);
      if (verdict.kind === "not claimed") (refused[verdict.reason.split("\n")[0]] ??= []).push(name);
    }
    const count = Object.values(refused).flat().length;
    console.log(
      `ONNX backend node tests (${source}): ${tests.length - failed.length - count} passed, ${failed.length} failed, ${count} not claimed; ${importedOperators().length} operators`,
    );
    if (process.env["UPDATE"] === "1") writeFileSync(NOT_CLAIMED, `${JSON.stringify(refused, null, 1)}\n`);
    expect(failed).toEqual([]);
    expect(refused).toEqual(JSON.parse(readFileSync(NOT_CLAIMED, "utf8")));
  });
});
