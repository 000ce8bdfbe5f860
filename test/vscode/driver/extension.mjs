// Runs functions that a test sends, inside the extension host, with the `vscode` module. For throw-away servers of the tests only.
import { renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import * as vscode from "vscode";

export function activate(context) {
  // A socket of its own: the extension host of a window before may end later, and takes its socket with it.
  const path = join(process.env.ISOFLOP_TEST_ROOT, `driver-${process.pid}.sock`);
  const server = createServer((socket) => {
    let text = "";
    socket.setEncoding("utf8").on("error", () => undefined).on("data", (part) => {
      text += part;
      if (!text.endsWith("\n")) return;
      const { code, argument } = JSON.parse(text);
      Promise.resolve()
        .then(() => eval(`(${code})`)(vscode, argument))
        .then((value) => ({ value }), (error) => ({ error: String(error?.stack ?? error) }))
        .then((answer) => socket.end(JSON.stringify(answer)));
    });
  });
  server.listen(path, () => {
    const pointer = join(process.env.ISOFLOP_TEST_ROOT, "driver.address");
    writeFileSync(`${pointer}.new`, path);
    renameSync(`${pointer}.new`, pointer);
  });
  context.subscriptions.push({ dispose: () => server.close() });
}
