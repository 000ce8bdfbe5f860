/** @file Where the graph is being built: the trace, the layer path and the source position of each node. */

let traceDepth = 0;
let traceCount = 0;
const traces: number[] = [];
const scopes: string[] = [];

/** The innermost trace, or 0 outside of any: nodes remember it, so that values from outside are recognized. */
export const currentTrace = (): number => (traceDepth === 0 ? 0 : traces[traceDepth - 1]);

/** Runs `body` in a new trace and returns its result with the trace's number. Nests. */
export function withTrace<R>(body: () => R): { readonly result: R; readonly trace: number } {
  const trace = ++traceCount;
  traces[traceDepth++] = trace;
  try {
    return { result: body(), trace };
  } finally {
    traceDepth--;
  }
}

/** Layer path of nodes made now ("blocks.2.mlp.up"), "" outside of any layer. */
export const currentScope = (): string => (scopes.length === 0 ? "" : scopes[scopes.length - 1]);

/** Runs `body` with `path` as the layer path; "" keeps the present one. */
export function withScope<R>(path: string, body: () => R): R {
  if (path === "") return body();
  scopes.push(path);
  try {
    return body();
  } finally {
    scopes.pop();
  }
}

/** A remembered call position; formatting it is put off until an error needs it. */
export type Site = Error;

/** Kept for every node: few, because each costs time. */
const NODE_FRAMES = 12;
/** Read once, for an error: user code may stand behind many layers. */
const ERROR_FRAMES = 200;

/** Remembers where the user's code is now, `frames` calls up at most. */
function captureSite(frames: number): Site {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = frames;
  const site = new Error();
  Error.stackTraceLimit = limit;
  return site;
}

let givenSite: { readonly site: Site | undefined } | undefined;

/** Nodes that `body` makes stand where `site` is: gradients and rewrites, which no line of the user's makes. */
export function withSite<R>(site: Site | undefined, body: () => R): R {
  const before = givenSite;
  givenSite = { site };
  try {
    return body();
  } finally {
    givenSite = before;
  }
}

/** Position of a node made now. */
export const currentSite = (): Site | undefined => (givenSite === undefined ? captureSite(NODE_FRAMES) : givenSite.site);

const OWN_FRAME = /[/\\](kernel|dist|node_modules)[/\\]|node:internal/;

/** Frames of built-in functions have no line. */
const POSITION = /:\d+:\d+\)?$/;

/** Position of the innermost frame outside of IsoFLOP itself ("cell-5.ts:12:7"), or undefined. */
export function describeSite(site: Site): string | undefined {
  const frames = (site.stack ?? "").split("\n").slice(1);
  const user = frames.find((frame) => POSITION.test(frame) && !OWN_FRAME.test(frame));
  return user?.trim().replace(/^at (?:.*\()?(.*?)\)?$/, "$1");
}

/** Layer path and user's position of the call under way: the second line of errors. */
export function here(): string | undefined {
  const site = givenSite === undefined ? captureSite(ERROR_FRAMES) : givenSite.site;
  const parts = [currentScope(), site && describeSite(site)].filter((part) => part !== undefined && part !== "");
  return parts.length === 0 ? undefined : parts.join("   ");
}
