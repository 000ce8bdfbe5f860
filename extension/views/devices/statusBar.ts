/** @file The status bar: device, memory and FLOP/s of the kernel; a warning before the machine swaps. */
import { bytesText, withPrefix } from "../../../kernel/display/format";
import type { KernelInfo, KernelStatus } from "../../../kernel/protocol/jupyter";
import type { Kernel, Module } from "../../services";
import { CurrentKernel } from "../currentKernel";

/** Left of the editor's own items on the right side. */
const PRIORITY = 150;

/** "$(chip) cpu  1.2 GiB  34 GFLOP/s"; the rate only while something runs. */
export function statusText(info: Pick<KernelInfo, "device"> | undefined, status: KernelStatus | undefined): string {
  const device = status?.device ?? info?.device ?? "IsoFLOP";
  const gpu = status?.gpus[0];
  // Of a GPU its own memory is what runs out.
  const memory = status === undefined ? [] : [device !== "cpu" && gpu !== undefined ? bytesText(gpu.usedBytes) : bytesText(status.rssBytes)];
  const rate = status !== undefined && status.flopsPerSecond > 0 ? [withPrefix(status.flopsPerSecond, "FLOP/s")] : [];
  return [`$(${status?.warning === undefined ? "chip" : "warning"}) ${device}`, ...memory, ...rate].join("  ");
}

export function statusTooltip(status: KernelStatus): string {
  const { executor, rssBytes, freeBytes, totalBytes, cpuLoad, flopsPerSecond, gpus, warning } = status;
  const lines = [
    `Executor: ${executor}`,
    `Kernel: ${bytesText(rssBytes)}, ${cpuLoad.toFixed(1)} cores`,
    `Machine: ${bytesText(totalBytes - freeBytes)} of ${bytesText(totalBytes)} in use`,
    ...gpus.map(({ name, usedBytes, totalBytes: all }) => `${name}: ${bytesText(usedBytes)} of ${bytesText(all)}`),
    `Rate: ${withPrefix(flopsPerSecond, "FLOP/s")}`,
    "Click to choose a device",
  ];
  return [...(warning === undefined ? [] : [`Warning: ${warning}`]), ...lines].join("\n");
}

export const statusBarModule: Module = (services) => {
  const { vs, config } = services;
  const current = new CurrentKernel(services);
  const item = vs.window.createStatusBarItem("isoflop.status", vs.StatusBarAlignment.Right, PRIORITY);
  item.name = "IsoFLOP";
  item.command = "isoflop.chooseDevice";
  /** Kernels that have been warned about, until they are well again: told once, not every second. */
  const warned = new WeakSet<Kernel>();

  const show = (): void => {
    const { kernel } = current;
    if (kernel === undefined || !config.statusBar) item.hide();
    else {
      const { status, info, state } = kernel;
      const silent = state === "reconnecting";
      item.text = silent ? "$(sync~spin) the kernel does not answer" : statusText(info, status);
      item.tooltip = silent ? "It is asked again for some time; cells that ran go on where it comes back. IsoFLOP: Restart Kernel ends it." : status === undefined ? "IsoFLOP kernel" : statusTooltip(status);
      item.accessibilityInformation = { label: `IsoFLOP: ${item.text.replace(/^\$\([^)]*\) /, "").replaceAll("  ", ", ")}`, role: "button" };
      item.backgroundColor = status?.warning === undefined && !silent ? undefined : new vs.ThemeColor("statusBarItem.warningBackground");
      item.show();
    }
    if (kernel !== undefined) tellOnce(kernel);
  };
  const tellOnce = (kernel: Kernel): void => {
    const warning = kernel.status?.warning;
    if (warning === undefined) warned.delete(kernel);
    else if (!warned.has(kernel)) {
      warned.add(kernel);
      void vs.window.showWarningMessage(`IsoFLOP: ${warning}`, "Interrupt").then((choice) => (choice === undefined ? undefined : kernel.interrupt()));
    }
  };
  show();
  return vs.Disposable.from(current, item, current.onDidChange(show), config.onDidChange(show));
};
