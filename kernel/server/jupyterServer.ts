/** @file A small Jupyter server for this kernel alone, on this machine alone: HTTP, websockets, and a token before either. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { ArgumentError, IsoflopError } from "../errors";
import { parseJson } from "../protocol/envelope";
import { Channels } from "./channels";
import { answer } from "./routes";
import { ServerKernels, type ServerKernelsOptions } from "./serverKernels";
import { BINARY_PROTOCOL } from "./websocketFormat";

export interface JupyterServerOptions extends ServerKernelsOptions {
  /** 0 for any that is free. */
  readonly port: number;
}

const HOST = "127.0.0.1";
const TOKEN_BYTES = 24;
const MAX_BODY_BYTES = 1e6;
const MAX_MESSAGE_BYTES = 32e6;
const FORBIDDEN = 403;
const TOO_LARGE = 413;
const BAD = 400;
const FAILED = 500;

export class JupyterServer {
  /** Whoever has it can run code as this user. */
  readonly token = randomBytes(TOKEN_BYTES).toString("base64url");
  private readonly kernels: ServerKernels;
  private readonly sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES, handleProtocols: (offered) => (offered.has(BINARY_PROTOCOL) ? BINARY_PROTOCOL : false) });

  private constructor(
    private readonly server: Server,
    options: JupyterServerOptions,
  ) {
    this.kernels = new ServerKernels(options);
    server.on("request", (request, response) => void this.respond(request, response));
    server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => this.upgrade({ request, socket, head }));
  }

  /** Listens on 127.0.0.1. @throws {ArgumentError} when the port is taken. */
  static async listen(options: JupyterServerOptions): Promise<JupyterServer> {
    const server = createServer();
    server.listen(options.port, HOST);
    await once(server, "listening").catch((error: unknown) => {
      throw new ArgumentError(`the server cannot listen: ${error instanceof Error ? error.message : String(error)}`, { where: `${HOST}:${options.port}`, help: "choose another port, or 0 for any that is free", cause: error });
    });
    return new JupyterServer(server, options);
  }

  /** "http://127.0.0.1:8888/". */
  get url(): string {
    const address = this.server.address();
    return `http://${HOST}:${typeof address === "object" && address !== null ? address.port : 0}/`;
  }

  /** Ends all kernels, then the server. */
  async close(): Promise<void> {
    await this.kernels.endAll();
    for (const socket of this.sockets.clients) socket.terminate();
    this.server.closeAllConnections();
    this.server.close();
  }

  private async respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const send = (status: number, body?: unknown): void => {
      response.writeHead(status, { "content-type": "application/json", "x-content-type-options": "nosniff" });
      response.end(body === undefined ? undefined : JSON.stringify(body));
    };
    try {
      const url = this.allowed(request);
      if (url === undefined) return send(FORBIDDEN, { message: "Forbidden", reason: "the token is missing or wrong" });
      const text = await bodyOf(request);
      if (text === undefined) return send(TOO_LARGE, { message: "the request is too large", reason: null });
      const path = pathOf(url);
      const { status, body } = path === undefined ? { status: BAD, body: { message: "no path of this server", reason: null } } : await answer({ method: request.method ?? "GET", path, body: parseJson(text) }, this.kernels);
      send(status, body);
    } catch (error) {
      if (!(error instanceof IsoflopError)) process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
      send(error instanceof ArgumentError ? BAD : FAILED, { message: error instanceof Error ? error.message : String(error), reason: null });
    }
  }

  private upgrade({ request, socket, head }: { readonly request: IncomingMessage; readonly socket: Duplex; readonly head: Buffer }): void {
    socket.on("error", () => socket.destroy());
    const url = this.allowed(request);
    const [area, id, channels, ...rest] = (url && pathOf(url)) ?? [];
    const kernel = area === "kernels" && channels === "channels" && rest.length === 0 ? this.kernels.kernel(id) : undefined;
    if (url === undefined || kernel === undefined) {
      socket.end(`HTTP/1.1 ${url === undefined ? "403 Forbidden" : "404 Not Found"}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    this.sockets.handleUpgrade(request, socket, head, (websocket) => new Channels({ socket: websocket, kernel, session: url.searchParams.get("session_id") ?? "" }));
  }

  /** Its URL, where it has the token, and comes from no web page of elsewhere. */
  private allowed({ url: target = "/", headers: { authorization = "", origin } }: IncomingMessage): URL | undefined {
    const url = URL.canParse(target, this.url) ? new URL(target, this.url) : undefined;
    const given = /^(?:token|bearer) (.+)$/i.exec(authorization)?.[1] ?? url?.searchParams.get("token") ?? "";
    const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
    const known = timingSafeEqual(digest(given), digest(this.token));
    return known && (origin === undefined || `${origin}/` === this.url) ? url : undefined;
  }
}

/** Parts behind `/api`; undefined for other paths. */
function pathOf({ pathname }: URL): readonly string[] | undefined {
  const [api, ...rest] = pathname.split("/").filter((part) => part !== "");
  try {
    return api === "api" ? rest.map(decodeURIComponent) : undefined;
  } catch {
    return undefined;
  }
}

/** The text that came with a request; undefined when it is too long. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const part = Buffer.from(chunk);
    bytes += part.length;
    // Read to its end all the same: a client that still writes hears no answer.
    if (bytes <= MAX_BODY_BYTES) chunks.push(part);
  }
  return bytes > MAX_BODY_BYTES ? undefined : Buffer.concat(chunks).toString();
}
