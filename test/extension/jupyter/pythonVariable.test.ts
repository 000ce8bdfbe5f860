/** @file Arrays of Python: the code we send runs in a real Python, and what comes back is what was there. */
import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { jupyterExtension } from "../../../extension/jupyter/jupyterExtension";
import { fetchArray, listArrays } from "../../../extension/jupyter/pythonKernel";
import { decodeNpy } from "../../../kernel/io/npy";

const PYTHON = "/usr/bin/python3";
const numpy = spawnSync(PYTHON, ["-c", "import numpy"]).status === 0;

const SETUP = `
import numpy
grid = numpy.arange(6, dtype="float32").reshape(2, 3)
counts = numpy.array([1, 2, 65535], dtype="uint16")
flag = numpy.array(True)
words = numpy.array(["a", "b"])
number = 3
class Shaped:
    shape = property(lambda self: 1 / 0)
    dtype = "x"
print("isoflop:of the user's own")
`;

/** A kernel that runs code behind SETUP in a process of its own, and prints in pieces. */
function python(): Parameters<typeof listArrays>[0] {
  const executeCode = async function* (code: string): AsyncGenerator<{ readonly items: { readonly mime: string; readonly data: Uint8Array }[] }> {
    const { stdout, stderr, status } = spawnSync(PYTHON, ["-c", `${SETUP}\n${code}\nassert "__isoflop" not in globals()`], { maxBuffer: 1e9 });
    for (let at = 0; at < stdout.length; at += 50) yield { items: [{ mime: "application/vnd.code.notebook.stdout", data: stdout.subarray(at, at + 50) }] };
    if (status !== 0) yield { items: [{ mime: "application/vnd.code.notebook.error", data: stderr }] };
  };
  // SAFETY: the part of the interface that is used.
  return { language: "python", status: "idle", executeCode } as unknown as Parameters<typeof listArrays>[0];
}
// SAFETY: nothing cancels it.
const token = {} as Parameters<typeof listArrays>[1];

describe.skipIf(!numpy)(`arrays of a Python kernel${numpy ? "" : ` (skipped: ${PYTHON} has no numpy)`}`, () => {
  test("are listed with shape and dtype; other names are not", async () => {
    expect(await listArrays(python(), token)).toEqual([
      { name: "grid", shape: [2, 3], dtype: "float32" },
      { name: "counts", shape: [3], dtype: "uint16" },
      { name: "flag", shape: [], dtype: "bool" },
      { name: "words", shape: [2], dtype: "<U1" },
    ]);
  });

  test("come over with their elements, in a dtype that we have", async () => {
    const { npy, whole, kept } = await fetchArray(python(), "grid", token);
    expect([whole, kept]).toEqual([[2, 3], [2, 3]]);
    expect(decodeNpy(npy)).toMatchObject({ dtype: "float32", shape: [2, 3], data: Float32Array.of(0, 1, 2, 3, 4, 5) });
    expect(decodeNpy((await fetchArray(python(), "counts", token)).npy)).toMatchObject({ dtype: "int64", data: BigInt64Array.of(1n, 2n, 65535n) });
  });

  test("that are none say why in Python's words", async () => {
    await expect(fetchArray(python(), "words", token)).rejects.toThrow(/words cannot be read: TypeError: elements of type <U1[\s\S]*help:/);
    await expect(fetchArray(python(), "no\"such'name", token)).rejects.toThrow(/KeyError/);
  });
});

describe("the Jupyter extension", () => {
  const editor = (extension: unknown): Parameters<typeof jupyterExtension>[0] =>
    // SAFETY: the part of the module that is used.
    ({ vs: { extensions: { getExtension: () => extension } } }) as unknown as Parameters<typeof jupyterExtension>[0];
  const installed = (version: string, api: unknown): unknown => ({ packageJSON: { version }, activate: async () => api });

  test("that is missing, old or closed is told with what to do", async () => {
    await expect(jupyterExtension(editor(undefined))).rejects.toThrow(/not installed[\s\S]*help: install it/);
    await expect(jupyterExtension(editor(installed("2023.11.1", {})))).rejects.toThrow(/2023\.11\.1[\s\S]*help: update/);
    await expect(jupyterExtension(editor(installed("2025.1.0", {})))).rejects.toThrow(/does not let/);
  });

  test("that is there is used", async () => {
    const api = { kernels: { getKernel: async () => undefined }, createJupyterServerCollection: () => undefined };
    expect(await jupyterExtension(editor(installed("2024.3.0", api)))).toBe(api);
  });
});
