/** @file A stand-in for the `vscode` module: what views and commands use of it, with answers given in advance and everything shown written down. */
import type * as vscode from "vscode";
import { EventEmitter as NodeEmitter } from "node:events";
import { join } from "node:path";
import { Config } from "../../../extension/config";
import type { Kernel, Services } from "../../../extension/services";

class Emitter<T> {
  private readonly inner = new NodeEmitter().setMaxListeners(0);
  readonly event = (listen: (value: T) => void): Disposable => {
    this.inner.on("event", listen);
    return new Disposable(() => this.inner.off("event", listen));
  };
  fire(value: T): void {
    this.inner.emit("event", value);
  }
  dispose(): void {
    this.inner.removeAllListeners();
  }
}

class Disposable {
  static from(...all: readonly { dispose(): unknown }[]): Disposable {
    return new Disposable(() => all.forEach((one) => one.dispose()));
  }
  constructor(readonly dispose: () => unknown) {}
}

class TreeItem {
  constructor(
    readonly label: string,
    readonly collapsibleState: number,
  ) {}
}
class Icon {
  constructor(
    readonly id: string,
    readonly color?: { readonly id: string },
  ) {}
}
class Markdown {
  constructor(readonly value: string) {}
}
class Uri {
  readonly scheme = "file";
  static from = ({ path }: { readonly path: string }): Uri => new Uri(path);
  static file = (path: string): Uri => new Uri(path);
  static joinPath = (base: Uri, ...parts: readonly string[]): Uri => new Uri(join(base.fsPath, ...parts));
  private constructor(readonly fsPath: string) {}
  toString(): string {
    return `file://${this.fsPath}`;
  }
}

export interface Shown {
  readonly kind: "error" | "warning" | "information";
  readonly message: string;
}

export interface FakeEditor {
  readonly services: Services;
  /** Messages so far. */
  readonly shown: Shown[];
  /** Chosen in order: an index of the quick pick, several, or undefined for none; texts are buttons of messages. */
  readonly answers: unknown[];
  readonly settings: Map<string, unknown>;
  /** Calls of editor commands. */
  readonly executed: { readonly command: string; readonly args: readonly unknown[] }[];
  /** Calls a registered command, as the palette does. */
  call(command: string, ...args: readonly unknown[]): Promise<unknown>;
  /** The tree registered for a view. */
  tree(view: string): { readonly provider: vscode.TreeDataProvider<unknown>; selection: unknown[]; visible: boolean; message?: string };
  readonly statusBar: { text: string; tooltip?: unknown; visible: boolean; backgroundColor?: { readonly id: string } };
  /** HTML and messages of webview panels, the newest last. */
  readonly panels: { readonly html: string; readonly posted: unknown[]; receive(message: unknown): void }[];
  useKernel(kernel: Kernel | undefined): void;
  readonly clipboard: string[];
}

export interface FakeOptions {
  readonly workspace?: string;
  /** Root of the extension. */
  readonly root: string;
}

