/** @file With the Jupyter extension: our kernel is offered as a server and runs cells there, and arrays of Python are shown. */
import { join } from "node:path";
import { expect, it } from "vitest";
import { WebSocket } from "ws";
import { makeMessage } from "../../kernel/protocol/envelope";
import { decode, encodeText } from "../../kernel/server/websocketFormat";
import { inVsCode, PICTURES } from "./suite";

const LONG_MS = 300_000;

/** What the Jupyter extension would connect to. */
interface Offered {
  readonly label: string;
  readonly url: string;
  readonly token: string;
}

inVsCode("beside the Jupyter extension", { extensions: [join(import.meta.dirname, "jupyter")] }, (suite) => {
  it("our kernel is offered as a server, which starts when it is chosen and runs cells", async () => {
    const window = await suite.openCells("offered.ipynb", ["1 + 1"]);
    const offered = (): Promise<Offered | undefined> =>
      window.host.run(async (vs): Promise<Offered | undefined> => {
        // SAFETY: the extension in the folder `jupyter` beside this file.
        const api = vs.extensions.getExtension("ms-toolsai.jupyter")?.exports as { readonly collections?: ReadonlyMap<string, { readonly provider: { provideJupyterServers(): readonly { readonly label: string }[]; resolveJupyterServer(server: object): Promise<{ readonly connectionInformation: { readonly baseUrl: { toString(skipEncoding: true): string }; readonly token: string } }> } }> } | undefined;
        const provider = api?.collections?.get("isoflop")?.provider;
        if (provider === undefined) return undefined;
        const [server] = provider.provideJupyterServers();
        const { connectionInformation } = await provider.resolveJupyterServer(server);
        return { label: server.label, url: connectionInformation.baseUrl.toString(true), token: connectionInformation.token };
      });
    await expect.poll(offered, { timeout: LONG_MS }).toMatchObject({ label: "IsoFLOP on this machine" });
    const at = await offered();
    if (at === undefined) throw new Error("it was offered a moment ago");
    expect(at.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);

    const started = await fetch(`${at.url}api/kernels`, { method: "POST", headers: { authorization: `token ${at.token}` } });
    // SAFETY: Jupyter's REST interface.
    const { id } = (await started.json()) as { readonly id: string };
    const socket = new WebSocket(`${at.url.replace("http", "ws")}api/kernels/${id}/channels?session_id=test&token=${at.token}`);
    const result = new Promise<unknown>((done, fail) => {
      socket.on("error", fail).on("open", () => socket.send(encodeText({ channel: "shell", message: makeMessage({ type: "execute_request", content: { code: "6 * 7" }, session: "test" }) })));
      socket.on("message", (data) => {
        const envelope = Buffer.isBuffer(data) ? decode(data, false) : undefined;
        if (envelope?.message.header.msg_type === "execute_result") done(envelope.message.content);
      });
    });
    expect(await result).toMatchObject({ data: { "text/plain": "42" } });
    socket.close();
  });

  it("an array of the running Python kernel opens in the tensor view", async () => {
    const window = await suite.openCells("python.ipynb", ["1"]);
    void window.host.run(async (vs) => void (await vs.commands.executeCommand("isoflop.viewPythonVariable", "grid")));
    const frame = await window.frameWith("[data-ready]");
    await expect.poll(() => frame.locator("body").innerText(), { timeout: LONG_MS }).toMatch(/float32/);
    await window.screenshot(join(PICTURES, "python-variable.png"));
  });
});
