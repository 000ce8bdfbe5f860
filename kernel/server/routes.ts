/** @file What the Jupyter server answers over HTTP: Jupyter's REST interface for kernels, kernelspecs and sessions, as far as notebook clients use it. */
import { version } from "../../package.json";
import { isRecord } from "../protocol/envelope";
import { KERNEL_NAME } from "./serverKernel";
import type { ServerKernels } from "./serverKernels";

export interface Asked {
  readonly method: string;
  /** Behind `/api`, without its query, decoded: ["kernels", "<id>", "interrupt"]. */
  readonly path: readonly string[];
  /** The JSON that came with it; undefined without any. */
  readonly body: unknown;
}

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

const OK = 200;
const CREATED = 201;
const DONE = 204;
const BAD = 400;
const MISSING = 404;
/** A stand-in for what a kernelspec of Jupyter would start: this server starts kernels itself. */
const SPEC = { argv: ["isoflop", "kernel", "-f", "{connection_file}"], display_name: "IsoFLOP", language: "typescript", interrupt_mode: "message", env: {}, metadata: { debugger: false } };

/** The answer to a request that has shown its token. @throws {IsoflopError} when a kernel does not start. */
export async function answer({ method, path, body }: Asked, kernels: ServerKernels): Promise<Answer> {
  const [area, id, action] = path;
  switch (`${method} /${[area, id === undefined ? undefined : ":id", action].filter((part) => part !== undefined).join("/")}`) {
    case "GET /":
      return { status: OK, body: { version } };
    case "GET /status":
      return { status: OK, body: kernels.status };
    case "GET /kernelspecs":
      return { status: OK, body: { default: KERNEL_NAME, kernelspecs: { [KERNEL_NAME]: kernelspec() } } };
    case "GET /kernelspecs/:id":
      return id === KERNEL_NAME ? { status: OK, body: kernelspec() } : missing(`kernelspec ${id}`);
    case "GET /kernels":
      return { status: OK, body: kernels.list };
    case "POST /kernels":
      return withName(body, async () => ({ status: CREATED, body: (await kernels.start(textOf(body, "path") ?? "")).model }));
    case "GET /sessions":
      return { status: OK, body: kernels.sessions };
    case "POST /sessions":
      return withName(isRecord(body) ? body.kernel : undefined, () => openSession(kernels, body));
    default:
      return id === undefined ? missing(`${method} /api/${path.join("/")}`) : ofOne({ method, path, body }, kernels);
  }
}

async function ofOne({ method, path: [area, id, action], body }: Asked, kernels: ServerKernels): Promise<Answer> {
  const kernel = area === "kernels" ? kernels.kernel(id) : undefined;
  const session = area === "sessions" ? kernels.session(id) : undefined;
  const what = `${method} ${action ?? ""}`.trim();
  if (kernel !== undefined) {
    if (what === "GET") return { status: OK, body: kernel.model };
    if (what === "DELETE") return kernel.end().then(() => ({ status: DONE }));
    if (what === "POST interrupt") return kernel.interrupt().then(() => ({ status: DONE }));
    if (what === "POST restart") return kernel.restart().then(() => ({ status: OK, body: kernel.model }));
  }
  if (session !== undefined) {
    if (what === "GET") return { status: OK, body: session };
    if (what === "DELETE") return kernels.closeSession(session.id).then(() => ({ status: DONE }));
    if (what === "PATCH") return { status: OK, body: await kernels.changeSession(session.id, { path: textOf(body, "path"), name: textOf(body, "name"), kernel: isRecord(body) ? textOf(body.kernel, "id") : undefined }) };
  }
  return missing(`${method} /api/${[area, id, action].filter((part) => part !== undefined).join("/")}`);
}

async function openSession(kernels: ServerKernels, body: unknown): Promise<Answer> {
  const path = textOf(body, "path");
  if (path === undefined) return { status: BAD, body: { message: "a session needs the notebook's path", reason: null } };
  return { status: CREATED, body: await kernels.openSession({ path, name: textOf(body, "name") ?? "", kernel: isRecord(body) ? textOf(body.kernel, "id") : undefined }) };
}

/** Kernels of another name are not to be had here. */
async function withName(given: unknown, then: () => Promise<Answer>): Promise<Answer> {
  const name = textOf(given, "name") ?? "";
  return name === "" || name === KERNEL_NAME ? then() : { status: BAD, body: { message: `no kernel is called ${JSON.stringify(name.slice(0, 80))}; there is ${KERNEL_NAME}`, reason: null } };
}

const kernelspec = (): object => ({ name: KERNEL_NAME, spec: SPEC, resources: {} });

const missing = (what: string): Answer => ({ status: MISSING, body: { message: `there is no ${what.slice(0, 200)}`, reason: null } });

function textOf(value: unknown, name: string): string | undefined {
  const text = isRecord(value) ? value[name] : undefined;
  return typeof text === "string" ? text : undefined;
}
