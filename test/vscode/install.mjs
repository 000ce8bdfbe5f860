// Installs the VS Code of the tests into the user's cache folder if it is not there: node test/vscode/install.mjs
import { load } from "./load.mjs";

try {
  const { installVsCode } = await load("installVsCode.ts");
  console.log((await installVsCode(console.log)).server);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
