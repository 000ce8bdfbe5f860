/** @file What onnxruntime says, as an error that says what to do. */
import { ArgumentError, DeviceError, IsoflopError, ShapeError } from "../errors";
import { describeSite, type Site } from "../graph/trace";

const AS_BEFORE = "the state is as it was before this step";

interface Kind {
  readonly says: RegExp;
  readonly make: (message: string) => { readonly type: typeof IsoflopError; readonly what: string; readonly help: string };
}

/** Failures that a user can cause, by what onnxruntime says of them. */
const KINDS: readonly Kind[] = [
  { says: /terminate flag|isoflop: interrupted/i, make: () => ({ type: DeviceError, what: "the run was interrupted", help: `${AS_BEFORE}; run the cell again to go on` }) },
  { says: /(loading|initialization) canceled/i, make: () => ({ type: DeviceError, what: "loading a program was interrupted", help: "nothing has run; run the cell again to go on" }) },
  {
    says: /failed to allocate|bad allocation|bad_alloc|out of memory/i,
    make: (message) => ({ type: DeviceError, what: `out of memory: ${message}`, help: "the step needs more memory than is free: use a smaller batch or checkpoint(); compile(…).cost(…) shows the peak" }),
  },
  { says: /indices element out of data bounds|index out of bounds|invalid index/i, make: (message) => ({ type: ArgumentError, what: `an index lies outside of what it chooses from: ${message}`, help: `${AS_BEFORE}; check that token ids and labels are below the vocabulary` }) },
  { says: /dimension mismatch|broadcast|invalid shape|shape mismatch|mismatched dimensions|cannot be reshaped/i, make: (message) => ({ type: ShapeError, what: `onnxruntime: ${message}`, help: `${AS_BEFORE}; a model file that declares other shapes than it computes does this` }) },
];

/** onnxruntime's message in our form; its node, whose name carries the layer path, is where. */
export function ortError(message: string, cause?: unknown): IsoflopError {
  // Within a loop, the loop is named first and the node that failed last.
  const node = [...message.matchAll(/Name:'([^']*)'/g)].at(-1)?.[1];
  const brief = message.split("\n")[0].replace(/^.*Status Message: /, "").replace(/^\S*\/onnxruntime\S* .*?\) /, "");
  const { type: Type, what, help } = KINDS.find(({ says }) => says.test(message))?.make(brief) ?? { type: DeviceError, what: `onnxruntime: ${brief}`, help: `${AS_BEFORE}; check the inputs, and report the message if it names an internal fault` };
  return new Type(what, { ...(node === undefined || node === "" ? {} : { where: node }), help, cause });
}

/** The same error with the user's line behind the node that failed, where `sites` has it. */
export function placed(error: unknown, sites: ReadonlyMap<string, Site>): unknown {
  const site = error instanceof IsoflopError && error.where !== undefined ? sites.get(error.where) : undefined;
  const line = site && describeSite(site);
  if (!(error instanceof IsoflopError) || line === undefined) return error;
  // SAFETY: the classes of errors.ts, which all take what IsoflopError takes.
  const Type = error.constructor as typeof IsoflopError;
  return new Type(error.what, { where: `${error.where}   ${line}`, help: error.help, cause: error.cause });
}
