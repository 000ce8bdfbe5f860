/** @file Interrupts a kernel, and asks what to do where it does not stop. */
import { setTimeout as wait } from "node:timers/promises";
import type { Kernel, Services } from "../services";

const LOOK_MS = 50;
const WAIT = "Wait";
const RESTART = "Restart Kernel";

/** Resolves when the kernel is idle, was restarted, or the user has chosen to wait no more. State is kept unless the user restarts. */
export async function interruptCells(kernel: Kernel, { vs, config, log }: Pick<Services, "vs" | "config" | "log">): Promise<void> {
  // Its answer comes from the kernel's protocol thread at once; the cell stops at its next loop or wait.
  kernel.interrupt().catch((error: unknown) => log.warn(`interrupt: ${error instanceof Error ? error.message : String(error)}`));
  for (;;) {
    if (await idles(kernel, config.interruptEscalationMs)) return;
    const seconds = Math.round(config.interruptEscalationMs / 1000);
    const choice = await vs.window.showWarningMessage(`The cell has not stopped for ${seconds} s. It may be in a computation that cannot be interrupted. A restarted kernel has no variables.`, WAIT, RESTART);
    if (kernel.state !== "busy") return;
    if (choice === RESTART) return kernel.restart();
    if (choice !== WAIT) return;
  }
}

async function idles(kernel: Kernel, withinMs: number): Promise<boolean> {
  for (const deadline = Date.now() + withinMs; Date.now() < deadline; await wait(LOOK_MS)) if (kernel.state !== "busy") return true;
  return kernel.state !== "busy";
}
