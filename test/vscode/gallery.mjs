// Writes a notebook that holds an output of every view, to be looked at with look.mjs:
//   node test/vscode/gallery.mjs out/gallery.ipynb && node test/vscode/look.mjs out/gallery.ipynb --theme dark --out out/gallery
import { writeFileSync } from "node:fs";
import { load } from "./load.mjs";

const [file = "out/gallery.ipynb"] = process.argv.slice(2);
const { galleryNotebook } = await load("galleryNotebook.ts");
writeFileSync(file, galleryNotebook());
console.log(file);
