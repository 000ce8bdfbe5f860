/** @file Imports packages and built-in modules as a module in a given folder would. */
import { isBuiltin } from "node:module";
import { join } from "node:path";
import vm from "node:vm";
import { ArgumentError } from "../errors";

export type Namespace = Readonly<Record<string, unknown>>;
export type Attributes = Readonly<Record<string, string>>;
type Import = (specifier: string, options?: { readonly with: Attributes }) => Promise<Namespace>;

const importers = new Map<string, Import>();
/** The importing "file" of a folder; it need not exist. */
const ANCHOR = "cell.js";

/** The module that `specifier` means in `folder`.
 * @throws {ArgumentError} when the package is not installed there, or a path in it does not exist. */
export async function nativeImport(specifier: string, folder: string, attributes: Attributes = {}): Promise<Namespace> {
  try {
    return await (Object.keys(attributes).length === 0 ? importerOf(folder)(specifier) : importerOf(folder)(specifier, { with: attributes }));
  } catch (error) {
    throw explain(error, specifier, folder);
  }
}

function importerOf(folder: string): Import {
  const old = importers.get(folder);
  if (old !== undefined) return old;
  // Only a script of the default loader can import relative to a folder of our choice; Node calls that experimental on every use.
  const warn = process.emitWarning;
  process.emitWarning = () => undefined;
  try {
    const importModuleDynamically = vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;
    const script = new vm.Script("(specifier, options) => import(specifier, options)", { filename: join(folder, ANCHOR), importModuleDynamically });
    // SAFETY: the script's value is the function above.
    const importer = script.runInThisContext() as Import;
    // The complaint comes with the first use, so that is made here.
    void importer("node:module");
    importers.set(folder, importer);
    return importer;
  } finally {
    process.emitWarning = warn;
  }
}

function explain(error: unknown, specifier: string, folder: string): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const message = error instanceof Error ? error.message : "";
  const name = packageName(specifier);
  // A package that fails to find one of its own parts says so itself.
  const ours = message.includes(join(folder, ANCHOR)) || message.includes(`'${name}'`);
  if (code === "ERR_MODULE_NOT_FOUND" && message.startsWith("Cannot find package") && ours && !isBuiltin(name))
    return new ArgumentError(`the package \`${name}\` is not installed`, { help: `npm install ${name}   (in ${folder})`, cause: error });
  if (code === "ERR_PACKAGE_PATH_NOT_EXPORTED" && ours) return new ArgumentError(`the package \`${name}\` has no part \`${specifier}\``, { help: "import what its package.json exports", cause: error });
  return error;
}

/** `@scope/name` or `name` of "@scope/name/part". */
const packageName = (specifier: string): string => specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
