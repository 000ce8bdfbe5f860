/** @file The values that a cell's static imports give to its names. */
import { ArgumentError, IsoflopError } from "../errors";
import type { ImportRequest } from "./importRequest";
import type { Namespace } from "./nativeImport";
import { suggest } from "./suggest";

export interface Binding {
  readonly name: string;
  readonly value?: unknown;
  /** Instead of a value: throws when the name is used. */
  readonly fail?: () => never;
}

export interface BindOptions {
  readonly imports: readonly ImportRequest[];
  /** What errors call the cell. */
  readonly cell: string;
  readonly load: (request: ImportRequest) => Promise<Namespace>;
}

/** Loads the modules in order. A missing name that looks like a type (`import { Options }` without `type`) only fails when it is used as a value.
 * @throws {ArgumentError} when a module or a name in it does not exist, with the cell and line of the import. */
export async function bindImports({ imports, cell, load }: BindOptions): Promise<Binding[]> {
  const bindings: Binding[] = [];
  for (const request of imports) {
    const where = request.position === undefined ? cell : `${cell}, line ${request.position.line}`;
    const module = await load(request).catch((error: unknown) => Promise.reject(withPlace(error, where)));
    if (request.namespace !== undefined) bindings.push({ name: request.namespace, value: module });
    for (const { imported, local } of request.names) {
      const found = exported(module, imported);
      if (found !== undefined) bindings.push({ name: local, value: found.value });
      else {
        const error = missing({ module, imported, specifier: request.specifier, where });
        if (!looksLikeType(imported)) throw error;
        bindings.push({ name: local, fail: () => { throw error; } });
      }
    }
  }
  return bindings;
}

/** An export; for old packages whose names Node cannot see in advance, a property of what they export as a whole. */
function exported(module: Namespace, name: string): { readonly value: unknown } | undefined {
  if (name in module) return { value: module[name] };
  const whole = module.default;
  return (typeof whole === "object" || typeof whole === "function") && whole !== null && name in whole ? { value: Reflect.get(whole, name) } : undefined;
}

const looksLikeType = (name: string): boolean => name[0] !== name[0].toLowerCase();

interface Missing {
  readonly module: Namespace;
  readonly imported: string;
  readonly specifier: string;
  readonly where: string;
}

function missing({ module, imported, specifier, where }: Missing): ArgumentError {
  const near = suggest(imported, Object.keys(module));
  const help = near !== undefined ? `did you mean \`${near}\`?` : imported === "default" ? "import names: `import { … }`, or all of it: `import * as …`" : "look at what the module exports: `import * as all` and show `all`";
  return new ArgumentError(`\`${specifier}\` exports no \`${imported}\``, { where, help });
}

function withPlace(error: unknown, where: string): unknown {
  if (!(error instanceof IsoflopError) || error.where !== undefined) return error;
  return new ArgumentError(error.what, { where, help: error.help, cause: error.cause });
}
