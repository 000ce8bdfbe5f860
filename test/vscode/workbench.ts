/** @file A window of VS Code in Chromium: open, palette, cells, outputs, themes, pictures. */
import { existsSync, mkdirSync } from "node:fs";
import { basename, dirname } from "node:path";
import { type Browser, chromium, type Frame, type Locator, type Page } from "playwright-core";
import { type Host, hostOf } from "./host";
import { polled } from "./polling";
import { type Server, type ThemeName, THEMES } from "./server";

/** How long a list or a dialog may take to show what was typed, before it is typed again. */
const RETYPE_MS = 2_000;
/** A machine on which much else runs needs minutes for what takes seconds otherwise; limits cost nothing where it comes sooner. */
const OPEN_MS = 300_000;
const WAIT_MS = 120_000;
const WIDTH = 1400;
const HEIGHT = 1000;
const CHROMIUM_PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"] as const;
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** Path of the browser (the variable CHROMIUM names another), or undefined where there is none. */
export function findChromium(): string | undefined {
  return [process.env["CHROMIUM"], ...CHROMIUM_PLACES].find((path) => path !== undefined && existsSync(path));
}

export function launchBrowser(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error("no Chromium on this machine\nhelp: apt-get install -y chromium, or name one in the variable CHROMIUM");
  return chromium.launch({ executablePath, headless: true, args: [...FLAGS] });
}

/** An output of a cell as the document holds it. */
export interface CellOutput {
  readonly mimes: readonly string[];
  /** Its plain text: streams, results, or name and message of an error. */
  readonly text: string;
}
export interface CellState {
  readonly language: string;
  readonly order: number | undefined;
  /** undefined: it has not run or runs still. */
  readonly success: boolean | undefined;
  readonly outputs: readonly CellOutput[];
}

export class Workbench {
  private constructor(
    readonly page: Page,
    readonly host: Host,
    private readonly server: Server,
  ) {}

  /** A window on the server's workspace, or on `folder`; `file` (absolute) is opened in it. Resolves when the extension host runs. */
  static async open({ browser, server, folder = server.workspace, file }: { readonly browser: Browser; readonly server: Server; readonly folder?: string; readonly file?: string }): Promise<Workbench> {
    const context = await browser.newContext({ viewport: { width: WIDTH, height: HEIGHT }, acceptDownloads: true });
    const page = await context.newPage();
    page.setDefaultTimeout(WAIT_MS);
    const url = new URL(server.url);
    url.searchParams.set("folder", folder);
    if (file !== undefined) url.searchParams.set("payload", JSON.stringify([["openFile", `vscode-remote://${url.host}${file}`]]));
    const host = hostOf(server.root);
    const previous = host.current();
    await page.goto(url.href, { timeout: OPEN_MS, waitUntil: "commit" });
    await page.locator(".monaco-workbench").waitFor({ timeout: OPEN_MS });
    await host.ready(previous);
    return new Workbench(page, host, server);
  }

  /** Opens a notebook in this window and resolves when its editor shows. */
  async openNotebook(file: string): Promise<void> {
    await this.host.run(async (vs, path: string) => {
      // The remote authority is the editor's affair: inside the extension host files are files.
      await vs.window.showNotebookDocument(await vs.workspace.openNotebookDocument(vs.Uri.file(path)), { preview: false });
    }, file);
    await this.notebookShows();
  }

  async notebookShows(): Promise<void> {
    // Attached, not visible: the row of a markdown cell stays empty, its text is drawn in the webview.
    await this.page.locator(".notebook-editor .cell-list-container .monaco-list-row").first().waitFor({ state: "attached", timeout: OPEN_MS });
    // The window shows it before the extension host knows.
    await polled(() => this.host.run((vs) => vs.window.activeNotebookEditor !== undefined), OPEN_MS, (seconds) => `the extension host has no notebook in front after ${seconds} s`);
  }

