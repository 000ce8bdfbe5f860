/** @file A suite of tests in one VS Code: server and browser are shared, each test gets a window; what a failing test saw is kept. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, inject } from "vitest";
import { KERNELSPEC, LANGUAGE_INFO } from "../../extension/controller/notebookFormat";
import { REPOSITORY, type Server, type ServerOptions, startServer } from "./server";
import { launchBrowser, Workbench } from "./workbench";

/** Pictures and logs of these tests. */
export const PICTURES = join(REPOSITORY, "out/vscode");

export interface Suite {
  readonly server: Server;
  /** A new window; it is closed after the test. */
  open(): Promise<Workbench>;
  /** Writes a notebook of code cells into the workspace and opens it in a new window. */
  openCells(name: string, cells: readonly string[]): Promise<Workbench>;
}

/** Describes tests in a VS Code with the packaged extension. Where VS Code cannot run they are skipped, and the name says why. */
export function inVsCode(name: string, options: Omit<ServerOptions, "vsix">, tests: (suite: Suite) => void): void {
  const reason = inject("skipReason");
  describe.skipIf(reason !== "")(reason === "" ? name : `${name} (skipped: ${reason})`, () => {
    let server: Server | undefined;
    let browser: Browser | undefined;
    const windows: Workbench[] = [];
    beforeAll(async () => {
      [server, browser] = await Promise.all([startServer({ ...options, vsix: inject("vsix") }), launchBrowser()]);
    });
    afterEach(async ({ task }) => {
      if (task.result?.state === "fail") await keep(task.name, windows, server);
      for (const window of windows.splice(0)) await window.close();
    });
    afterAll(async () => {
      await browser?.close();
      await server?.stop();
    });
    tests({
      get server() {
        if (server === undefined) throw new Error("the server has not started");
        return server;
      },
      async open() {
        if (browser === undefined) throw new Error("the browser has not started");
        const window = await Workbench.open({ browser, server: this.server });
        windows.push(window);
        return window;
      },
      async openCells(file, cells) {
        const path = join(this.server.workspace, file);
        writeFileSync(path, notebookOf(cells));
        const window = await this.open();
        await window.openNotebook(path);
        return window;
      },
    });
  });
}

/** An `.ipynb` of code cells that have not run. */
export function notebookOf(cells: readonly string[]): string {
  const content = cells.map((source, at) => ({ cell_type: "code", id: `cell-${at + 1}`, metadata: {}, execution_count: null, outputs: [], source }));
  return JSON.stringify({ cells: content, metadata: { kernelspec: KERNELSPEC, language_info: LANGUAGE_INFO }, nbformat: 4, nbformat_minor: 5 });
}

async function keep(test: string, windows: readonly Workbench[], server: Server | undefined): Promise<void> {
  const stem = join(PICTURES, `failed-${test.replace(/[^a-z0-9]+/gi, "-").slice(0, 80)}`);
  mkdirSync(PICTURES, { recursive: true });
  for (const [at, window] of windows.entries()) await window.screenshot(`${stem}-${at + 1}.png`).catch(() => undefined);
  if (server !== undefined) writeFileSync(`${stem}.log`, server.logs());
  console.error(`see ${stem}*.png and ${stem}.log`);
}
