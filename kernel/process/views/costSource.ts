/** @file What the cost view can show. */
import { CostReport } from "../../cost/report";
import type { Tensor } from "../../graph/tensor";
import { exampleOf } from "../../runtime/examples";
import { isCallable, modelInput } from "./modelInput";
import type { ViewSource } from "./viewReply";

/** Of a report, of a compiled function as it was last traced, or of one forward pass of a model. */
export const costSource: ViewSource = (value, { title, library: { compile, view } }) => {
  if (value instanceof CostReport) return view.cost(value, { title });
  const example = typeof value === "function" ? exampleOf(value) : undefined;
  if (example !== undefined && typeof value === "function" && "cost" in value && typeof value.cost === "function") {
    const report: unknown = value.cost(...example.args);
    return report instanceof CostReport ? view.cost(report, { title }) : undefined;
  }
  const input = isCallable(value) ? modelInput(value) : undefined;
  if (!isCallable(value) || input === undefined) return undefined;
  return view.cost(compile((model: typeof value, x: Tensor) => model.call(x), { name: title }).cost(value, input), { title });
};
