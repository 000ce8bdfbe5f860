/** @file Views in a real browser: builds the bundle, serves it on the loopback under a strict policy, and opens pages that stand in for the notebook. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { chromium, type Browser, type Locator, type Page } from "playwright-core";
import type { ViewName } from "../../kernel/display/schema";
import { THEME_VARIABLES, type ThemeKind } from "./themes";

/** Debian's browser; CI installs it. Views are not tested where it is missing. */
export const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
export const hasChromium = existsSync(CHROMIUM);

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
/** As on machines whose browser has no WebGL. */
const FLAT_FLAGS = ["--disable-3d-apis"];

/** Nothing from elsewhere, no inline script, no eval: stricter than VS Code's own policy. Styles may be inline, as there. */
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'none'; base-uri 'none'; form-action 'none'";

const PAGE = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>views</title><link rel="icon" href="data:,">
<style>body{margin:0;padding:0 16px}.output{margin:8px 0;overflow-x:auto}</style></head><body><main></main><script type="module" src="/page.js"></script></body></html>`;

const TYPES: Readonly<Record<string, string>> = { ".js": "text/javascript", ".map": "application/json", ".css": "text/css" };

/** Where screenshots go: git-ignored. */
export const SHOTS = join("out", "views");

export interface PageOptions {
  readonly theme?: ThemeKind;
  /** CSS pixels, default 900. */
  readonly width?: number;
  readonly height?: number;
  readonly trusted?: boolean;
  readonly messaging?: boolean;
}

export interface ViewOptions {
  /** Id of the output, default "out". */
  readonly id?: string;
  readonly metadata?: unknown;
}

/** A page with what went wrong on it. */
export interface ViewPage {
  readonly page: Page;
  /** Uncaught errors, console errors, policy violations and requests to elsewhere so far. */
  problems(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface Views {
  openPage(options?: PageOptions): Promise<ViewPage>;
  /** The folder of the built views. */
  readonly folder: string;
  close(): Promise<void>;
}

/** Builds the views and starts server and browser: once for a test file. `webgl: false`: a browser without 3D. */
export async function startViews({ webgl = true }: { readonly webgl?: boolean } = {}): Promise<Views> {
  const folder = mkdtempSync(join(tmpdir(), "isoflop-views-"));
  execFileSync(process.execPath, ["esbuild.mjs", "--views", "--outdir", folder], { stdio: ["ignore", "ignore", "inherit"] });
  const server = await serve(folder);
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  const origin = `http://127.0.0.1:${address.port}`;
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: [...FLAGS, ...(webgl ? [] : FLAT_FLAGS)] });
  return {
    folder,
    openPage: (options) => openPage(browser, origin, options),
    async close() {
      await browser.close();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function serve(folder: string): Promise<Server> {
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? "/", "http://localhost").pathname);
    const file = path === "/page.js" ? join("test", "webviews", "page.js") : join(folder, path);
    if (path === "/") {
      response.writeHead(200, { "content-type": "text/html", "content-security-policy": POLICY }).end(PAGE);
    } else if (existsSync(file) && TYPES[extname(file)] !== undefined) response.writeHead(200, { "content-type": TYPES[extname(file)] }).end(readFileSync(file));
    else response.writeHead(404).end();
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

async function openPage(browser: Browser, origin: string, { theme = "light", width = 900, height = 800, trusted = true, messaging = true }: PageOptions = {}): Promise<ViewPage> {
  const context = await browser.newContext({ viewport: { width, height }, acceptDownloads: true });
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin });
  const page = await context.newPage();
  const found: string[] = [];
  page.on("pageerror", (error) => found.push(`uncaught: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") found.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(origin) && !/^(data|blob):/.test(request.url())) found.push(`request: ${request.url()}`);
  });
  await page.goto(origin);
  await page.locator("html[data-loaded]").waitFor({ state: "attached" });
  await setTheme(page, theme);
  await page.evaluate((options) => window.editor.start(options), { trusted, messaging });
  return {
    page,
    problems: async () => [...found, ...(await page.evaluate(() => [...window.editor.violations]))],
    close: () => context.close(),
  };
}

/** Switches the theme as VS Code does: variables of the root, classes of the body. */
export const setTheme = (page: Page, kind: ThemeKind): Promise<void> =>
  page.evaluate(([name, variables]) => window.editor.theme(name, variables), [kind, THEME_VARIABLES[kind]] as const);

/** Renders a payload, which may be anything, and waits until it is drawn or refused. Text is taken for raw JSON text. */
export async function openView(page: Page, view: ViewName, payload: unknown, { id = "out", metadata }: ViewOptions = {}): Promise<Locator> {
  const text = typeof payload === "string" ? payload : JSON.stringify(payload);
  await page.evaluate((item) => window.editor.render(item), { id, mime: `application/vnd.isoflop.${view}.v1+json`, text, metadata });
  const frame = page.locator(`#${id} .iso`);
  await page.locator(`#${id} .iso[data-ready]`).waitFor();
  return frame;
}

/** Sends an update as the extension does. */
export const sendUpdate = (page: Page, update: { readonly displayId: string; readonly view: ViewName; readonly payload: unknown }): Promise<void> =>
  page.evaluate((message) => window.editor.send(message), {
    type: "update",
    displayId: update.displayId,
    mime: `application/vnd.isoflop.${update.view}.v1+json`,
    payload: update.payload,
  });

/** Violations that axe-core finds in the views of the page, as "rule: element". */
export async function axeViolations(page: Page): Promise<readonly string[]> {
  await page.evaluate(readFileSync(join("node_modules", "axe-core", "axe.min.js"), "utf8"));
  return page.evaluate(async () => {
    // The page itself is the test's: headings and landmarks around outputs are the editor's business.
    const result = await window.axe.run(document.querySelector("main") ?? document.body, { rules: { region: { enabled: false }, "page-has-heading-one": { enabled: false } } });
    return result.violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary ?? ""}`));
  });
}

/** A picture of the page, under SHOTS. */
export async function shot(page: Page, name: string): Promise<void> {
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true });
}

/** Whether anything sticks out of the page sideways. */
export const overflows = (page: Page): Promise<boolean> =>
  page.evaluate(() => {
    const outputs = [...document.querySelectorAll(".output")];
    return document.documentElement.scrollWidth > window.innerWidth || outputs.some((output) => output.scrollWidth > output.clientWidth + 1);
  });
