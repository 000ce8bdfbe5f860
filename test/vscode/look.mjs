// See the extension at work in a real VS Code, without a window: pictures of it are written.
//
//   npm run build && node test/vscode/look.mjs notebooks/00-start.ipynb --theme dark --run all
//
// It builds nothing: the working tree's dist is loaded as it is (or --vsix FILE). The notebook is copied to an empty folder and opened there;
// more files are copied beside it; each cell with outputs is pictured. Without a notebook an empty window, or the first file, opens (a .onnx file: its custom editor).
//   --run all|1,3      run code cells, counted from 1, one after another; prints their outputs' types and text
//   --theme NAME       light, dark, hc, hc-light
//   --command TITLE    then run a command of the palette ("IsoFLOP: Doctor: Check this Machine"); may be repeated
//   --set NAME=JSON    a setting; may be repeated
//   --script FILE.mjs  then call its `export async function look({ workbench, shot })`: `workbench.page` is Playwright's page,
//                      `workbench.host.run((vs) => …)` runs in the extension host, `workbench.frameWith(selector)` finds an output's
//                      frame, `await shot("name")` writes a picture. See workbench.ts.
//   --wait SECONDS     how long a cell may take (120)
//   --keep             leave the server running and print its address
//   --out DIR          where window.png, cell-NN.png and log.txt go (out/look)
import { load } from "./load.mjs";

try {
  const { lookAt } = await load("lookAt.ts");
  await lookAt(process.argv.slice(2));
} catch (error) {
  console.error(error.stack ?? error);
  process.exitCode = 1;
}
