import { it } from "vitest";
import { writeFileSync } from "node:fs";
import "../../../kernel/runtime/realize";
import { backendTests } from "./backendTests";
import { runBackendTest } from "./runBackendTest";
it("x", async () => {
  const { tests } = backendTests();
  const out: Record<string, unknown[]> = { passed: [], failed: [], "not claimed": [] };
  for (const t of tests) { const v = await runBackendTest(t); out[v.kind].push([t.name, "reason" in v ? v.reason.slice(0, 700) : ""]); }
  writeFileSync("/tmp/backend.json", JSON.stringify(out, null, 1));
  console.log(Object.entries(out).map(([k, v]) => `${k} ${v.length}`).join(", "));
}, 600000);
