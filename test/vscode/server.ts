/** @file A throw-away VS Code server: fresh user data, our extension, and an end that leaves no process behind. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, cpSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { installVsCode, type Installed } from "./installVsCode";
import { polled } from "./polling";

export const REPOSITORY = resolve(import.meta.dirname, "../..");
const RETRY_MS = 100;
const START_MS = 180_000;
const LOG_CHARS = 4000;

export type ThemeName = "dark" | "light" | "hc" | "hc-light";
export const THEMES: Readonly<Record<ThemeName, string>> = {
  dark: "Default Dark Modern",
  light: "Default Light Modern",
  hc: "Default High Contrast",
  "hc-light": "Default High Contrast Light",
};

/** Quiet: nothing asks, suggests, updates or opens by itself. */
const SETTINGS = {
  "workbench.editorAssociations": { "*.ipynb": "jupyter-notebook" }, // else a file opened before extensions are there opens as text
  "workbench.startupEditor": "none",
  "workbench.welcomePage.walkthroughs.openOnInstall": false,
  "workbench.tips.enabled": false,
  "workbench.enableExperiments": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.colorTheme": THEMES.light,
  "chat.disableAIFeatures": true,
  "chat.commandCenter.enabled": false,
  "window.commandCenter": false,
  "telemetry.telemetryLevel": "off",
  "extensions.autoCheckUpdates": false,
  "extensions.autoUpdate": false,
  "extensions.ignoreRecommendations": true,
  "update.mode": "none",
  "git.enabled": false,
  "npm.autoDetect": "off",
  "typescript.disableAutomaticTypeAcquisition": true,
  "files.hotExit": "off",
  "files.autoSave": "off",
  "editor.accessibilitySupport": "off",
} as const;

export interface ServerOptions {
  /** The packaged extension; absent: the working tree as it is built now. */
  readonly vsix?: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Default "all". "none": every folder opens in restricted mode. */
  readonly trust?: "all" | "none";
  /** Folders of further extensions, with a manifest each. */
  readonly extensions?: readonly string[];
}

export interface Server {
  /** Ends in a slash. */
  readonly url: string;
  /** Holds everything; also the value of ISOFLOP_TEST_ROOT in each process below the server. */
  readonly root: string;
  /** An empty folder to work in. */
  readonly workspace: string;
  /** Merges into the user's settings; the editor takes them up by itself. */
  set(settings: Readonly<Record<string, unknown>>): void;
  /** What the server and the IsoFLOP log channel wrote. */
  logs(): string;
  /** Ends the server and every process below it, detached kernels too, and removes `root`. */
  stop(): Promise<void>;
}

/** A server that answers on 127.0.0.1.
 * @throws {Error} with its log when it does not come up. */
