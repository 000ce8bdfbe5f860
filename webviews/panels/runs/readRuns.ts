/** @file The message with runs, checked: it comes from our own extension, whose data come from files of anybody. */
import type { PanelRun, ToRunsPanel } from "../runsMessages";

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null && !Array.isArray(value);
const COLUMNS = ["step", "seconds", "flops", "tokens", "value"] as const;

function isSeries(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const lengths = COLUMNS.map((name) => {
    const column = value[name];
    return Array.isArray(column) && column.every((one) => typeof one === "number" || one === null) ? column.length : -1;
  });
  return lengths[0] >= 0 && lengths.every((length) => length === lengths[0]);
}

function isRun(value: unknown): value is PanelRun {
  if (!isRecord(value)) return false;
  const { id, name, group, status, started, seconds, config, environment, metrics } = value;
  const texts = [id, name, group, status, started].every((one) => typeof one === "string");
  return texts && typeof seconds === "number" && isRecord(config) && isRecord(environment) && isRecord(environment.versions) && isRecord(metrics) && Object.values(metrics).every(isSeries);
}

/** The message, or undefined for anything else; runs that are none are left out. */
export function readToRunsPanel(message: unknown): ToRunsPanel | undefined {
  if (!isRecord(message) || message.type !== "runs" || !Array.isArray(message.runs)) return undefined;
  return { type: "runs", runs: message.runs.filter(isRun) };
}
