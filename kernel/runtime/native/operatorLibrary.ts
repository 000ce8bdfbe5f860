/** @file Our own operators for onnxruntime (native/ops, domain "isoflop"): found, checked, and added to sessions. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { DeviceError } from "../../errors";
import { OPCODES } from "../../onnx/fusedProgram";
import { OWN_OPERATORS } from "../../onnx/ownOperators";
import { requireWhole } from "./libraryFile";
import { foreign } from "../foreign";
import type { Foreign, OrtApi, Pointer } from "./ortApi";

const NAME = process.platform === "darwin" ? "libisoflop_ops.dylib" : "libisoflop_ops.so";
const BUILD = "npm run build:native";

/** Where the library may lie: beside the bundle, or in the repository's dist when run from its sources; ISOFLOP_OPERATORS names another. */
function candidates(): string[] {
  const folder = `native/${process.platform}-${process.arch}`;
  const here = dirname(fileURLToPath(import.meta.url));
  return [join(here, folder, NAME), join(here, "../../../dist", folder, NAME)];
}

/** Descriptions of operators in another library. */
export interface MoreOperators {
  readonly operators: Pointer;
  readonly count: number;
}

/** The library, one for each process. */
export class OperatorLibrary {
  private static found: OperatorLibrary | null | undefined;

  /** The library where it is there; undefined where it was not built, or ISOFLOP_OPERATORS is "none". @throws {DeviceError} when it is there and does not fit. */
  static get(api: OrtApi): OperatorLibrary | undefined {
    OperatorLibrary.found ??= OperatorLibrary.load(api) ?? null;
    return OperatorLibrary.found ?? undefined;
  }

  private static load(api: OrtApi): OperatorLibrary | undefined {
    const wish = process.env.ISOFLOP_OPERATORS;
    if (wish === "none") return undefined;
    const path = wish ?? candidates().find((file) => existsSync(file));
    return path === undefined ? undefined : new OperatorLibrary(api, path);
  }

  /** The instruction set that its kernels use: "avx512", "avx2", "portable". */
  readonly instructionSet: string;
  /** Held: a collected library is unmapped under its functions. */
  private readonly library: ReturnType<ReturnType<typeof foreign>["load"]>;
  private readonly registerAll: (options: Pointer, base: Pointer) => Pointer | null;
  private readonly registerWith: (options: Pointer, base: Pointer, more: Pointer, count: number) => Pointer | null;
  /** (session, run options, binding, flag): a run that ends within an operator of ours when the flag, one int32, is no longer 0. Returns a status. */
  readonly run: Foreign;

  private constructor(
    private readonly api: OrtApi,
    readonly path: string,
  ) {
    try {
      requireWhole(path);
      this.library = foreign().load(path);
    } catch (error) {
      throw new DeviceError(`the operator library does not load: ${error instanceof Error ? error.message : String(error)}`, { where: path, help: `build it again with ${BUILD}, or set ISOFLOP_OPERATORS=none` });
    }
    const [[instructionSet], operators, opcodes] = String(this.library.func("str IsoflopDescribe()")()).split("\n").map((line) => line.trim().split(" "));
    const missing = OWN_OPERATORS.some((name) => !operators?.includes(name));
    if (missing || opcodes?.join() !== OPCODES.join()) throw new DeviceError("the operator library is of another version", { where: path, help: `build it again with ${BUILD}` });
    this.instructionSet = instructionSet;
    this.registerAll = this.library.func("void *RegisterCustomOps(void *options, void *base)");
    this.registerWith = this.library.func("void *IsoflopRegisterWith(void *options, void *base, void *more, size_t count)");
    this.run = this.library.func("void *IsoflopRun(void *session, void *options, void *binding, int32_t *stop)");
  }

  /** Adds the operators to sessions made with `options`; with those for another provider, which are the same in all calls. */
  register(options: Pointer, more?: MoreOperators): void {
    this.api.check(more === undefined ? this.registerAll(options, this.api.base) : this.registerWith(options, this.api.base, more.operators, more.count));
  }
}