  private get quickInput(): Locator {
    return this.page.locator('.quick-input-widget input[type="text"]').first();
  }

  private get quickAccept(): Locator {
    return this.page.locator(".quick-input-widget .quick-input-action .monaco-button").first();
  }

  /** Runs a command from the palette by its whole title: "IsoFLOP: New Notebook". */
  async command(title: string): Promise<void> {
    await this.page.keyboard.press("F1");
    const input = this.quickInput;
    await input.waitFor({ state: "visible" });
    await input.fill(`>${title}`);
    await this.page.locator(".quick-input-widget .quick-input-list .monaco-list-row").filter({ hasText: title }).first().click();
  }

  /** Picks the entry of the open list that contains `text`, by keyboard: under a mouse that rests a description may cover the list. */
  async pick(text: string): Promise<void> {
    const input = this.quickInput;
    const entry = this.page.locator(".quick-input-widget .quick-input-list .monaco-list-row.focused").filter({ hasText: text }).first();
    // One box serves every list: what is typed while the last one still closes is lost, so it is typed again.
    const offered = async (): Promise<boolean> => {
      await input.waitFor({ state: "visible" });
      await input.fill(text);
      return entry.waitFor({ timeout: RETYPE_MS }).then(() => true, () => false);
    };
    await polled(offered, WAIT_MS, (seconds) => `no list offers "${text}" after ${seconds} s`);
    await this.page.keyboard.press("Enter");
  }

  /** Marks the entries of the open list that contain these texts, each one, and accepts. */
  async pickAll(texts: readonly string[]): Promise<void> {
    const list = this.page.locator(".quick-input-widget .quick-input-list .monaco-list-row");
    for (const text of texts) await list.filter({ hasText: text }).first().locator('input[type="checkbox"], .monaco-checkbox').first().click();
    await this.quickAccept.click();
  }

  /** Answers the dialog that asks for a file, to open or to save, with `path`. */
  async choosePath(path: string): Promise<void> {
    const input = this.quickInput;
    const accept = this.quickAccept;
    const asks = async (): Promise<boolean> => (await input.isVisible()) && (await input.inputValue()).startsWith("/");
    await accept.waitFor({ state: "visible" });
    // It writes the folder it begins with into its box some time after it shows.
    await polled(asks, WAIT_MS, () => "the dialog names no folder");
    const elsewhere = this.page.locator(".quick-input-widget .quick-input-list .monaco-list-row.focused").filter({ hasNotText: basename(path) });
    // A dialog that still reads the folder takes the button for a step into it, so it is asked again until it is gone.
    // The box is not left before: what comes next uses the same one.
    const taken = async (): Promise<boolean> => {
      if (!(await asks())) return true;
      await input.fill(path);
      if (!(await elsewhere.waitFor({ state: "detached", timeout: RETYPE_MS }).then(() => true, () => false))) return false;
      await accept.click({ timeout: RETYPE_MS }).catch(() => undefined);
      return polled(async () => !(await asks()), RETYPE_MS, () => "").catch(() => false);
    };
    await polled(taken, WAIT_MS, (seconds) => `the dialog does not take ${path} in ${seconds} s`);
  }

  /** Makes a cell the one that commands mean. */
  async select(index: number): Promise<void> {
    await this.host.run((vs, at: number) => {
      const editor = vs.window.activeNotebookEditor;
      if (editor !== undefined) editor.selection = new vs.NotebookRange(at, at + 1);
    }, index);
  }

  /** What the button on top of the notebook says of its kernel. */
  async kernelLabel(): Promise<string> {
    return (await this.page.locator(".kernel-action-view-item .kernel-label").first().textContent()) ?? "";
  }

  /** Starts a cell of the notebook in front, without waiting for its end. */
  async startCell(index: number): Promise<void> {
    await this.host.run(async (vs, start: number) => {
      await vs.commands.executeCommand("notebook.cell.execute", { ranges: [{ start, end: start + 1 }] });
    }, index);
  }