export async function startServer({ vsix, settings = {}, trust = "all", extensions: others = [] }: ServerOptions = {}): Promise<Server> {
  const installed = await installVsCode();
  const root = mkdtempSync(join(tmpdir(), "iv-")); // short: paths of sockets have little room
  const [data, extensions, workspace] = ["data", "ext", "ws"].map((name) => join(root, name));
  for (const folder of [join(data, "User"), join(data, "Machine"), extensions, workspace]) mkdirSync(folder, { recursive: true });
  let present: Readonly<Record<string, unknown>> = { ...SETTINGS, "security.workspace.trust.enabled": trust === "none", "security.workspace.trust.startupPrompt": "never", ...settings };
  // The web client reads the user's settings from the server's user data; the machine's are read by remote windows.
  const writeSettings = (): void => ["User", "Machine"].forEach((name) => writeFileSync(join(data, name, "settings.json"), JSON.stringify(present)));
  writeSettings();

  const log = join(root, "server.log");
  const run = starter(installed, { root, data, extensions, log });
  for (const folder of [join(import.meta.dirname, "driver"), ...others]) {
    // SAFETY: the manifests of the tests' own extensions.
    const { publisher, name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Readonly<Record<"publisher" | "name" | "version", string>>;
    cpSync(folder, join(extensions, `${publisher}.${name}-${version}`), { recursive: true });
  }
  if (vsix === undefined) linkWorkingTree(extensions);
  else if ((await ended(run(["--install-extension", vsix, "--force"]))) !== 0) throw new Error(`${vsix} does not install:\n${readFileSync(log, "utf8").slice(-LOG_CHARS)}`);

  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const flags = ["--host", "127.0.0.1", "--port", String(port), "--without-connection-token", "--enable-smoke-test-driver", "--telemetry-level", "off", "--reconnection-grace-time", "1"];
  const server = run([...flags, ...(trust === "all" ? ["--disable-workspace-trust"] : [])]);
  const stop = async (): Promise<void> => {
    await endBelow(root, server);
    rmSync(root, { recursive: true, force: true, maxRetries: 5, retryDelay: RETRY_MS });
  };
  try {
    await answers(url, server);
  } catch (error) {
    const said = readFileSync(log, "utf8").slice(-LOG_CHARS);
    await stop();
    throw new Error(`the VS Code server did not start:\n${said}`, { cause: error });
  }
  return {
    url,
    root,
    workspace,
    stop,
    set: (more) => {
      present = { ...present, ...more };
      writeSettings();
    },
    logs: () => [log, ...ourLogs(data)].map((file) => `== ${file.slice(root.length + 1)}\n${readFileSync(file, "utf8")}`).join("\n"),
  };
}

function starter({ node, server }: Installed, { root, data, extensions, log }: Readonly<Record<"root" | "data" | "extensions" | "log", string>>): (args: readonly string[]) => ChildProcess {
  // What commands write for other programs of the user is not for those of whoever runs the tests.
  const home = join(root, "home");
  mkdirSync(home);
  const env = { ...process.env, VSCODE_IPC_HOOK_CLI: undefined, XDG_DATA_HOME: undefined, JUPYTER_DATA_DIR: undefined, HOME: home, EXTENSIONS_GALLERY: '{"serviceUrl":""}', ISOFLOP_TEST_ROOT: root };
  const common = ["--accept-server-license-terms", "--server-data-dir", root, "--user-data-dir", data, "--extensions-dir", extensions];
  return (args) => {
    const out = openSync(log, "a");
    const child = spawn(node, [join(server, "out/server-main.js"), ...common, ...args], { env, stdio: ["ignore", out, out] });
    closeSync(out);
    return child;
  };
}

/** The extension as built in the working tree: `dist` copied, so that a build meanwhile breaks nothing; packages linked. */
function linkWorkingTree(extensions: string): void {
  const folder = join(extensions, "isoflop.isoflop-0.1.0");
  mkdirSync(folder);
  for (const name of ["package.json", "dist"]) cpSync(join(REPOSITORY, name), join(folder, name), { recursive: true });
  for (const name of ["extension", "notebooks", "node_modules"]) if (existsSync(join(REPOSITORY, name))) symlinkSync(join(REPOSITORY, name), join(folder, name));
}

async function answers(url: string, server: ChildProcess): Promise<void> {
  const answered = async (): Promise<boolean> => {
    if (server.exitCode !== null) throw new Error(`it ended with code ${server.exitCode}`);
    return fetch(`${url}version`).then((answer) => answer.ok, () => false);
  };
  await polled(answered, START_MS, (seconds) => `no answer at ${url} in ${seconds} s`);
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer().once("error", fail);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => (address !== null && typeof address === "object" ? done(address.port) : fail(new Error("no port"))));
    });
  });
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((done) => child.once("exit", (code) => done(code)));
}

/** Detached kernels have no parent to end with: all processes that carry this root in their environment are ended. */
async function endBelow(root: string, server: ChildProcess): Promise<void> {
  if (server.exitCode === null) {
    const gone = ended(server);
    server.kill();
    await Promise.race([gone, sleep(3000)]);
  }
  for (const pid of processesOf(root)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended by itself meanwhile.
    }
  }
}

/** Ids of the processes below a server, whose command line contains `text`. */
export function processesOf(root: string, text = ""): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(Number)
    .filter((pid) => {
      try {
        const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
        return environment.includes(`ISOFLOP_TEST_ROOT=${root}`) && readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").includes(text);
      } catch {
        return false; // It has gone, or it is another user's.
      }
    });
}

function ourLogs(data: string): readonly string[] {
  const logs = join(data, "logs");
  if (!existsSync(logs)) return [];
  return readdirSync(logs, { recursive: true, encoding: "utf8" }).filter((name) => /IsoFLOP.*\.log$|remoteexthost\.log$/.test(name)).map((name) => join(logs, name));
}
