/** @file What a cell threw, in words: name, message, and a traceback in terms of cells and lines. */
import { inspect } from "node:util";
import { IsoflopError } from "../errors";
import type { ErrorContent } from "../protocol/messages";
import { CellSyntaxError } from "./cellSyntaxError";
import { codeFrame, type Place, type Script, type ScriptRegistry, showPlace } from "./scriptRegistry";

const MAX_FRAMES = 20;
const MAX_CAUSES = 3;

/** The content of an `error` message for anything that was thrown. */
export function describeError(thrown: unknown, scripts: ScriptRegistry): ErrorContent {
  const { ename, message } = nameOf(thrown);
  const { frames, place } = framesOf(thrown, message, scripts);
  const said = placed(thrown, message, place, scripts);
  // Said already, as the place of an error of ours.
  const shown = place !== undefined && frames.length === 1 && said.includes(`\n  at ${showPlace(place)}\n`) ? [] : frames;
  const cause = thrown instanceof Error ? causesOf(thrown, scripts) : [];
  const code = place?.position === undefined ? [] : ["", ...codeFrame(place.script.source, place.position)];
  const header = `${ename}: ${said}`.split("\n");
  return { ename, evalue: said, traceback: [...header, ...shown, ...code, ...cause] };
}

/** A syntax error has no stack: it knows its place in the cell. */
export function describeSyntaxError(error: CellSyntaxError, script: Script): ErrorContent {
  const at = `  at ${showPlace({ script, position: error.position })}`;
  const header = `SyntaxError: ${error.message}`.split("\n");
  return { ename: "SyntaxError", evalue: error.message, traceback: [...header, at, "", ...codeFrame(script.source, error.position)] };
}

/** V8 found what the parser let pass (`await` in a plain function): it prints file, line and a row of carets before the message. */
export function fromEngine(error: SyntaxError, script: Script): CellSyntaxError {
  const [location = "", , carets = ""] = (error.stack ?? "").split("\n");
  const line = Number(/:(\d+)$/.exec(location)?.[1] ?? 1);
  const position = script.trace({ line, column: Math.max(0, carets.indexOf("^")) + 1 });
  return new CellSyntaxError(error.message, position ?? { line: 1, column: 1 });
}

function nameOf(thrown: unknown): { readonly ename: string; readonly message: string } {
  if (!(thrown instanceof Error)) return { ename: "Thrown", message: inspect(thrown, { depth: 3, breakLength: 120 }) };
  return { ename: String(thrown.name), message: String(thrown.message) };
}

/** An error of ours tells its place in terms of cells; one that knows no place gets that of the cell, before its help. */
function placed(thrown: unknown, message: string, place: Place | undefined, scripts: ScriptRegistry): string {
  if (!(thrown instanceof IsoflopError)) return message;
  const where = thrown.where === undefined ? place && showPlace(place) : scripts.translate(thrown.where);
  return where === undefined ? message : [thrown.what, `  at ${where}`, `  help: ${thrown.help}`].join("\n");
}

interface Frames {
  readonly frames: readonly string[];
  /** The innermost place in a cell or a local file. */
  readonly place?: Place;
}

function framesOf(thrown: unknown, message: string, scripts: ScriptRegistry): Frames {
  const stack = thrown instanceof Error && typeof thrown.stack === "string" ? thrown.stack : "";
  // The message may have lines that look like frames.
  const from = stack.indexOf(message);
  const lines = (from < 0 ? stack : stack.slice(from + message.length)).split("\n").filter((line) => line.startsWith("    at "));
  // What called the cell is the session's business; Node's own frames help nobody.
  const last = lines.findLastIndex((line) => scripts.find(line) !== undefined);
  const own = lines.slice(0, last < 0 ? MAX_FRAMES : last + 1).filter((line) => !line.includes("(node:") && !line.startsWith("    at node:"));
  // An error of ours says what to do; where in the library it was raised is no help.
  const kept = thrown instanceof IsoflopError ? own.filter((line) => scripts.find(line) !== undefined) : own;
  const places = kept.map((line) => scripts.find(line));
  const place = places.find((at) => at !== undefined);
  const cut = kept.length > MAX_FRAMES ? [`  … ${kept.length - MAX_FRAMES} more`] : [];
  return { frames: [...kept.slice(0, MAX_FRAMES).map((line) => `  ${scripts.translate(line).trimStart()}`), ...cut], place };
}

function causesOf(error: Error, scripts: ScriptRegistry): string[] {
  const lines: string[] = [];
  // Ours already say in words what the cause was.
  let cause: unknown = error instanceof IsoflopError ? undefined : error.cause;
  for (let depth = 0; depth < MAX_CAUSES && cause !== undefined; depth++) {
    const { ename, message } = nameOf(cause);
    lines.push(...scripts.translate(`caused by ${ename}: ${message}`).split("\n"));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return lines;
}
