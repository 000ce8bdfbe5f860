import { expect, it } from "vitest";
import { ScriptRegistry } from "../../kernel/session/scriptRegistry";

it("scripts of cells run long ago are forgotten, those of files and of new cells are not", () => {
  const registry = new ScriptRegistry();
  const add = (label: string, isCell: boolean): string => registry.add({ label, isCell, source: "x".repeat(10_000), trace: (position) => position });
  const file = add("/lib.ts", false);
  const names = Array.from({ length: 200 }, (_, i) => add(`cell ${i}`, true));
  expect(registry.translate(`at ${file}:1:2, ${names[199]}:3:4, ${names[0]}:5:6, isoflop:script/9999:1:1`)).toBe("at /lib.ts:1:2, cell 199, line 3:4, a cell run long ago, isoflop:script/9999:1:1");
});
