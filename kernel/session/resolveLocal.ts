/** @file Files that a notebook imports by path. */
import { statSync } from "node:fs";
import { extname, isAbsolute, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ArgumentError } from "../errors";

/** Whether `specifier` is a path, and not the name of a package. */
export const isLocal = (specifier: string): boolean => specifier === "." || specifier === ".." || specifier.startsWith("./") || specifier.startsWith("../") || specifier.startsWith("file:") || isAbsolute(specifier);

const EXTENSIONS = [".ts", ".mts", ".cts", ".js", ".mjs", ".cjs", ".json"];
/** In TypeScript one writes the name of the file that will be built. */
const BUILT_FROM: Readonly<Record<string, string>> = { ".js": ".ts", ".mjs": ".mts", ".cjs": ".cts" };

/** The absolute path of the file that `specifier` means in `folder`: as written, with an extension added, or `index` in a folder.
 * @throws {ArgumentError} when there is none. */
export function resolveLocal(specifier: string, folder: string): string {
  const path = specifier.startsWith("file:") ? fileURLToPath(specifier) : resolve(folder, specifier);
  const extension = extname(path);
  const source = BUILT_FROM[extension];
  const candidates = [path, ...(source === undefined ? [] : [path.slice(0, -extension.length) + source]), ...EXTENSIONS.map((e) => path + e), ...EXTENSIONS.map((e) => resolve(path, `index${e}`))];
  const found = candidates.find((candidate) => statSync(candidate, { throwIfNoEntry: false })?.isFile() === true);
  if (found !== undefined) return found;
  if ([".tsx", ".jsx"].some((e) => statSync(path + e, { throwIfNoEntry: false })?.isFile() === true)) throw new ArgumentError(`\`${specifier}\` is a file with JSX, which is not supported`, { help: "import .ts, .js or .json files" });
  throw new ArgumentError(`there is no file \`${specifier}\``, { help: `correct the path; it starts at ${folder}${extension === "" ? `, and ${relative(folder, path) || "index"}.ts, .js, .json were looked for too` : ""}` });
}