export function fakeEditor({ workspace, root }: FakeOptions): FakeEditor {
  const shown: Shown[] = [];
  const answers: unknown[] = [];
  const settings = new Map<string, unknown>();
  const executed: { command: string; args: readonly unknown[] }[] = [];
  const registered = new Map<string, (...args: readonly unknown[]) => unknown>();
  const trees = new Map<string, { provider: vscode.TreeDataProvider<unknown>; selection: unknown[]; visible: boolean; message?: string }>();
  const statusBar = { text: "", visible: false, show: () => (statusBar.visible = true), hide: () => (statusBar.visible = false), dispose: () => undefined };
  const panels: FakeEditor["panels"][number][] = [];
  const clipboard: string[] = [];
  const kernelChanged = new Emitter<Kernel>();
  let kernel: Kernel | undefined;
  const never = new Emitter<never>().event;
  const tell = (kind: Shown["kind"]) => (message: string, ...rest: readonly unknown[]): Promise<unknown> => {
    shown.push({ kind, message });
    const buttons = rest.filter((one) => typeof one === "string");
    return Promise.resolve(buttons.length > 0 ? answers.shift() : undefined);
  };
  const vs = {
    EventEmitter: Emitter,
    Disposable,
    TreeItem,
    ThemeIcon: Icon,
    ThemeColor: Icon,
    MarkdownString: Markdown,
    Uri,
    RelativePattern: class {},
    TreeItemCollapsibleState: { None: 0, Collapsed: 1, Expanded: 2 },
    StatusBarAlignment: { Left: 1, Right: 2 },
    ViewColumn: { Active: -1, Beside: -2 },
    ConfigurationTarget: { Global: 1 },
    ProgressLocation: { Notification: 15, Window: 10 },
    window: {
      activeNotebookEditor: undefined,
      visibleNotebookEditors: [],
      tabGroups: { all: [] },
      onDidChangeActiveNotebookEditor: never,
      createTreeView: (id: string, { treeDataProvider }: { treeDataProvider: vscode.TreeDataProvider<unknown> }) => {
        const view = { provider: treeDataProvider, selection: [], visible: true, onDidChangeVisibility: never, dispose: () => undefined };
        trees.set(id, view);
        return view;
      },
      createStatusBarItem: () => statusBar,
      createWebviewPanel: () => {
        const received = new Emitter<unknown>();
        const posted: unknown[] = [];
        const webview = { html: "", cspSource: "https://page", asWebviewUri: (uri: Uri) => uri, onDidReceiveMessage: received.event, postMessage: (message: unknown) => Promise.resolve(posted.push(message)) };
        panels.push({ get html() { return webview.html; }, posted, receive: (message) => received.fire(message) });
        return { webview, visible: true, reveal: () => undefined, onDidDispose: never, dispose: () => undefined };
      },
      showQuickPick: async (items: readonly unknown[] | Promise<readonly unknown[]>) => {
        const list = await items;
        const answer = answers.shift();
        return Array.isArray(answer) ? answer.map((index: number) => list[index]) : typeof answer === "number" ? list[answer] : undefined;
      },
      showErrorMessage: tell("error"),
      showWarningMessage: tell("warning"),
      showInformationMessage: tell("information"),
    },
    workspace: {
      isTrusted: true,
      notebookDocuments: [],
      workspaceFolders: workspace === undefined ? undefined : [{ uri: Uri.file(workspace) }],
      findFiles: () => Promise.resolve([]),
      createFileSystemWatcher: () => ({ onDidCreate: never, onDidChange: never, onDidDelete: never, dispose: () => undefined }),
      registerTextDocumentContentProvider: () => new Disposable(() => undefined),
      getWorkspaceFolder: () => undefined,
      onDidChangeWorkspaceFolders: never,
      onDidOpenNotebookDocument: never,
      onDidCloseNotebookDocument: never,
      onDidChangeConfiguration: never,
      getConfiguration: () => ({ get: (name: string) => settings.get(name), update: (name: string, value: unknown) => Promise.resolve(void settings.set(name, value)) }),
    },
    commands: {
      registerCommand: (id: string, run: (...args: readonly unknown[]) => unknown) => {
        registered.set(id, run);
        return new Disposable(() => registered.delete(id));
      },
      executeCommand: (command: string, ...args: readonly unknown[]) => Promise.resolve(void executed.push({ command, args })),
    },
    env: { clipboard: { writeText: (text: string) => Promise.resolve(void clipboard.push(text)) } },
  };
  // SAFETY: the parts of the module that the tested code uses; anything else fails loudly as undefined.
  const editor = vs as unknown as typeof vscode;
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const services: Services = {
    vs: editor,
    // SAFETY: what the tested code uses of the context and of the log.
    context: { extensionUri: Uri.file(root), asAbsolutePath: (path: string) => join(root, path), extension: { id: "isoflop.isoflop" } } as unknown as vscode.ExtensionContext,
    config: new Config(editor),
    log: log as unknown as vscode.LogOutputChannel, // SAFETY: as above.
    kernels: {
      of: (uri) => (kernel?.notebook.toString() === uri.toString() ? kernel : undefined),
      get active() {
        return kernel;
      },
      start: () => Promise.reject(new Error("no kernel starts here")),
      onDidChange: kernelChanged.event,
    },
  };
  return {
    services,
    shown,
    answers,
    settings,
    executed,
    clipboard,
    statusBar,
    panels,
    call: async (command, ...args) => {
      const run = registered.get(command);
      if (run === undefined) throw new Error(`${command} is not registered`);
      return run(...args);
    },
    tree: (view) => {
      const found = trees.get(view);
      if (found === undefined) throw new Error(`no tree ${view}`);
      return found;
    },
    useKernel: (next) => {
      const old = kernel;
      kernel = next;
      const told = next ?? old;
      if (told !== undefined) kernelChanged.fire(told);
    },
  };
}
