/** @file Runs a command of `isoflop` and shows what it printed in an editor that asks for no saving. */
import type * as vscode from "vscode";
import type { Services } from "../services";
import { isoflopCli } from "./isoflopCli";

const SCHEME = "isoflop-output";

export interface CliTextOptions {
  readonly title: string;
  readonly args: readonly string[];
}

/** Printed texts, each under the name of its command: a newer one takes the place of the older. */
export class CliTexts {
  private readonly texts = new Map<string, string>();
  private readonly changed: vscode.EventEmitter<vscode.Uri>;
  private readonly provider: vscode.Disposable;

  constructor(private readonly services: Services) {
    const { vs } = services;
    this.changed = new vs.EventEmitter<vscode.Uri>();
    this.provider = vs.workspace.registerTextDocumentContentProvider(SCHEME, { onDidChange: this.changed.event, provideTextDocumentContent: ({ path }) => this.texts.get(path) ?? "" });
  }

  /** Can be cancelled; the exit code stands at the end where it is not 0. */
  async show({ title, args }: CliTextOptions): Promise<void> {
    const { services } = this;
    const { vs } = services;
    const result = await vs.window.withProgress({ location: vs.ProgressLocation.Notification, title, cancellable: true }, async (_, token) => {
      const controller = new AbortController();
      token.onCancellationRequested(() => controller.abort());
      return isoflopCli(services, args, { signal: controller.signal }).catch((error: unknown) => {
        if (token.isCancellationRequested) return undefined;
        throw error;
      });
    });
    if (result === undefined) return;
    const { code, stdout, stderr } = result;
    const parts = [stdout.trimEnd(), stderr.trimEnd(), code === 0 ? "" : `exit code ${code}`].filter((part) => part !== "");
    const uri = vs.Uri.from({ scheme: SCHEME, path: `/isoflop ${args.join(" ")}` });
    this.texts.set(uri.path, `${parts.join("\n\n")}\n`);
    this.changed.fire(uri);
    await vs.window.showTextDocument(await vs.workspace.openTextDocument(uri), { preview: true });
  }

  dispose(): void {
    this.provider.dispose();
    this.changed.dispose();
  }
}
