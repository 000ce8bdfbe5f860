/** @file The Jupyter extension, where it is installed: found, checked, activated. */
import type { Jupyter } from "@vscode/jupyter-extension";
import type { Services } from "../services";
import { UserError } from "../commands/userError";

export const JUPYTER_ID = "ms-toolsai.jupyter";
/** The first version whose `kernels.getKernel` is for everyone. */
const OLDEST: readonly [number, number] = [2024, 3];

/** Its programming interface. @throws {UserError} when it is missing, too old, or does not start; it says what to do. */
export async function jupyterExtension({ vs }: Pick<Services, "vs">): Promise<Jupyter> {
  const extension = vs.extensions.getExtension<Jupyter>(JUPYTER_ID);
  if (extension === undefined) throw new UserError("the Jupyter extension is not installed", `install it (${JUPYTER_ID}) from the Extensions view, open a Python notebook and run a cell`);
  // SAFETY: every extension has a version in its manifest; one that is no text fails the comparison.
  const { version } = extension.packageJSON as { readonly version?: unknown };
  const [major = 0, minor = 0] = String(version).split(".").map(Number);
  if (!(major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]))) throw new UserError(`the Jupyter extension is ${String(version)}; ${OLDEST.join(".")} or newer is needed`, "update it in the Extensions view");
  const api = await extension.activate();
  if (typeof api?.kernels?.getKernel !== "function" || typeof api.createJupyterServerCollection !== "function") throw new UserError("the Jupyter extension does not let other extensions read its kernels or offer servers", "update it in the Extensions view");
  return api;
}
