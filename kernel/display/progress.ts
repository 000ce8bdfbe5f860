/** @file How far a long computation is. */
import { card } from "./card";
import { Display } from "./displayable";
import { percent, secondsText, significant } from "./format";
import type { ProgressPayload } from "./schema";
import { element, group } from "./svg";
import { ACCENT, BAD, GOOD, GRID } from "./theme";
import { jsonNumber } from "./values";

export interface ProgressOptions {
  /** "training" */
  readonly title?: string;
  readonly done: number;
  /** Left out: not known. */
  readonly total?: number;
  /** Plural noun, default "steps". */
  readonly unit?: string;
  readonly elapsedSeconds?: number;
  /** Said after the numbers: "loss 1.37". */
  readonly note?: string;
  /** Default: `done` when the total is reached, else `running`. */
  readonly state?: "running" | "done" | "failed";
}

/** "training: 120 of 400 steps (30 %), 12.3 steps/s, 23 s left, loss 1.37" */
export function progressView({
  title = "",
  done,
  total,
  unit = "steps",
  elapsedSeconds = NaN,
  note = "",
  state,
}: ProgressOptions): Display<"progress"> {
  const known = total !== undefined && total > 0 && Number.isFinite(total) ? total : null;
  const rate = elapsedSeconds > 0 ? done / elapsedSeconds : NaN;
  const reached = state ?? (known !== null && done >= known ? "done" : "running");
  const remaining = reached !== "running" || known === null ? NaN : Math.max(0, known - done) / rate;
  const times = [
    Number.isFinite(rate) && rate > 0 ? `${significant(rate)} ${unit}/s` : "",
    Number.isFinite(remaining)
      ? `${secondsText(remaining)} left`
      : reached !== "running" && Number.isFinite(elapsedSeconds)
        ? `in ${secondsText(elapsedSeconds)}`
        : "",
    note.slice(0, 200),
    reached === "failed" ? "failed" : "",
  ].filter((part) => part !== "");
  const count = `${significant(done, 7)}${known === null ? "" : ` of ${significant(known, 7)}`} ${unit}${known === null ? "" : ` (${percent(Math.min(1, done / known))})`}`;
  const finding = [count, ...times].join(", ");
  const payload: ProgressPayload = {
    version: 1,
    title: title.slice(0, 200),
    finding,
    cuts: [],
    done: jsonNumber(done, 12) ?? 0,
    total: known,
    unit: unit.slice(0, 40),
    rate: jsonNumber(rate),
    elapsedSeconds: jsonNumber(elapsedSeconds),
    remainingSeconds: jsonNumber(remaining),
    state: reached,
  };
  return new Display({
    view: "progress",
    payload,
    still: { "image/svg+xml": drawProgress(payload) },
    text: `${title === "" ? "" : `${payload.title}: `}${finding}`,
  });
}

/** The static twin. */
export function drawProgress({ title, finding, done, total, state }: ProgressPayload): string {
  const share = total === null ? (state === "done" ? 1 : 0) : Math.min(1, Math.max(0, done / total));
  const colour = state === "failed" ? BAD : state === "done" ? GOOD : ACCENT;
  return card({ title, finding, width: 480, height: 10 }, (box) =>
    group(
      {},
      element("rect", { ...box, height: 8, rx: 4, fill: GRID }),
      share > 0 ? element("rect", { ...box, height: 8, width: Math.max(8, box.width * share), rx: 4, fill: colour }) : undefined,
    ),
  );
}
