// Builds dist/: the library that cells import (index.js) and the command line (cli.js) share their modules.
import { mkdirSync } from "node:fs";
import { build } from "esbuild";

mkdirSync("out", { recursive: true }); // where `npm start` writes

await build({
  entryPoints: ["kernel/index.ts", "kernel/cli.ts"],
  outdir: "dist",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  packages: "external", // resolved from node_modules at run time
  sourcemap: true,
  logLevel: "warning",
});
