/** @file Opens a notebook in a real VS Code, runs cells of it and writes what the window shows as pictures. */
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { type ThemeName, startServer, THEMES } from "./server";
import { launchBrowser, Workbench } from "./workbench";

const SETTLE_MS = 1500;

const OPTIONS = {
  theme: { type: "string", default: "light" },
  run: { type: "string" },
  out: { type: "string", default: "out/look" },
  vsix: { type: "string" },
  command: { type: "string", multiple: true, default: [] as string[] },
  script: { type: "string" },
  set: { type: "string", multiple: true, default: [] as string[] },
  wait: { type: "string", default: "120" },
  keep: { type: "boolean", default: false },
} as const;

/** What a script given by --script is called with, before the pictures of the cells are taken. */
export interface Look {
  readonly workbench: Workbench;
  readonly shot: (name: string) => Promise<void>;
}

export async function lookAt(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  const theme = themeOf(values.theme);
  const out = resolve(values.out);
  mkdirSync(out, { recursive: true });
  const settings = Object.fromEntries(values.set.map((pair) => [pair.slice(0, pair.indexOf("=")), JSON.parse(pair.slice(pair.indexOf("=") + 1))]));
  const server = await startServer({ vsix: values.vsix, settings: { "workbench.colorTheme": THEMES[theme], ...settings } });
  const browser = await launchBrowser();
  try {
    const files = positionals.map((file) => {
      const copy = join(server.workspace, basename(file));
      copyFileSync(file, copy);
      return copy;
    });
    const workbench = await Workbench.open({ browser, server });
    const shot = async (name: string): Promise<void> => {
      await workbench.screenshot(join(out, `${name}.png`));
      console.log(join(out, `${name}.png`));
    };
    const notebook = files.find((file) => file.endsWith(".ipynb"));
    if (notebook !== undefined) await workbench.openNotebook(notebook);
    else if (files.length > 0) await workbench.host.run(async (vs, path: string) => void (await vs.commands.executeCommand("vscode.open", vs.Uri.file(path))), files[0]);
    if (values.run !== undefined) await runCells(workbench, values.run, Number(values.wait) * 1000);
    for (const title of values.command) await workbench.command(title);
    await sleep(SETTLE_MS);
    await shot("window");
    if (values.script !== undefined) {
      const script: { readonly look: (given: Look) => Promise<void> } = await import(pathToFileURL(resolve(values.script)).href);
      await script.look({ workbench, shot });
    }
    if (notebook !== undefined) await pictureCells(workbench, shot);
    if (values.keep) {
      console.log(`${server.url}?folder=${server.workspace} stays until Ctrl+C`);
      await new Promise((done) => process.once("SIGINT", done));
    }
  } finally {
    writeFileSync(join(out, "log.txt"), server.logs());
    console.log(join(out, "log.txt"));
    await browser.close();
    await server.stop();
  }
}

function themeOf(name: string): ThemeName {
  if (name === "dark" || name === "light" || name === "hc" || name === "hc-light") return name;
  throw new Error(`no theme "${name}"\nhelp: one of ${Object.keys(THEMES).join(", ")}`);
}

/** "all", or numbers of code cells from 1: "1,3". */
async function runCells(workbench: Workbench, which: string, timeoutMs: number): Promise<void> {
  const cells = await workbench.cells();
  const code = cells.flatMap(({ language }, at) => (language === "markdown" ? [] : [at]));
  const wanted = which === "all" ? code : which.split(",").map((number) => code[Number(number) - 1]);
  for (const at of wanted) {
    const cell = await workbench.runCell(at, timeoutMs).catch((error: unknown) => console.log(`cell ${code.indexOf(at) + 1}: ${String(error).slice(0, 500)}`));
    if (cell === undefined) return;
    const outputs = cell.outputs.map(({ mimes, text }) => `\n   ${mimes.join(" ")}: ${text.slice(0, 200)}`).join("");
    console.log(`cell ${code.indexOf(at) + 1}: ${cell.success === true ? "ok" : "failed"}${outputs}`);
  }
}

async function pictureCells(workbench: Workbench, shot: (name: string) => Promise<void>): Promise<void> {
  const cells = await workbench.cells();
  for (const [at, { language, outputs }] of cells.entries()) {
    if (language === "markdown" || outputs.length === 0) continue;
    await workbench.reveal(at);
    await sleep(SETTLE_MS);
    await shot(`cell-${String(at + 1).padStart(2, "0")}`);
  }
}
