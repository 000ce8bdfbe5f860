/** @file Atomic writes on real disks: full ones, killed writers, failing sources. */
import { build } from "esbuild";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { chmod, mkdir, readdir, readFile, rename, stat, symlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { DeviceError } from "../../kernel/errors";
import { atomicWrite, atomicWriteSync, removeStaleTemporaries } from "../../kernel/io/atomicWrite";
import { loadLatest, saveStep } from "../../kernel/io/checkpoint";
import { ramp, scratch } from "./hostTensors";

const onPosix = process.platform !== "win32";

async function childScript(folder: string): Promise<string> {
  const outfile = join(folder, "child.mjs");
  await build({
    entryPoints: [new URL("diskChild.ts", import.meta.url).pathname],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    logLevel: "error",
  });
  return outfile;
}

/** A file system of 256 KiB, or undefined where this user may not mount one. */
async function tinyDisk(): Promise<string | undefined> {
  const folder = join(await scratch(), "disk");
  await mkdir(folder);
  if (process.platform !== "linux" || spawnSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", folder]).status !== 0) return undefined;
  onTestFinished(() => void execFileSync("umount", [folder]));
  return folder;
}

describe.each([
  ["atomicWrite", atomicWrite],
  ["atomicWriteSync", async (...args: Parameters<typeof atomicWriteSync>) => atomicWriteSync(...args)],
] as const)("%s", (_, write) => {
  test("writes text, bytes and sequences, and leaves nothing else behind", async () => {
    const folder = await scratch();
    const path = join(folder, "a.txt");
    await write(path, "ümlaut");
    expect(await readFile(path, "utf8")).toBe("ümlaut");
    await write(path, Uint8Array.of(1, 2));
    expect([...(await readFile(path))]).toEqual([1, 2]);
    await write(path, ["a", new Uint8Array(0), Buffer.from("bc")]);
    expect(await readFile(path, "utf8")).toBe("abc");
    await write(path, "");
    expect(await readFile(path, "utf8")).toBe("");
    expect(await readdir(folder)).toEqual(["a.txt"]);
  });

  test("a source that fails in the middle leaves the old file and no other, and its error is passed on", async () => {
    const folder = await scratch();
    const path = join(folder, "a.txt");
    await write(path, "old");
    const broken = function* (): Generator<string> {
      yield "new ";
      throw new RangeError("source failed");
    };
    await expect(write(path, broken())).rejects.toThrow(RangeError);
    expect(await readFile(path, "utf8")).toBe("old");
    expect(await readdir(folder)).toEqual(["a.txt"]);
  });

  test("a missing folder, and a path that is a folder, are three-line DeviceErrors", async () => {
    const folder = await scratch();
    await expect(write(join(folder, "none", "a"), "x")).rejects.toThrow(/the folder does not exist\n {2}at .*\n {2}help: create the folder/);
    await mkdir(join(folder, "sub"));
    await expect(write(join(folder, "sub"), "x")).rejects.toThrow(DeviceError);
    expect(await readdir(folder)).toEqual(["sub"]);
  });

  test.runIf(onPosix)("permissions of the old file are kept, and a link keeps pointing at its file", async () => {
    const folder = await scratch();
    const path = join(folder, "a");
    await write(path, "old");
    await chmod(path, 0o640);
    await symlink("a", join(folder, "link"));
    await write(join(folder, "link"), "new");
    expect((await stat(path)).mode & 0o777).toBe(0o640);
    expect(await readFile(path, "utf8")).toBe("new");
    expect((await readdir(folder)).sort()).toEqual(["a", "link"]);
  });
});

describe("atomicWrite", () => {
  test("takes an asynchronous sequence, and writes to one path at once end as one of them", async () => {
    const folder = await scratch();
    const path = join(folder, "a");
    const chunks = async function* (text: string): AsyncGenerator<string> {
      for (let i = 0; i < 50; i++) yield text;
    };
    await Promise.all(["a", "b", "c", "d"].map((text) => atomicWrite(path, chunks(text))));
    expect(await readFile(path, "utf8")).toMatch(/^(a{50}|b{50}|c{50}|d{50})$/);
    expect(await readdir(folder)).toEqual(["a"]);
  });

  test.runIf(onPosix).each(["sync", "async"])(
    "a file beyond the size limit of the process (%s) is a DeviceError, and the old file stays",
    async (task) => {
      const folder = await scratch();
      const child = await childScript(await scratch());
      const path = join(folder, "a");
      await writeFile(path, "old");
      const run = (size: number): ReturnType<typeof spawnSync> =>
        spawnSync("bash", ["-c", 'ulimit -f 64; exec "$@"', "bash", process.execPath, child, task, path, String(size)], { encoding: "utf8" });
      const failed = run(200_000);
      expect(failed.stdout).toMatch(
        /^DeviceError: no room to write the file \(EFBIG\)\n {2}at .*\n {2}help: free space .*what was at this path before is unchanged\n$/,
      );
      expect(failed.status).toBe(1);
      expect(await readFile(path, "utf8")).toBe("old");
      expect(await readdir(folder)).toEqual(["a"]);
      expect(run(50_000).stdout).toBe("written\n");
      expect((await stat(path)).size).toBe(50_000);
    },
  );

  test.runIf(onPosix)("a checkpoint that does not fit leaves the earlier ones to resume from", async () => {
    const folder = await scratch();
    const child = await childScript(await scratch());
    await saveStep({ tensors: { w: ramp(4) }, meta: "one" }, { folder, step: 1 });
    const failed = spawnSync("bash", ["-c", 'ulimit -f 64; exec "$@"', "bash", process.execPath, child, "step", folder, "200000"], {
      encoding: "utf8",
    });
    expect(failed.stdout).toMatch(/^DeviceError: no room to write/);
    expect(await loadLatest({ folder })).toMatchObject({ step: 1, meta: "one", warnings: [] });
    expect(await readdir(folder)).toHaveLength(1);
  });

  test("on a full disk both writers say so, keep the old file and give the space back", async ({ skip }) => {
    const disk = await tinyDisk();
    if (disk === undefined) return skip("mounting needs root");
    const path = join(disk, "a");
    await atomicWrite(path, new Uint8Array(100_000).fill(1));
    await expect(atomicWrite(path, new Uint8Array(200_000))).rejects.toThrow(/no room to write the file \(ENOSPC\)/);
    expect(() => atomicWriteSync(path, new Uint8Array(200_000))).toThrow(/ENOSPC/);
    expect((await readFile(path)).every((value) => value === 1)).toBe(true);
    expect(await readdir(disk)).toEqual(["a"]);
    await atomicWrite(path, new Uint8Array(120_000));
    await saveStep({ tensors: { w: ramp(1000) }, meta: 1 }, { folder: disk, step: 1 });
    await expect(saveStep({ tensors: { w: ramp(100_000) }, meta: 2 }, { folder: disk, step: 2, keep: 1 })).rejects.toThrow(DeviceError);
    expect(await loadLatest({ folder: disk })).toMatchObject({ meta: 1, warnings: [] });
  });

  test.runIf(onPosix)("a writer that is killed leaves the old file, and its remains are cleared once it is dead", async () => {
    const folder = await scratch();
    const path = join(folder, "a");
    await writeFile(path, "old");
    const child = spawn(process.execPath, [await childScript(await scratch()), "endless", path], { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    expect(await removeStaleTemporaries(folder)).toEqual([]);
    const exited = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await exited;
    expect(await readFile(path, "utf8")).toBe("old");
    expect(await readdir(folder)).toHaveLength(2);
    const other = join(folder, ".a.elsewhere-1-0.tmp");
    await writeFile(other, "of another machine");
    expect(await removeStaleTemporaries(folder)).toHaveLength(1);
    expect((await readdir(folder)).sort()).toEqual([basename(other), "a"]);
    await rename(other, path);
  });
});
