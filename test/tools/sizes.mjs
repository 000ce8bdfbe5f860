// Prints lines per source file, longest first, and fails above the ceiling of 400 lines.
import { execSync } from "node:child_process";
import { readFileSync } from "node:fs";

const CEILING_LINES = 400;
const SHOWN = 12;
const files = execSync("git ls-files -co --exclude-standard '*.ts' '*.mjs' '*.cjs'", { encoding: "utf8" })
  .split("\n")
  .filter((file) => file !== "")
  .flatMap((file) => {
    try {
      return [{ file, lines: readFileSync(file, "utf8").split("\n").length - 1 }];
    } catch {
      return []; // deleted, not yet committed
    }
  })
  .sort((a, b) => b.lines - a.lines);
const total = files.reduce((sum, { lines }) => sum + lines, 0);
console.log(`${files.length} source files, ${total} lines, median ${files[files.length >> 1]?.lines ?? 0}; the longest:`);
for (const { file, lines } of files.slice(0, SHOWN)) console.log(String(lines).padStart(6), file);
const over = files.filter(({ lines }) => lines > CEILING_LINES);
if (over.length > 0) {
  console.error(`${over.length} files over ${CEILING_LINES} lines; part them at a seam`);
  process.exit(1);
}
