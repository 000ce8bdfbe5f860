/** @file compile: a function of tensors becomes one program for each shape of its arguments. */
import { costOf, type CostReport } from "../cost/report";
import { ArgumentError, NumericError } from "../errors";
import { currentTrace } from "../graph/trace";
import { substitute } from "../graph/rewrite";
import { placeholder, fromStorage, realize, storedBytes, storedData, type Storage, type Tensor } from "../graph/tensor";
import { toNumbers } from "../graph/dtype";
import { traceCall, type Traced } from "../graph/traceCall";
import { parameterNames } from "../graph/parameterNames";
import { pathsOf, tensorsOf, unflattener, type Tree } from "../graph/tree";
import type { OnnxModel } from "../onnx/model";
import { rememberExample } from "./examples";
import type { Kernels, Program } from "./executor";
import { physicalCores } from "./machine";
import { type Buffers, type Form, formOf, HOST_BUFFERS } from "./buffers";
import { BufferPool } from "./pool";
import { beginCall } from "./callsUnderWay";
import { inTurn, kernels, lowered, modelOf, programOf, type Lowered } from "./session";
import { differences, donatedIndices, fits, keyOf, layoutOf, signatureOf, type Layout, type Signature } from "./signature";

export interface CompileOptions {
  /**
   * Parameters whose tensors the call may overwrite (model, optimizer state): their buffers become the outputs of the
   * next call, so that state is never allocated again. The tensors passed in cannot be read afterwards. Default none.
   */
  readonly donate?: readonly string[];
  /**
   * Paths of results that must be finite ("loss"). When one is NaN or infinite the call fails, and donated arguments are
   * as they were before it: a diverged step never replaces a good model. Default none.
   */
  readonly finite?: readonly string[];
  /** Name in errors and reports. Default the function's own. */
  readonly name?: string;
  /** Shapes (and other settings) for which it may be traced before that is taken for a mistake. Default 16. */
  readonly maxTraces?: number;
}

export interface Compiled<Args extends readonly unknown[], R> {
  /** Runs it. Tensors in the result hold data. */
  (...args: Args): Promise<R>;
  /** FLOPs, bytes moved and peak memory of a call, by operation and by layer, without running it. */
  cost(...args: Args): CostReport;
  /** The graph that a call runs. */
  lowered(...args: Args): Lowered;
  /** The ONNX model that a call runs. */
  onnx(...args: Args): OnnxModel;
  /** Traces and loads ahead of the first call. */
  prepare(...args: Args): Promise<void>;
}

interface Variant {
  readonly signature: Signature;
  readonly layout: Layout;
  /** Of the tensors of each argument, and of the results. */
  readonly forms: { readonly given: readonly (readonly Form[])[]; readonly results: readonly Form[] };
  readonly traced: Traced;
  /** What the function returned, with the tensors that `next` gives. */
  readonly unflatten: (next: () => Tensor) => Tree;
  readonly graph: Lowered;
  /** What it was lowered for. */
  readonly kernels: Kernels;
  /** Places of the results that must be finite; looked up in the first run. */
  finiteAt?: readonly { readonly path: string; readonly index: number }[];
  program?: Promise<Program>;
}

const DEFAULT_MAX_TRACES = 16;

/**
 * `fn` as a compiled program. It is traced once for each combination of shapes and dtypes (and of settings that are not
 * tensors): inside, tensors stand for values and must not be read.
 * @throws {ArgumentError} when it is traced again and again; the error names the argument that keeps changing.
 */
