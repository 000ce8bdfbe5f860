/** @file Commands that belong to no view. */
import { type Module } from "../services";
import { ViewPanels } from "../views/viewPanels";
import { doctor } from "./doctor";
import { exportHtml } from "./exportHtml";
import { installKernelspec } from "./installKernelspec";
import { openWalkthrough } from "./openWalkthrough";
import { profileCell } from "./profileCell";
import { showCellCost } from "./showCellCost";

export const commandsModule: Module = (services) => {
  const panels = new ViewPanels(services);
  return services.vs.Disposable.from(panels, showCellCost(services, panels), profileCell(services), exportHtml(services), doctor(services), installKernelspec(services), openWalkthrough(services));
};
