/** @file "View Python Variable": a NumPy or torch array of a running Python kernel in the tensor view. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as vscode from "vscode";
import { isoflopJson } from "../commands/isoflopCli";
import { register } from "../commands/register";
import { UserError } from "../commands/userError";
import type { Services } from "../services";
import type { ViewPanels } from "../views/viewPanels";
import { jupyterExtension } from "./jupyterExtension";
import { fetchArray, listArrays, type PythonData } from "./pythonKernel";

export function viewPythonVariable(services: Services, panels: ViewPanels): vscode.Disposable {
  const { vs } = services;
  return register(services, "viewPythonVariable", async (given) => {
    const { kernels } = await jupyterExtension(services);
    const notebook = vs.window.activeNotebookEditor?.notebook;
    if (notebook === undefined) throw new UserError("no notebook is open in front", "open the Python notebook whose variable you want to see");
    const kernel = await kernels.getKernel(notebook.uri);
    if (kernel === undefined) throw new UserError("this notebook has no running kernel of the Jupyter extension that we may read", "run a cell of it first, and allow the access when the Jupyter extension asks");
    if (kernel.language !== "python") throw new UserError(`the notebook's kernel is ${kernel.language}`, "choose a notebook with a Python kernel");
    const working = <T>(title: string, work: (token: vscode.CancellationToken) => Promise<T>): Thenable<T> => vs.window.withProgress({ location: vs.ProgressLocation.Window, title }, (_, token) => work(token));
    const name = typeof given === "string" ? given : await choose(services, await working("Looking for arrays", (token) => listArrays(kernel, token)));
    if (name === undefined) return;
    const data = await working(`Reading ${name}`, (token) => fetchArray(kernel, name, token));
    panels.showBundle(name, await bundleOf(services, name, data));
  });
}

async function choose({ vs }: Services, arrays: Awaited<ReturnType<typeof listArrays>>): Promise<string | undefined> {
  if (arrays.length === 0) throw new UserError("the Python kernel has no arrays", "run a cell that makes a NumPy array or a torch tensor");
  const items = arrays.map(({ name, shape, dtype }) => ({ label: name, description: `${dtype} [${shape.join(", ")}]` }));
  return (await vs.window.showQuickPick(items, { placeHolder: "Array to look at", matchOnDescription: true }))?.label;
}

/** The tensor view's output for the array. */
async function bundleOf(services: Services, name: string, { npy, whole, kept }: PythonData): Promise<Readonly<Record<string, unknown>>> {
  const folder = await mkdtemp(join(tmpdir(), "isoflop-array-"));
  try {
    const file = join(folder, "array.npy");
    await writeFile(file, npy, { mode: 0o600 });
    const cut = whole.join() === kept.join() ? "" : ` (first ${kept[0]} of ${whole[0]})`;
    const bundle = await isoflopJson(services, ["view", file, "--title", `${name}${cut}`]);
    // SAFETY: `isoflop view` prints an object by MIME type.
    return bundle as Readonly<Record<string, unknown>>;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
