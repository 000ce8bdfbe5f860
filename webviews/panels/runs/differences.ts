/** @file Where the settings and the environments of runs differ, one row for each setting. */
import type { Json } from "../../../kernel/runs/schema";
import type { PanelRun } from "../runsMessages";

export interface DifferenceRow {
  /** "optimizer.lr". */
  readonly name: string;
  /** One for each run; undefined where it is not set. */
  readonly values: readonly (string | undefined)[];
  readonly differs: boolean;
}

/** Deeper settings are compared as text. */
const MAX_DEPTH = 4;
/** A list is one setting. */
const isBranch = (value: Json | undefined): value is { readonly [key: string]: Json } => typeof value === "object" && value !== null && !Array.isArray(value);

function leaves(value: Json, path: string, depth: number): [string, string][] {
  if (isBranch(value) && depth < MAX_DEPTH && Object.keys(value).length > 0) return Object.entries(value).flatMap(([key, inner]) => leaves(inner, path === "" ? key : `${path}.${key}`, depth + 1));
  return [[path, typeof value === "string" ? value : JSON.stringify(value)]];
}

/** Rows of all names in any of `maps`, in the order in which they first come; those that differ first. */
function rowsOf(maps: readonly ReadonlyMap<string, string>[]): DifferenceRow[] {
  const names = [...new Set(maps.flatMap((map) => [...map.keys()]))];
  const rows = names.map((name): DifferenceRow => {
    const values = maps.map((map) => map.get(name));
    return { name, values, differs: new Set(values).size > 1 };
  });
  return [...rows.filter(({ differs }) => differs), ...rows.filter(({ differs }) => !differs)];
}

export const configRows = (runs: readonly PanelRun[]): DifferenceRow[] => rowsOf(runs.map(({ config }) => new Map(Object.keys(config).length === 0 ? [] : leaves(config, "", 0))));

export const environmentRows = (runs: readonly PanelRun[]): DifferenceRow[] =>
  rowsOf(
    runs.map(({ environment: { machine, platform, executor, device, versions, git } }) => {
      const entries: (readonly [string, string | undefined])[] = [
        ["commit", git && `${git.commit.slice(0, 10)}${git.dirty ? " with changes" : ""}`],
        ["machine", machine],
        ["platform", platform],
        ["device", device],
        ["executor", executor],
        ...Object.entries(versions),
      ];
      return new Map(entries.flatMap(([name, value]): [string, string][] => (value === undefined || value === "" ? [] : [[name, value]])));
    }),
  );
