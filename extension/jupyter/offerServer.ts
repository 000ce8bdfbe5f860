/** @file Our kernel where the Jupyter extension asks for a server: one that this window starts when it is chosen, on this machine alone. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { JupyterServer } from "@vscode/jupyter-extension";
import type * as vscode from "vscode";
import { UserError } from "../commands/userError";
import { programEnvironment } from "../kernel/environment";
import { kernelFlags } from "../kernel/kernelFlags";
import { reasonOf } from "../kernel/kernelError";
import type { Services } from "../services";
import { JUPYTER_ID, jupyterExtension } from "./jupyterExtension";

const COLLECTION = "isoflop";
const SERVER: JupyterServer = { id: "local", label: "IsoFLOP on this machine" };

/** Offers the server as soon as a notebook is open and the Jupyter extension is there: to wake that one for less would be rude. */
export function offerServer(services: Services): vscode.Disposable {
  const { vs, log } = services;
  const server = new LocalServer(services);
  let offered = false;
  let collection: vscode.Disposable | undefined;
  const look = (): void => {
    if (offered || vs.extensions.getExtension(JUPYTER_ID) === undefined || !vs.workspace.notebookDocuments.some(({ notebookType }) => notebookType === "jupyter-notebook")) return;
    offered = true;
    void offer(services, server).then(
      (made) => (collection = made),
      (error: unknown) => log.warn(`the Jupyter extension is not offered our kernel: ${reasonOf(error)}`),
    );
  };
  look();
  return vs.Disposable.from(vs.workspace.onDidOpenNotebookDocument(look), vs.extensions.onDidChange(look), server, { dispose: () => collection?.dispose() });
}

async function offer(services: Services, server: LocalServer): Promise<vscode.Disposable> {
  const { vs } = services;
  const { createJupyterServerCollection } = await jupyterExtension(services);
  return createJupyterServerCollection(COLLECTION, "IsoFLOP", {
    provideJupyterServers: () => [SERVER],
    resolveJupyterServer: async () => {
      if (!vs.workspace.isTrusted) throw new UserError("no kernel starts in a workspace that is not trusted", "trust the workspace (Workspaces: Manage Workspace Trust)");
      const { url, token } = await server.start();
      return { ...SERVER, connectionInformation: { baseUrl: vs.Uri.parse(url), token } };
    },
  });
}

interface Address {
  readonly url: string;
  readonly token: string;
}

/** The server's process: started at the first wish, again where it has ended, and ended with the window. */
class LocalServer implements vscode.Disposable {
  private running: { readonly child: ChildProcess; readonly address: Promise<Address> } | undefined;

  constructor(private readonly services: Services) {}

  /** @throws {UserError} when it cannot be run, with what it said. */
  start(): Promise<Address> {
    this.running ??= this.launch();
    return this.running.address;
  }

  dispose(): void {
    // It ends when its standard input does, and its kernels with it.
    this.running?.child.stdin?.end();
    this.running = undefined;
  }

  private launch(): NonNullable<typeof this.running> {
    const { vs, context, config, log } = this.services;
    const root = vs.workspace.workspaceFolders?.find(({ uri }) => uri.scheme === "file")?.uri.fsPath;
    const program = config.nodePath === "" ? process.execPath : config.nodePath;
    const child = spawn(program, [context.asAbsolutePath("dist/cli.js"), "server", "--with-parent", "--", ...kernelFlags(config)], { cwd: root, stdio: ["pipe", "pipe", "pipe"], windowsHide: true, env: programEnvironment() });
    child.stderr.setEncoding("utf8").on("data", (text: string) => log.info(`Jupyter server: ${text.trimEnd()}`));
    child.stdin.on("error", () => undefined);
    const forget = (): void => {
      if (this.running?.child === child) this.running = undefined;
    };
    child.once("exit", forget).once("error", forget);
    return { child, address: addressOf(child, program) };
  }
}

/** What the server says first: where it is. */
async function addressOf(child: ChildProcess, program: string): Promise<Address> {
  const failed = (what: string): UserError => new UserError(`${program} did not start the Jupyter server: ${what}`, "see IsoFLOP: Show Log, and the setting `isoflop.nodePath`");
  const { stdout } = child;
  if (stdout === null) throw failed("no output to read");
  const ended = once(child, "exit").then(([code]) => Promise.reject(failed(`it ended with code ${String(code)}`)), (error: unknown) => Promise.reject(failed(error instanceof Error ? error.message : String(error))));
  const [line] = await Promise.race([once(createInterface({ input: stdout }), "line"), ended]);
  // SAFETY: `isoflop server` prints this and nothing else.
  return JSON.parse(String(line)) as Address;
}
