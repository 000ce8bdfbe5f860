/** @file Runs a command of `isoflop` and shows what it printed in an editor. */
import { type Services } from "../services";
import { isoflopCli } from "./isoflopCli";

export interface CliTextOptions {
  readonly title: string;
  readonly args: readonly string[];
}

/** Can be cancelled; the exit code stands at the end where it is not 0. */
export async function showCliText(services: Services, { title, args }: CliTextOptions): Promise<void> {
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
  const content = [`isoflop ${args.join(" ")}`, "", stdout.trimEnd(), ...(stderr.trim() === "" ? [] : ["", stderr.trimEnd()]), ...(code === 0 ? [] : ["", `exit code ${code}`])].join("\n");
  const document = await vs.workspace.openTextDocument({ content: `${content}\n`, language: "plaintext" });
  await vs.window.showTextDocument(document, { preview: true });
}
