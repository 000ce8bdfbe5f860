/** @file The packaged extension in a clean VS Code. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, inject, it } from "vitest";
import { REPOSITORY } from "./server";
import { inVsCode } from "./suite";

/** The marketplace's limit is far above; a package that doubles has taken in something by mistake. */
const LIMIT_BYTES = 60e6;

interface Manifest {
  readonly version: string;
  readonly contributes: { readonly commands: readonly { readonly command: string }[]; readonly views: { readonly isoflop: readonly { readonly id: string; readonly name: string }[] } };
}
const manifest: Manifest = JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8"));

inVsCode("the package", {}, (suite) => {
  it("installs in a clean VS Code and starts without an error", async () => {
    const window = await suite.open();
    const state = await window.host.run(async (vs) => {
      const extension = vs.extensions.getExtension("isoflop.isoflop");
      await extension?.activate();
      return { active: extension?.isActive, version: extension?.packageJSON.version };
    });
    expect(state).toEqual({ active: true, version: manifest.version });
    expect(await window.page.locator(".notification-toast", { hasText: "IsoFLOP" }).count()).toBe(0);
  });

  it("registers every command that its manifest names", async () => {
    const window = await suite.open();
    const present = await window.host.run(async (vs) => {
      await vs.extensions.getExtension("isoflop.isoflop")?.activate();
      return vs.commands.getCommands(true);
    });
    const missing = manifest.contributes.commands.map(({ command }) => command).filter((command) => !present.includes(command));
    expect(missing).toEqual([]);
  });

  it("names the licence of everything it holds, and stays small", async () => {
    const window = await suite.open();
    const folder = await window.host.run((vs) => vs.extensions.getExtension("isoflop.isoflop")?.extensionPath ?? "");
    const notices = readFileSync(join(folder, "THIRD-PARTY-NOTICES.txt"), "utf8");
    const named = [...notices.matchAll(/^(\S+) \d+\.\S+ \(/gm)].map(([, name]) => name);
    expect(named).toEqual(expect.arrayContaining(["onnxruntime-node", "typescript", "koffi", "zeromq", "@bufbuild/protobuf", "plotly.js", "three"]));
    expect(statSync(inject("vsix")).size).toBeLessThan(LIMIT_BYTES);
  });
});
