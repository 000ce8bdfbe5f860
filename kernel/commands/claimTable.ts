/** @file The table of claims: what the paper says, what was measured, and the verdict. */
import { flopsText, secondsText, significant } from "../display/format";
import { mean } from "../fit/statistics";
import { budgetText, estimateText } from "../experiment/result";
import type { ExperimentRecord } from "../experiment/schema";

export interface ClaimRow {
  readonly method: string;
  readonly claim: string;
  readonly paper: string;
  readonly measured: string;
  readonly cost: string;
  readonly verdict: string;
}

/** The budget of an arm, or what one spent on average, and how long they computed. No sum of FLOPs: arms may each be charged for runs that they share. */
function costOf({ arms, budget, seconds, seeds }: ExperimentRecord): string {
  const flops = arms.flatMap((arm) => arm.seeds.map(({ executedFlops }) => executedFlops));
  return `${budget === undefined ? `${flopsText(mean(flops))} an arm` : budgetText(budget)}; ${arms.length} arms × ${seeds.length} seeds, ${secondsText(seconds)} of computing in them`;
}

export function claimRow(record: ExperimentRecord): ClaimRow {
  const { title, claim, figure, measured, verdict, reason, seeds } = record;
  const unit = figure.unit === "" ? "" : ` ${figure.unit}`;
  return {
    method: title,
    claim,
    paper: figure.value === undefined ? figure.label : `${figure.label}: ${significant(figure.value)}${unit}`,
    measured: `${estimateText(measured)}${unit}, ${seeds.length} seeds`,
    cost: costOf(record),
    verdict: verdict === "held" ? "**held**" : `**${verdict}**: ${reason}`,
  };
}

const HEAD: readonly (readonly [keyof ClaimRow, string])[] = [["method", "Method"], ["paper", "Paper"], ["measured", "Here (95 % interval)"], ["cost", "Cost"], ["verdict", "Verdict"]];

/** As Markdown; method names link to their notebooks. */
export function markdownTable(records: readonly ExperimentRecord[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const rows = records.map((record) => {
    const row = claimRow(record);
    return line(HEAD.map(([key]) => (key === "method" ? `[${row.method}](notebooks/${record.slug}.ipynb)` : row[key])));
  });
  return [line(HEAD.map(([, name]) => name)), line(HEAD.map(() => "---")), ...rows, ""].join("\n");
}

/** As text for a terminal. */
export function textTable(records: readonly ExperimentRecord[]): string {
  return records
    .map((record) => {
      const row = claimRow(record);
      const checks = record.checks.map(({ name, kind, verdict, comparisons }) => {
        const found = comparisons.map((one) => `${estimateText(one)} ${one.relation} ${significant(one.bound)}`).join("; ");
        return `    ${verdict.padEnd(12)} ${kind === "control" ? "control: " : ""}${name}: ${found}`;
      });
      const ran = `${record.environment.machine}${record.environment.git === undefined ? "" : `, commit ${record.environment.git.commit.slice(0, 7)}`}`;
      return [`${row.method}: ${record.verdict.toUpperCase()} (${record.reason})`, `  claim     ${row.claim}`, `  paper     ${row.paper}`, `  here      ${row.measured}`, `  cost      ${row.cost}`, `  on        ${ran}`, ...checks, ""].join("\n");
    })
    .join("\n");
}

const BEGIN = "<!-- claims: written by `isoflop claims --write` -->";
const END = "<!-- /claims -->";

/** `document` with the table between its marks replaced; undefined when it has no marks. */
export function withTable(document: string, records: readonly ExperimentRecord[]): string | undefined {
  const [start, end] = [document.indexOf(BEGIN), document.indexOf(END)];
  return start < 0 || end < start ? undefined : `${document.slice(0, start + BEGIN.length)}\n${markdownTable(records)}${document.slice(end)}`;
}
