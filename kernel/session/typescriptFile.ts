/** @file What stands for the package `typescript` in built programs: the same compiler in one small file, read by `require`. As an import, Node would search its nine megabytes for names first. */
import { createRequire } from "node:module";
import type ts from "typescript";

// SAFETY: esbuild.mjs makes this file from the package, beside the built programs.
const compiler = createRequire(import.meta.url)("./typescript.cjs") as typeof ts;
export { compiler as default };
