/** @file What the parts of the extension are given. The `vscode` module is passed in, so that logic runs in tests without an editor. */
import type * as vscode from "vscode";
import type { JupyterMessage, KernelInfo, KernelStatus, ReplyContent, RequestContent, RequestType } from "../kernel/protocol/jupyter";
import type { Config } from "./config";

export interface Services {
  readonly vs: typeof vscode;
  readonly context: vscode.ExtensionContext;
  readonly config: Config;
  readonly log: vscode.LogOutputChannel;
  readonly kernels: Kernels;
}

/** A part of the extension: registers what it offers; what is returned is disposed of at the end. */
export type Module = (services: Services) => vscode.Disposable;

/** The kernels of the open notebooks. */
export interface Kernels {
  /** The notebook's kernel, where one runs and is connected. */
  of(notebook: vscode.Uri): Kernel | undefined;
  /** The kernel of the notebook in front, if any. */
  readonly active: Kernel | undefined;
  /** The notebook's kernel, started or found again if need be.
   * @throws {KernelError} when it cannot start, saying why and what to do. */
  start(notebook: vscode.NotebookDocument): Promise<Kernel>;
  /** A kernel started, ended, or changed its state or status. */
  readonly onDidChange: vscode.Event<Kernel>;
}

/** "reconnecting": its process is there but does not answer, or the line to it broke; it is asked again. */
export type KernelState = "starting" | "idle" | "busy" | "reconnecting" | "dead";

export interface Kernel {
  readonly notebook: vscode.Uri;
  readonly state: KernelState;
  readonly info: KernelInfo | undefined;
  /** The last one; undefined until the first. */
  readonly status: KernelStatus | undefined;
  /** @throws {KernelError} when the kernel ends before it answers. An answer of status "error" is no exception. */
  request<T extends RequestType>(type: T, content: RequestContent<T>): Promise<ReplyContent<T>>;
  /** Every message on iopub, replayed ones included. */
  readonly onMessage: vscode.Event<JupyterMessage>;
  /** Asks the running cell to stop; state is kept. */
  interrupt(): Promise<void>;
  /** A fresh process: names are gone. */
  restart(): Promise<void>;
  shutdown(): Promise<void>;
}
