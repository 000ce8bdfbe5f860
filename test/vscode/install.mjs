// Installs the VS Code of the tests into the user's cache folder if it is not there: node test/vscode/install.mjs
import { load } from "./load.mjs";

try {
  const { install } = await load("install.ts");
  console.log((await install(console.log)).server);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
