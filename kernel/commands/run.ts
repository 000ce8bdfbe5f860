/** @file `isoflop run`: executes a notebook in a process of its own, watched by this one. */
import type { Command } from "./command";
import { readNotebook } from "./notebookFiles";
import { parseRunOptions, RUN_HELP } from "./runOptions";
import { controlDescriptor, supervise } from "./supervise";

export const run: Command = {
  help: RUN_HELP,
  run: async (args) => {
    const options = parseRunOptions(args);
    const descriptor = controlDescriptor();
    // A loop in a cell keeps its process from hearing Ctrl-C, so another one listens.
    if (descriptor === undefined) {
      // Mistakes are told at once, before anything large is loaded.
      await readNotebook(options);
      return supervise(["run", ...args], options);
    }
    const { executeNotebook } = await import("./executeNotebook");
    return executeNotebook(options, descriptor);
  },
};
