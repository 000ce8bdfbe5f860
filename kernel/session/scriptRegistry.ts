/** @file The scripts a session has run, so that positions in stack traces can be told in terms of cells and lines. */
import type { Position } from "./cellSyntaxError";
import type { Tracer } from "./tracePosition";

export interface Script {
  /** What people call it: "cell 3", or the path of a file. */
  readonly label: string;
  readonly isCell: boolean;
  readonly source: string;
  readonly trace: Tracer;
}

/** A place in the source of a script. */
export interface Place {
  readonly script: Script;
  readonly position: Position | undefined;
}

const SCHEME = "isoflop:script/";
const LOCATION = /isoflop:script\/(\d+):(\d+):(\d+)/;

/** A script with its maps takes about so many bytes for each character of its source: a map has a place for each. */
const BYTES_PER_CHARACTER = 15;
const MAX_BYTES = 16e6;
/** So many of the newest cells are kept although nothing of them can run any more: errors that they threw may be looked at later. */
const NEWEST = 100;
/** What is left of cells that ran long ago. */
const FORGOTTEN: Script = { label: "a cell run long ago", isCell: true, source: "", trace: () => undefined };

export interface Registered {
  /** What to compile under. */
  readonly filename: string;
  /** To be held by all that can run of a cell: when nothing holds it any more the script is forgotten. */
  readonly owner: object;
}

/** Sources and source maps by the file names that V8 sees. A notebook may run for weeks: of cells those are kept of which a function is left, and the newest. */
export class ScriptRegistry {
  private readonly scripts = new Map<number, Script>();
  private readonly owners = new FinalizationRegistry<number>((name) => this.end(name));
  /** Cells among the newest of which nothing can run any more. */
  private readonly ended = new Set<number>();
  private count = 0;
  private bytes = 0;

  add(script: Script): Registered {
    const name = this.count++;
    const owner = {};
    this.scripts.set(name, script);
    if (script.isCell) this.owners.register(owner, name);
    this.bytes += sizeOf(script);
    if (this.ended.delete(name - NEWEST)) this.forget(name - NEWEST);
    for (const [old, { isCell }] of this.scripts) {
      if (this.bytes <= MAX_BYTES || old === name) break;
      if (isCell) this.forget(old);
    }
    return { filename: `${SCHEME}${name}`, owner };
  }

  /** The first place of a script that `line` of a stack trace names. */
  find(line: string): Place | undefined {
    const match = LOCATION.exec(line);
    const number = Number(match?.[1] ?? NaN);
    const script = number < this.count ? (this.scripts.get(number) ?? FORGOTTEN) : undefined;
    return match === null || script === undefined ? undefined : { script, position: script.trace({ line: Number(match[2]), column: Number(match[3]) }) };
  }

  /** `text` with all positions of scripts told as cell and line. */
  translate(text: string): string {
    if (!text.includes(SCHEME)) return text;
    return text.replace(new RegExp(LOCATION, "g"), (raw) => {
      const place = this.find(raw);
      return place === undefined ? raw : showPlace(place);
    });
  }

  private end(name: number): void {
    if (name > this.count - 1 - NEWEST) this.ended.add(name);
    else this.forget(name);
  }

  private forget(name: number): void {
    const script = this.scripts.get(name);
    this.scripts.delete(name);
    if (script !== undefined) this.bytes -= sizeOf(script);
  }
}

const sizeOf = ({ source }: Script): number => source.length * BYTES_PER_CHARACTER;

/** "cell 3, line 2:5", "/folder/lib.ts:2:5". */
export function showPlace({ script, position }: Place): string {
  if (position === undefined) return script.label;
  return script.isCell ? `${script.label}, line ${position.line}:${position.column}` : `${script.label}:${position.line}:${position.column}`;
}

/** The line of `position` between its neighbours, with a mark below the column. */
export function codeFrame(source: string, { line, column }: Position): string[] {
  const lines = source.split("\n");
  const first = Math.max(1, line - 1);
  const last = Math.min(lines.length, line + 1);
  const width = String(last).length;
  return Array.from({ length: last - first + 1 }, (_, k) => first + k).flatMap((number) => {
    const row = `${number === line ? ">" : " "} ${String(number).padStart(width)} | ${lines[number - 1].trimEnd()}`;
    // Tabs stay tabs, so that the mark stands below the right character.
    const lead = lines[number - 1].slice(0, column - 1).replace(/[^\t]/g, " ");
    return number === line ? [row.slice(0, MAX_ROW), ...(lead.length > MAX_ROW ? [] : [`  ${" ".repeat(width)} | ${lead}^`])] : [row.slice(0, MAX_ROW)];
  });
}

const MAX_ROW = 200;
