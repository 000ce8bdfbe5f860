/** @file What is believed of kernels that are found: only what the user alone can have written. */
import { chmod, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { clearDead, findKernels } from "../../../extension/kernel/findKernels";
import { parseRecord, readRecord } from "../../../extension/kernel/kernelRecord";
import { kernelRoot, openPrivateFolder } from "../../../extension/kernel/privateFolder";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "isoflop-test-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const valid = (folder: string) => ({ pid: process.pid, socket: join(folder, "kernel.sock"), token: "0123456789abcdef", notebook: "file:///a.ipynb", cwd: "/", started: "2026-01-01T00:00:00Z", version: "0.1.0" });

async function kernelFolder(name: string, text?: string, mode = 0o600): Promise<string> {
  const folder = join(root, name);
  await mkdir(folder, { mode: 0o700 });
  await writeFile(join(folder, "kernel.json"), text ?? JSON.stringify(valid(folder)), { mode });
  return folder;
}

describe("a kernel.json", () => {
  it("is read where it is the user's own", async () => {
    const folder = await kernelFolder("good");
    expect(await readRecord(folder)).toEqual(valid(folder));
  });

  it.each([
    ["that names a socket elsewhere", { socket: "/run/isoflop/other.sock" }, /outside/],
    ["that names a socket by way of ..", { socket: "FOLDER/../other/kernel.sock" }, /outside/],
    ["that names a group of processes", { pid: -1 }, /pid/],
    ["that names the first process", { pid: 1 }, /pid/],
    ["with a short token", { token: "x" }, /token/],
    ["with no notebook", { notebook: 7 }, /notebook/],
  ])("%s is refused", (_, change, reason) => {
    const folder = "/run/isoflop/kernel-1";
    const record = { ...valid(folder), ...change };
    expect(parseRecord(JSON.stringify(record).replaceAll("FOLDER", folder), folder)).toMatch(reason);
  });

  it("of any content is a record or a reason, never an exception", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json(), fc.record({ pid: fc.anything(), socket: fc.string() }).map((value) => String(JSON.stringify(value)))), (text) => ["string", "object"].includes(typeof parseRecord(text, "/x"))));
  });

  it("that others can read, that is a link, that is huge or truncated, or that lies in an open folder, is refused", async () => {
    const open = await kernelFolder("readable", undefined, 0o644);
    expect(await readRecord(open)).toMatch(/open to other users \(mode 644\)/);
    const huge = await kernelFolder("huge", " ".repeat(100_000));
    expect(await readRecord(huge)).toMatch(/100000 bytes/);
    expect(await readRecord(await kernelFolder("cut", '{"pid": 12'))).toBe("is not JSON");
    const link = join(root, "link");
    await mkdir(link, { mode: 0o700 });
    await symlink(join(root, "good", "kernel.json"), join(link, "kernel.json"));
    expect(await readRecord(link)).toBe("is a link");
    const shared = await kernelFolder("shared");
    await chmod(shared, 0o777);
    expect(await readRecord(shared)).toMatch(/mode 777/);
    expect(await readRecord(join(root, "missing"))).toBe("does not exist");
  });
});

describe("the folder of kernels", () => {
  it("is made for the user alone, and refused with what to do where it is open to others or a link", async () => {
    const folder = join(root, "a", "isoflop");
    expect(await openPrivateFolder(folder)).toBe(folder);
    await chmod(folder, 0o755);
    await expect(openPrivateFolder(folder)).rejects.toThrow(/open to other users \(mode 755\)[\s\S]*at .*isoflop[\s\S]*help: .*chmod 700/);
    await symlink(folder, join(root, "b"));
    await expect(openPrivateFolder(join(root, "b"))).rejects.toThrow(/is a link/);
    await writeFile(join(root, "file"), "");
    await expect(openPrivateFolder(join(root, "file"))).rejects.toThrow(/help:/);
  });

  it("is the run-time folder of the user, or one with the user's number among temporary files", () => {
    expect(kernelRoot({ XDG_RUNTIME_DIR: "/run/user/7" })).toBe("/run/user/7/isoflop");
    expect(kernelRoot({})).toBe(join(tmpdir(), `isoflop-${process.getuid?.()}`));
    expect(kernelRoot({ XDG_RUNTIME_DIR: "relative" })).toBe(kernelRoot({}));
  });

  it("tells kernels that live from dead ones; what is refused is left alone; dead ones go after a day", async () => {
    await kernelFolder("live");
    const dead = join(root, "dead");
    await kernelFolder("dead", JSON.stringify({ ...valid(dead), pid: 2 ** 22 + 12345 }));
    await kernelFolder("odd", "nonsense");
    const found = await findKernels(root);
    expect(found.alive.map(({ folder }) => folder)).toEqual([join(root, "live")]);
    expect(found.dead.map(({ folder }) => folder)).toEqual([dead]);
    expect(found.refused).toEqual([{ folder: join(root, "odd"), why: "is not JSON" }]);
    expect(await clearDead(found.dead)).toEqual([]);
    const old = new Date(Date.now() - 2 * 24 * 3600_000);
    await utimes(dead, old, old);
    expect(await clearDead(found.dead)).toEqual([dead]);
    expect((await findKernels(root)).dead).toEqual([]);
    expect((await findKernels(join(root, "nowhere"))).alive).toEqual([]);
  });
});
