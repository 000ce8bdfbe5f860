/** @file What the user has chosen in a tensor view, and how it is read back. */
import { type MapName, MAPS, type Span, SPANS } from "./colourScale";
import { COPY_FORMATS, type CopyFormat } from "./copyText";
import type { Selection } from "./slice";

export interface Settings {
  readonly map: MapName;
  /** What the colours are stretched over. */
  readonly span: Span;
  readonly log: boolean;
  readonly format: CopyFormat;
  /** Checked against the payload where it is used. */
  readonly selection: Partial<Selection> | undefined;
}

const DEFAULTS: Settings = { map: "automatic", span: "tensor", log: false, format: "text", selection: undefined };

/** Settings out of a saved state; what makes no sense there is as at first. */
export function readSettings(state: unknown): Settings {
  if (typeof state !== "object" || state === null) return DEFAULTS;
  const saved = new Map<string, unknown>(Object.entries(state));
  const selection = saved.get("selection");
  return {
    map: MAPS.find((name) => name === saved.get("map")) ?? DEFAULTS.map,
    span: SPANS.find((name) => name === saved.get("span")) ?? DEFAULTS.span,
    log: saved.get("log") === true,
    format: COPY_FORMATS.find((name) => name === saved.get("format")) ?? DEFAULTS.format,
    selection: typeof selection === "object" && selection !== null ? selection : undefined,
  };
}
