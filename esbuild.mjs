// Builds dist/: the kernel and the library that cells import share their modules; the extension and its views stand alone.
// With --release it builds what the extension ships: into the folder --outdir, without source maps, with pure JavaScript packages inside, and inputs.json,
// which names the files that went in. With --views it builds only the views.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { buildTypes } from "./test/tools/types.mjs";

mkdirSync("out", { recursive: true }); // where `npm start` writes

const present = (files) => files.filter((file) => existsSync(file));
const { outdir, release, views } = parseArgs({
  options: { outdir: { type: "string", default: "dist" }, release: { type: "boolean", default: false }, views: { type: "boolean", default: false } },
}).values;
const common = { bundle: true, sourcemap: !release, metafile: release, logLevel: "warning" };
/** Packages that cannot be bundled: they find their binaries beside them. All others are: one file opens faster than hundreds. */
const NATIVE = ["onnxruntime-node", "koffi", "zeromq"];

const buildPrograms = () => [
  build({
    ...common,
    entryPoints: ["kernel/index.ts", "kernel/cli.ts", ...present(["kernel/main.ts", "kernel/process/protocolWorker.ts", "kernel/language/languageWorker.ts"])].map((file) => ({ in: file, out: file.replace(/^.*\//, "").replace(/\.ts$/, "") })),
    outdir,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    external: NATIVE,
    // Older packages `require` parts of Node, which ES modules do not have.
    banner: { js: 'import { createRequire as $createRequire } from "node:module"; const require = $createRequire(import.meta.url);' },
    alias: { typescript: "./kernel/session/typescriptFile.ts" },
  }),
  build({ ...common, sourcemap: false, bundle: false, entryPoints: ["node_modules/typescript/lib/typescript.js"], outfile: join(outdir, "typescript.cjs"), format: "cjs", platform: "node", target: "node20", minify: true }),
  build({ ...common, entryPoints: ["extension/extension.ts"], outfile: join(outdir, "extension.cjs"), format: "cjs", platform: "node", target: "node20", external: ["vscode"] }),
];

const results = await Promise.all([
  ...(views ? [] : buildPrograms()),
  build({
    ...common,
    entryPoints: present(["webviews/renderers/index.ts", "webviews/panels/runs.ts", "webviews/panels/view.ts", "webviews/panels/modelGraph.ts"]),
    outbase: "webviews",
    outdir: join(outdir, "webviews"),
    splitting: true,
    chunkNames: "renderers/[name]-[hash]", // the editor serves a renderer nothing from outside the folder of its entry
    format: "esm",
    platform: "browser",
    target: "es2022",
    minify: true,
    define: { "process.env.NODE_ENV": '"production"', global: "globalThis" },
    loader: { ".css": "empty" }, // plotly.js brings a sheet for maps, which are not among its parts here
  }),
]);

if (!views) await buildTypes(outdir);
if (release) writeFileSync(join(outdir, "inputs.json"), JSON.stringify([...new Set(results.flatMap(({ metafile }) => Object.keys(metafile.inputs)))].sort()));
