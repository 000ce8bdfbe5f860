/** @file Starts the modules of the extension, so that one that fails is seen and leaves the others working. */
import { reasonOf } from "./kernel/kernelError";
import type { Module, Services } from "./services";

export type NamedModule = readonly [name: string, module: Module];

/** Starts each in turn. A failure is told to the user, as the editor itself says nothing of it. */
export function startModules(services: Services, modules: readonly NamedModule[]): void {
  const { vs, context, log } = services;
  for (const [name, module] of modules) {
    try {
      context.subscriptions.push(module(services));
      log.info(`${name} started`);
    } catch (error) {
      log.error(`${name} did not start: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      void vs.window.showErrorMessage(`IsoFLOP: ${name} did not start: ${reasonOf(error)}`, "Show Log").then((choice) => {
        if (choice !== undefined) log.show();
      });
    }
  }
}
