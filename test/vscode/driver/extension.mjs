// Runs functions that a test sends, inside the extension host, with the `vscode` module. For throw-away servers of the tests only.
import { rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import * as vscode from "vscode";

export function activate(context) {
  const path = join(process.env.ISOFLOP_TEST_ROOT, "driver.sock");
  rmSync(path, { force: true }); // of the window before a reload
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
  server.listen(path);
  context.subscriptions.push({ dispose: () => server.close() });
}
