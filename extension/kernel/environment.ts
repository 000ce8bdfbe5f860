/** @file The environment of the programs we start. */

/** This process's, without what speaks to the editor's own processes. */
export function programEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith("VSCODE_") && name !== "NODE_OPTIONS");
  // The editor's program is Node.js only when it is told so; a real Node.js does not mind.
  return { ...Object.fromEntries(kept), ELECTRON_RUN_AS_NODE: "1" };
}