  async runAll(): Promise<void> {
    await this.host.run(async (vs) => void (await vs.commands.executeCommand("notebook.execute")));
  }

  /** The cells of the notebook in front, as the document holds them. */
  cells(): Promise<readonly CellState[]> {
    return this.host.run((vs) => {
      const editor = vs.window.activeNotebookEditor;
      if (editor === undefined) throw new Error("no notebook is in front");
      const decoder = new TextDecoder();
      const textOf = (items: readonly { mime: string; data: Uint8Array }[]): string => {
        const item = items.find(({ mime }) => mime.startsWith("application/vnd.code.notebook.")) ?? items.find(({ mime }) => mime === "text/plain");
        return item === undefined ? "" : decoder.decode(item.data);
      };
      return editor.notebook.getCells().map((cell) => ({
        language: cell.document.languageId,
        order: cell.executionSummary?.executionOrder,
        success: cell.executionSummary?.success,
        outputs: cell.outputs.map(({ items }) => ({ mimes: items.map(({ mime }) => mime), text: textOf(items) })),
      }));
    });
  }

  /** Resolves with the cells when `done` holds of them. */
  async until(done: (cells: readonly CellState[]) => boolean, timeoutMs = WAIT_MS): Promise<readonly CellState[]> {
    let cells: readonly CellState[] = [];
    const ended = async (): Promise<boolean> => done((cells = await this.cells()));
    await polled(ended, timeoutMs, (seconds) => `not in ${seconds} s; the cells: ${JSON.stringify(cells).slice(0, 3000)}`);
    return cells;
  }

  /** Runs one cell to its end. */
  async runCell(index: number, timeoutMs = WAIT_MS): Promise<CellState> {
    const before = (await this.cells())[index].order;
    await this.startCell(index);
    const cells = await this.until((now) => now[index].success !== undefined && now[index].order !== before, timeoutMs);
    return cells[index];
  }

  /** Scrolls a cell into the window, or its outputs. */
  async reveal(index: number): Promise<void> {
    await this.host.run((vs, at: number) => {
      const editor = vs.window.activeNotebookEditor;
      const range = new vs.NotebookRange(at, at + 1);
      if (editor === undefined) return;
      editor.selection = range;
      editor.revealRange(range, vs.NotebookEditorRevealType.AtTop);
    }, index);
  }

  /** The webview frame in which `selector` matches: outputs of cells, panels, custom editors. */
  async frameWith(selector: string, timeoutMs = WAIT_MS): Promise<Frame> {
    const holder = async (): Promise<Frame | undefined> => {
      for (const frame of this.page.frames()) {
        if (frame !== this.page.mainFrame() && (await frame.locator(selector).count().catch(() => 0)) > 0) return frame;
      }
      return undefined;
    };
    return polled(holder, timeoutMs, () => `no webview holds ${selector}; frames: ${this.page.frames().map((frame) => frame.url().slice(0, 120)).join("\n")}`);
  }

  /** Changes the theme and resolves when the window shows it. */
  async theme(name: ThemeName): Promise<void> {
    this.server.set({ "workbench.colorTheme": THEMES[name] });
    const kind = { dark: "vs-dark", light: "vs", hc: "hc-black", "hc-light": "hc-light" }[name];
    await this.page.locator(`.monaco-workbench.${kind}`).waitFor();
  }

  /** Reloads the window, as a user does, and resolves when its extension host runs again. */
  async reload(): Promise<void> {
    const previous = this.host.current();
    await this.page.reload();
    await this.page.locator(".monaco-workbench").waitFor({ timeout: OPEN_MS });
    await this.host.ready(previous);
  }

  async screenshot(path: string): Promise<void> {
    mkdirSync(dirname(path), { recursive: true });
    await this.page.screenshot({ path });
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}
