/** @file All commands of `isoflop`, in the order of `isoflop --help`. */
import type { CommandEntry } from "./command";

export const COMMANDS: readonly CommandEntry[] = [
  { name: "run", summary: "execute a notebook without an editor", load: async () => (await import("./run")).run },
  { name: "html", summary: "write a notebook as it stands as one page", load: async () => (await import("./html")).html },
  { name: "runs", summary: "list, show and export recorded runs", load: async () => (await import("./runs")).runs },
  { name: "claims", summary: "measure the claims of methods again, and print the table", load: async () => (await import("./claims")).claims },
  { name: "compose", summary: "measure methods two at a time, and print the grid of their effects", load: async () => (await import("./compose")).compose },
  { name: "methods", summary: "list the methods, and what was measured of them", load: async () => (await import("./methods")).methods },
  { name: "kernel", summary: "run a kernel for Jupyter clients", load: async () => (await import("./kernel")).kernel },
  { name: "server", summary: "run a Jupyter server that has this kernel", load: async () => (await import("./server")).server },
  { name: "install-kernelspec", summary: "make Jupyter know the kernel", load: async () => (await import("./installKernelspec")).installKernelspec },
  { name: "doctor", summary: "check this machine, and say what to do where something is missing", load: async () => (await import("./doctor")).doctor },
  { name: "bench", summary: "measure speed on this machine, against torch and JavaScript peers", load: async () => (await import("./bench")).bench },
  { name: "view", summary: "print the output for an array in a file", load: async () => (await import("./view")).view },
  { name: "graph", summary: "show the graph of an ONNX model by module", load: async () => (await import("./graph")).graph },
  { name: "devices", summary: "list what this machine can compute on, and what to do where a device is missing", load: async () => (await import("./devices")).devices },
  { name: "worker", summary: "(started by experiments)", load: async () => (await import("./worker")).worker },
];
