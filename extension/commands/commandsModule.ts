/** @file Commands that belong to no view. */
import type { Module } from "../services";
import { viewPythonVariable } from "../jupyter/viewPythonVariable";
import { ViewPanels } from "../views/viewPanels";
import { CliTexts } from "./cliTexts";
import { doctor } from "./doctor";
import { exportHtml } from "./exportHtml";
import { installKernelspec } from "./installKernelspec";
import { openWalkthrough } from "./openWalkthrough";
import { profileCell } from "./profileCell";
import { runAll } from "./runAll";
import { showCellCost } from "./showCellCost";

export const commandsModule: Module = (services) => {
  const panels = new ViewPanels(services);
  const texts = new CliTexts(services);
  return services.vs.Disposable.from(panels, texts, showCellCost(services, panels), profileCell(services), exportHtml(services), doctor(services, texts), installKernelspec(services, texts), viewPythonVariable(services, panels), openWalkthrough(services), runAll(services));
};
