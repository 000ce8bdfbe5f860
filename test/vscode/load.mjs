// Loads a TypeScript file of this folder, so that the scripts beside it run with plain node and share their code with the tests.
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

export async function load(name) {
  const out = resolve(import.meta.dirname, "../../out");
  await mkdir(out, { recursive: true });
  const folder = await mkdtemp(join(out, "load-")); // inside the tree, so that packages are found
  try {
    const outfile = join(folder, "script.mjs");
    const define = { "import.meta.dirname": JSON.stringify(import.meta.dirname) };
    await build({ entryPoints: [join(import.meta.dirname, name)], outfile, bundle: true, format: "esm", platform: "node", target: "node20", packages: "external", define });
    return await import(pathToFileURL(outfile).href);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
