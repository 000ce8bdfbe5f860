import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { ScriptRegistry } from "../../kernel/session/scriptRegistry";
import { Session } from "../../kernel/session/session";

it("scripts of cells run long ago are forgotten, those of files and of new cells are not", () => {
  const registry = new ScriptRegistry();
  const add = (label: string, isCell: boolean): string => registry.add({ label, isCell, source: "x".repeat(30_000), trace: (position) => position }).filename;
  const file = add("/lib.ts", false);
  const names = Array.from({ length: 200 }, (_, i) => add(`cell ${i}`, true));
  expect(registry.translate(`at ${file}:1:2, ${names[199]}:3:4, ${names[0]}:5:6, isoflop:script/9999:1:1`)).toBe("at /lib.ts:1:2, cell 199, line 3:4, a cell run long ago, isoflop:script/9999:1:1");
});

it("a cell is known as long as a function of it is left; of others the newest are", async () => {
  const written: string[] = [];
  const session = new Session({ cwd: import.meta.dirname, emit: (message) => void (message.msg_type === "stream" && written.push(message.content.text)) });
  await session.execute("const fail = () => {\n  throw new Error('late');\n};");
  await session.execute("const kept = new Error('old').stack;");
  await session.execute("console.log(kept)");
  for (let i = 0; i < 110; i++) await session.execute(`const value = ${i}`);
  setFlagsFromString("--expose_gc");
  const collect: () => void = runInNewContext("gc");
  for (let i = 0; i < 5; i++) {
    collect();
    await new Promise((done) => setTimeout(done, 10));
  }
  await session.execute("console.log(kept)");
  expect((await session.execute("fail()")).error?.traceback.join("\n")).toContain("cell 1, line 2:9");
  session.dispose();
  expect(written.map((text) => /cell 2, line 1|a cell run long ago/.exec(text)?.[0])).toEqual(["cell 2, line 1", "a cell run long ago"]);
});
