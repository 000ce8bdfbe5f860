/** @file The Devices view: what the kernel computes on, memory and load; what else this machine has. */
import type * as vscode from "vscode";
import { bytesText, percent, withPrefix } from "../../../kernel/display/format";
import type { GpuStatus, KernelStatus } from "../../../kernel/protocol/jupyter";
import type { Services } from "../../services";
import type { CurrentKernel } from "../currentKernel";
import type { DeviceList } from "./deviceList";

export interface DeviceNode {
  readonly id: string;
  readonly label: string;
  readonly description: string;
  readonly icon: string;
  readonly tooltip?: string;
  readonly warning?: boolean;
  readonly children?: readonly DeviceNode[];
}

const BAR_CELLS = 10;
/** A share as blocks, which need no picture: "▰▰▰▱▱▱▱▱▱▱". */
export function bar(share: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * BAR_CELLS);
  return "▰".repeat(filled) + "▱".repeat(BAR_CELLS - filled);
}

const memoryText = (used: number, total: number): string => `${bar(total === 0 ? 0 : used / total)} ${bytesText(used)} of ${bytesText(total)}`;

/** The rows of a kernel's state. */
export function statusNodes({ executor, rssBytes, freeBytes, totalBytes, cpuLoad, flopsPerSecond, gpus, deviceMemory, warning }: KernelStatus): DeviceNode[] {
  return [
    { id: "executor", label: "Executor", description: executor, icon: "chip", tooltip: `Executor: ${executor}` },
    { id: "speed", label: "Speed", description: flopsPerSecond > 0 ? withPrefix(flopsPerSecond, "FLOP/s") : "nothing runs", icon: "dashboard", tooltip: "FLOPs of compiled programs over the last second" },
    { id: "processor", label: "Processor", description: `${cpuLoad.toFixed(1)} cores`, icon: "server", tooltip: "Load of the kernel: 2.0 is two cores full" },
    { id: "kernelMemory", label: "Kernel memory", description: bytesText(rssBytes), icon: "circuit-board", tooltip: "Memory of the kernel's process" },
    { id: "memory", label: "Memory", description: memoryText(totalBytes - freeBytes, totalBytes), icon: warning === undefined ? "database" : "warning", warning: warning !== undefined, tooltip: warning ?? "Memory of this machine in use" },
    ...(deviceMemory === undefined ? [] : [deviceMemoryNode(deviceMemory)]),
    ...gpus.map(gpuNode),
  ];
}

function deviceMemoryNode({ bytesInUse, peakBytes, bytesReserved }: NonNullable<KernelStatus["deviceMemory"]>): DeviceNode {
  return { id: "deviceMemory", label: "Kernel on the device", description: `${bytesText(bytesInUse)}, at most ${bytesText(peakBytes)}`, icon: "database", tooltip: `Tensors of the kernel on its device; with what it keeps for the next ones ${bytesText(bytesReserved)}` };
}

function gpuNode({ name, usedBytes, totalBytes, load, watts }: GpuStatus, index: number): DeviceNode {
  const id = `gpu ${index}`;
  const children: DeviceNode[] = [{ id: `${id} memory`, label: "Memory", description: memoryText(usedBytes, totalBytes), icon: "database" }];
  if (load !== undefined) children.push({ id: `${id} load`, label: "Load", description: `${bar(load)} ${percent(load)}`, icon: "dashboard" });
  if (watts !== undefined) children.push({ id: `${id} power`, label: "Power", description: `${Math.round(watts)} W`, icon: "zap" });
  return { id, label: name, description: "", icon: "circuit-board", children };
}

export class DevicesTree implements vscode.TreeDataProvider<DeviceNode> {
  readonly onDidChangeTreeData: vscode.Event<void>;
  private readonly changed: vscode.EventEmitter<void>;
  /** Kept: a tree that waits shows a progress bar, each second. */
  private listed: readonly DeviceNode[] | undefined;

  constructor(
    private readonly vs: Services["vs"],
    private readonly current: CurrentKernel,
    private readonly devices: DeviceList,
  ) {
    this.changed = new vs.EventEmitter<void>();
    this.onDidChangeTreeData = this.changed.event;
  }

  refresh(): void {
    this.changed.fire();
  }

  getChildren(node?: DeviceNode): DeviceNode[] {
    if (node !== undefined) return [...(node.children ?? [])];
    const { kernel } = this.current;
    const first: DeviceNode[] =
      kernel?.status !== undefined
        ? statusNodes(kernel.status)
        : [{ id: "executor", label: kernel === undefined ? "No kernel runs" : "Kernel", description: kernel === undefined ? "load and memory are shown while one does" : (kernel.info?.executor ?? kernel.state), icon: "chip" }];
    return [...first, { id: "devices", label: "Devices of this machine", description: "", icon: "list-tree", children: this.machine() }];
  }

  getTreeItem({ id, label, description, icon, tooltip, warning, children }: DeviceNode): vscode.TreeItem {
    const { vs } = this;
    const item = new vs.TreeItem(label, children === undefined ? vs.TreeItemCollapsibleState.None : vs.TreeItemCollapsibleState.Expanded);
    item.id = id;
    item.description = description;
    item.iconPath = new vs.ThemeIcon(icon, warning === true ? new vs.ThemeColor("list.warningForeground") : undefined);
    item.tooltip = tooltip ?? (description === "" ? label : `${label}: ${description}`);
    item.accessibilityInformation = { label: `${label} ${description.replace(/[▰▱]+ /g, "")}` };
    return item;
  }

  private machine(): readonly DeviceNode[] {
    if (this.listed === undefined) void this.ask();
    return this.listed ?? [{ id: "devices asked", label: "looking…", description: "", icon: "loading~spin" }];
  }

  private async ask(): Promise<void> {
    try {
      this.listed = (await this.devices.get()).map(({ name, description, available, reason, help }) => ({
        id: `device ${name}`,
        label: name,
        description: available ? description : "missing",
        icon: available ? "pass" : "circle-slash",
        tooltip: available ? description : [description, reason, help && `help: ${help}`].filter((line) => line !== undefined).join("\n"),
      }));
    } catch (error) {
      this.listed = [{ id: "no devices", label: "cannot be listed", description: "", icon: "warning", tooltip: error instanceof Error ? error.message : String(error) }];
    }
    this.changed.fire();
  }
}
