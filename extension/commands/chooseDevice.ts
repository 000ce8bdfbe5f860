/** @file "Choose Device": of the running kernel, and of new ones. */
import type * as vscode from "vscode";
import type { Services } from "../services";
import type { DeviceList, ListedDevice } from "../views/devices/deviceList";
import { notebookEditor } from "./notebookCells";
import { register } from "./register";
import { UserError } from "./userError";

const DEFAULT = "Use for New Kernels";

export function chooseDevice(services: Services, devices: DeviceList): vscode.Disposable {
  const { vs, config, kernels } = services;
  return register(services, "chooseDevice", async () => {
    const editor = notebookEditor(services);
    const kernel = kernels.active ?? (editor && kernels.of(editor.notebook.uri));
    const present = kernel?.status?.device ?? kernel?.info?.device ?? config.device;
    // The list may take a second: the picker opens at once and says so.
    const items: Thenable<DeviceItem[]> = devices.get().then((list) => list.map((device) => itemOf(device, present)));
    const chosen = await vs.window.showQuickPick(items, { placeHolder: kernel === undefined ? "Device of new kernels" : "Device that this notebook computes on", matchOnDetail: true });
    if (chosen === undefined) return;
    const { device } = chosen;
    if (!device.available) throw new UserError(`the device "${device.name}" is missing: ${device.reason ?? "it was not found"}`, device.help ?? "see IsoFLOP: Doctor");
    const setDefault = (): Thenable<void> => vs.workspace.getConfiguration("isoflop").update("device", device.name, vs.ConfigurationTarget.Global);
    if (kernel === undefined || kernel.state === "dead") {
      await setDefault();
      return;
    }
    const reply = await kernel.request("isoflop_device_request", { device: device.name });
    if (reply.status !== "ok") throw new UserError(`the kernel stays on "${present}": ${reply.evalue ?? reply.status}`, "see IsoFLOP: Doctor");
    const message = `This notebook computes on ${reply.kernel.executor}. Functions that were compiled before keep their device: run their cells again.`;
    const buttons = config.device === device.name ? [] : [DEFAULT];
    void vs.window.showInformationMessage(message, ...buttons).then((choice) => (choice === DEFAULT ? setDefault() : undefined));
  });
}

interface DeviceItem extends vscode.QuickPickItem {
  readonly device: ListedDevice;
}

const itemOf = (device: ListedDevice, present: string): DeviceItem => ({
  label: `$(${device.available ? "chip" : "circle-slash"}) ${device.name}`,
  description: device.name === present ? "in use" : device.available ? "" : "missing",
  detail: device.available ? device.description : `${device.description}: ${device.reason ?? ""}`,
  device,
});
