/** @file Functions of C libraries, called through koffi. */
import { createRequire } from "node:module";
import type koffiModule from "koffi";

let loadedKoffi: typeof koffiModule | undefined;

/** koffi, loaded at first need: where it has no library for the platform, the stock executor still works. @throws when it does not load. */
export function foreign(): typeof koffiModule {
  // SAFETY: the type of the package itself.
  return (loadedKoffi ??= createRequire(import.meta.url)("koffi") as typeof koffiModule);
}
