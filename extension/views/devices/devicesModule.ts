/** @file Devices: their tree and the choice of one. */
import { chooseDevice } from "../../commands/chooseDevice";
import type { Module } from "../../services";
import { CurrentKernel } from "../currentKernel";
import { DeviceList } from "./deviceList";
import { DevicesTree } from "./devicesTree";

export const devicesModule: Module = (services) => {
  const { vs } = services;
  const current = new CurrentKernel(services);
  const devices = new DeviceList(services);
  const tree = new DevicesTree(vs, current, devices);
  const view = vs.window.createTreeView("isoflop.devices", { treeDataProvider: tree });
  return vs.Disposable.from(
    current,
    view,
    current.onDidChange(() => {
      if (view.visible) tree.refresh();
    }),
    view.onDidChangeVisibility(() => tree.refresh()),
    chooseDevice(services, devices),
  );
};
