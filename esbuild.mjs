// Builds dist/: the kernel and the library that cells import share their modules; the extension and its views stand alone.
import { existsSync, mkdirSync } from "node:fs";
import { build } from "esbuild";

mkdirSync("out", { recursive: true }); // where `npm start` writes

const present = (files) => files.filter((file) => existsSync(file));
const common = { bundle: true, sourcemap: true, logLevel: "warning" };

await Promise.all([
  build({
    ...common,
    entryPoints: ["kernel/index.ts", "kernel/cli.ts", ...present(["kernel/main.ts", "kernel/process/protocolWorker.ts", "kernel/language/languageWorker.ts"])].map((file) => ({ in: file, out: file.replace(/^.*\//, "").replace(/\.ts$/, "") })),
    outdir: "dist",
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    packages: "external", // resolved from node_modules at run time
  }),
  build({ ...common, entryPoints: ["extension/extension.ts"], outfile: "dist/extension.cjs", format: "cjs", platform: "node", target: "node20", external: ["vscode"] }),
  build({
    ...common,
    entryPoints: present(["webviews/renderers/index.ts", "webviews/panels/runs.ts", "webviews/panels/modelGraph.ts"]),
    outbase: "webviews",
    outdir: "dist/webviews",
    splitting: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    minify: true,
    define: { "process.env.NODE_ENV": '"production"', global: "globalThis" },
    loader: { ".css": "text" },
  }),
]);