export function compile<Args extends readonly unknown[], R>(fn: (...args: Args) => R, { donate = [], finite = [], name = fn.name === "" ? "compiled function" : fn.name, maxTraces = DEFAULT_MAX_TRACES }: CompileOptions = {}): Compiled<Args, R> {
  const names = parameterNames(fn);
  const donated = donatedIndices(donate, names);
  const variants = new Map<string, Variant>();
  /** One for each kind of memory that its programs keep results in. */
  const pools = new Map<Buffers, BufferPool>();
  const poolOf = ({ buffers = HOST_BUFFERS }: Program): BufferPool => {
    const known = pools.get(buffers) ?? new BufferPool(buffers);
    pools.set(buffers, known);
    return known;
  };
  let recent: Variant | undefined;

  const variantOf = (args: Args): Variant => (recent?.program !== undefined && fits(recent.layout, args) ? recent : (recent = findVariant(args)));

  const findVariant = (args: Args): Variant => {
    const signature = signatureOf(args, names);
    const key = keyOf(signature);
    const known = variants.get(key);
    // One that has not run yet was lowered for an executor that may have been changed since.
    if (known !== undefined && (known.program !== undefined || known.kernels === kernels())) return known;
    if (known === undefined && variants.size >= maxTraces) {
      const last = [...variants.values()].at(-1);
      const changed = last === undefined ? [] : differences(last.signature, signature);
      throw new ArgumentError(`${name}: would be traced for the ${variants.size + 1}th time; what changed: ${changed.slice(0, 3).join("; ")}`, {
        help: "pass numbers that vary as tensors, as in tensor(learningRate); keep shapes to a few, or raise maxTraces",
      });
    }
    const traced = traceCall(fn, args, names);
    // What it reads from outside is computed once, not in every run.
    const stand = traced.captured.map((tensor, i) => placeholder(`captured ${i}`, tensor));
    const outputs = substitute(traced.outputs, new Map(traced.captured.map((tensor, i) => [tensor, stand[i]])));
    const graph = lowered(outputs, { inputs: [...traced.parameters, ...stand], kernels: kernels() });
    const forms = { given: args.map((arg) => tensorsOf(arg).map(formOf)), results: graph.outputs.map(formOf) };
    const variant: Variant = { signature, layout: layoutOf(args), forms, traced, unflatten: unflattener(traced.result), graph, kernels: kernels() };
    variants.set(key, variant);
    rememberExample(run, { fn, args });
    return variant;
  };

  const loaded = async (args: Args): Promise<{ readonly variant: Variant; readonly program: Program }> => {
    const variant = variantOf(args);
    variant.program ??= realize(variant.traced.captured)
      .then(() => programOf(variant.graph, name))
      .then((program) => {
        poolOf(program).reserve(variant.forms.results);
        return program;
      });
    try {
      return { variant, program: await variant.program };
    } catch (error) {
      variant.program = undefined; // the next call tries again
      throw error;
    }
  };

  const run = async (...args: Args): Promise<R> => {
    if (currentTrace() !== 0) throw new ArgumentError(`${name}: called inside of a traced function`, { help: "call the function that was given to compile(); it becomes part of the outer program" });
    const given = args.map(tensorsOf);
    const flat = joined(given);
    const call = beginCall({ reads: flat, donates: joined(given.filter((_, i) => donated.has(i))) });
    try {
      await realize(flat);
      const { variant, program } = await loaded(args);
      await call.free;
      return await inTurn(() => runOnce({ variant, program, given, flat }));
    } finally {
      call.end();
    }
  };

  const runOnce = async ({ variant, program, given, flat }: { readonly variant: Variant; readonly program: Program; readonly given: readonly (readonly Tensor[])[]; readonly flat: readonly Tensor[] }): Promise<R> => {
    const { parameters, captured } = variant.traced;
    const hoisted = variant.graph.inputs.slice(parameters.length + captured.length);
    const inputs = [...flat, ...captured, ...hoisted].map(storageOf);
    const { forms } = variant;
    const pool = poolOf(program);
    const buffers = forms.results.map((form) => pool.take(form));
    try {
      await program.run(inputs, buffers);
      requireFinite(variant, buffers);
    } catch (error) {
      buffers.forEach((buffer, i) => pool.give(buffer, forms.results[i], name));
      throw error;
    }
    given.forEach((tensors, i) => {
      if (donated.has(i)) tensors.forEach(({ storage }, k) => storage !== undefined && pool.give(storage, forms.given[i][k], name));
    });
    return resultOf(variant, buffers);
  };

  return Object.assign(run, {
    cost: (...args: Args) => costOf(variantOf(args).graph, { state: [...donated].map((i) => names[i]), threads: physicalCores() }),
    lowered: (...args: Args) => variantOf(args).graph,
    onnx: (...args: Args) => modelOf(variantOf(args).graph),
    prepare: async (...args: Args) => {
      await realize(args.flatMap(tensorsOf));
      await loaded(args);
    },
  });

  /** @throws {ArgumentError} when a path of `finite` names no result. */
  function finitePlaces({ traced }: Variant): readonly { readonly path: string; readonly index: number }[] {
    const paths = pathsOf(traced.result);
    return finite.map((path) => {
      const index = paths.indexOf(path);
      if (index < 0) throw new ArgumentError(`${name}: "finite" names ${JSON.stringify(path)}, which is no result`, { help: `the results are ${paths.slice(0, 6).join(", ")}` });
      return { path, index };
    });
  }

  /** @throws {NumericError} naming the first result that is not finite. */
  function requireFinite(variant: Variant, buffers: readonly Storage[]): void {
    variant.finiteAt ??= finitePlaces(variant);
    for (const { path, index } of variant.finiteAt) {
      const { dtype } = variant.traced.outputs[index];
      const bad = toNumbers({ dtype, data: storedBytes(buffers[index]) }).find((value) => !Number.isFinite(value));
      if (bad !== undefined) throw new NumericError(`${name}: ${path} is ${bad}`, { help: "the arguments are as they were before this step: lower the learning rate, clip gradients, or look at the last good values" });
    }
  }

  function resultOf({ unflatten, graph }: Variant, buffers: readonly Storage[]): R {
    let next = 0;
    const filled = unflatten(() => {
      const i = next++;
      return fromStorage(graph.outputs[i], buffers[i]);
    });
    // SAFETY: the tree that `fn` returned, with tensors in the place of tensors.
    return filled as R;
  }
}

/** All items in one list: `flat` takes ten times as long, in every call. */
const joined = <T>(lists: readonly (readonly T[])[]): readonly T[] => (lists.length === 1 ? lists[0] : ([] as T[]).concat(...lists));

/** @throws {LifetimeError} when the tensor was donated before. */
function storageOf(tensor: Tensor): Storage {
  if (tensor.storage === undefined) throw new Error("realized tensors have storage");
  if (tensor.storage.takenBy !== undefined) storedData(tensor);
  return tensor.storage;
}
