/** @file Checkpoints: exact round trips, checksums, rotation, falling back to the latest whole one. */
import fc from "fast-check";
import { readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { ArgumentError, DeviceError, FormatError } from "../../kernel/errors";
import { loadCheckpoint, loadLatest, saveCheckpoint, saveStep } from "../../kernel/io/checkpoint";
import { writeSafetensors } from "../../kernel/io/safetensors";
import { anyTensors, bitsOf, ramp, scratch } from "./hostTensors";

/** JSON values as JSON itself reads them (no -0). */
const anyJson = fc.json().map((text): null => JSON.parse(text.replaceAll("-0", "0")));

describe("checkpoints", () => {
  test("any tensors and any JSON come back exactly", async () => {
    const path = join(await scratch(), "a.safetensors");
    await fc.assert(
      fc.asyncProperty(anyTensors, anyJson, async (tensors, meta) => {
        await saveCheckpoint(path, { tensors, meta });
        const back = await loadCheckpoint(path);
        expect(bitsOf(back.tensors)).toEqual(bitsOf(tensors));
        expect(back.meta).toEqual(meta);
      }),
      { numRuns: 60 },
    );
  });

  test("one changed bit anywhere in the file is noticed", async () => {
    const path = join(await scratch(), "a.safetensors");
    await saveCheckpoint(path, {
      tensors: { "model.w": ramp(2, 3), step: { dtype: "int64", shape: [], data: BigInt64Array.of(7n) } },
      meta: { step: 7, rng: "0x1f", lr: [0.1, 1e-8] },
    });
    const bytes = await readFile(path);
    for (let bit = 0; bit < 8 * bytes.length; bit += 3) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] ^= 1 << (bit & 7);
      await writeFile(path, flipped);
      await expect(loadCheckpoint(path), `bit ${bit} of byte ${bit >> 3}`).rejects.toThrow(/\n {2}at .*\n {2}help: /);
    }
  });

  test("truncated at any byte it is a FormatError", async () => {
    const path = join(await scratch(), "a.safetensors");
    await saveCheckpoint(path, { tensors: { w: ramp(3) }, meta: null });
    const { length } = await readFile(path);
    for (let size = length - 1; size >= 0; size--) {
      await truncate(path, size);
      await expect(loadCheckpoint(path)).rejects.toThrow(FormatError);
    }
  });

  test("meta that JSON would change is refused with its place, and the old file stays", async () => {
    const path = join(await scratch(), "a.safetensors");
    await saveCheckpoint(path, { tensors: {}, meta: { ok: 1 } });
    const loop: { readonly [key: string]: null } & { inner?: unknown } = {};
    loop.inner = loop;
    const bad: readonly (readonly [unknown, RegExp])[] = [
      [{ loss: [1, NaN] }, /meta\.loss\[1\] is NaN/],
      [{ a: { b: Infinity } }, /meta\.a\.b is Infinity/],
      [{ a: undefined }, /meta\.a is undefined/],
      [new Map(), /meta is \[object Map\]/],
      [[new Array(2)], /meta\[0\]\[0\] is undefined/],
      [{ z: -0 }, /meta\.z is -0/],
      [{ n: 1n }, /meta\.n is 1/],
      [loop, /holds itself/],
    ];
    for (const [meta, message] of bad) {
      // SAFETY: a value that the type forbids, as plain JavaScript could pass it.
      const save = saveCheckpoint(path, { tensors: {}, meta: meta as null });
      await expect(save).rejects.toThrow(message);
      await expect(save).rejects.toThrow(ArgumentError);
    }
    expect((await loadCheckpoint(path)).meta).toEqual({ ok: 1 });
  });

  test("a safetensors file of bare weights is told apart", async () => {
    const path = join(await scratch(), "w.safetensors");
    await writeSafetensors(path, { tensors: { w: ramp(2) } });
    await expect(loadCheckpoint(path)).rejects.toThrow(/no checkpoint\n.*\n {2}help: read bare weights with readSafetensors/);
    await writeSafetensors(path, { tensors: {}, metadata: { "isoflop.format": "isoflop-checkpoint-9", "isoflop.meta": "1", "isoflop.sha256": "" } });
    await expect(loadCheckpoint(path)).rejects.toThrow(/format "isoflop-checkpoint-9", this version reads/);
  });
});

describe("checkpoint rotation", () => {
  const at = (step: number): { tensors: { w: ReturnType<typeof ramp> }; meta: { step: number } } => ({
    tensors: { w: ramp(step % 7) },
    meta: { step },
  });

  test("keeps the latest K, sorted by number, and leaves other files alone", async () => {
    const folder = join(await scratch(), "run", "checkpoints");
    for (const step of [5, 40, 300, 2_000_000_000]) await saveStep(at(step), { folder, step, keep: 2 });
    await writeFile(join(folder, "notes-1.safetensors"), "mine");
    await saveStep(at(2_000_000_001), { folder, step: 2_000_000_001, keep: 2 });
    expect((await readdir(folder)).sort()).toEqual(["notes-1.safetensors", "step-2000000000.safetensors", "step-2000000001.safetensors"]);
    const latest = await loadLatest({ folder });
    expect(latest).toMatchObject({ step: 2_000_000_001, meta: { step: 2_000_000_001 }, warnings: [] });
  });

  test("without a number to keep all stay, and saving a step again replaces it", async () => {
    const folder = await scratch();
    for (const step of [1, 2, 3, 3]) await saveStep(at(step), { folder, step });
    expect(await readdir(folder)).toHaveLength(3);
    await saveStep({ tensors: {}, meta: "again" }, { folder, step: 3, keep: 1 });
    expect(await readdir(folder)).toEqual(["step-000000003.safetensors"]);
    expect((await loadLatest({ folder }))?.meta).toBe("again");
  });

  test("skips truncated and damaged files with a warning for each, down to the latest whole one", async () => {
    const folder = await scratch();
    const paths: string[] = [];
    for (const step of [1, 2, 3]) paths.push(await saveStep(at(step), { folder, step }));
    await truncate(paths[2], 100);
    const bytes = await readFile(paths[1]);
    bytes[bytes.length - 1] ^= 1;
    await writeFile(paths[1], bytes);
    const found = await loadLatest({ folder });
    expect(found).toMatchObject({ step: 1, path: paths[0], meta: { step: 1 } });
    expect(found?.warnings.map((line) => line.replace(folder, "F"))).toEqual([
      expect.stringMatching(/^skipped F.step-000000003\.safetensors: safetensors: the header claims \d+ bytes, the file has 100$/),
      expect.stringMatching(/^skipped F.step-000000002\.safetensors: the checkpoint's checksum does not match/),
    ]);
    await truncate(paths[0], 0);
    await expect(loadLatest({ folder })).rejects.toThrow(/none of the 3 checkpoints is whole/);
  });

  test("a folder that is empty or missing holds no checkpoint; one that is a file is an error", async () => {
    const folder = await scratch();
    expect(await loadLatest({ folder })).toBeUndefined();
    expect(await loadLatest({ folder: join(folder, "none") })).toBeUndefined();
    await writeFile(join(folder, "file"), "");
    await expect(loadLatest({ folder: join(folder, "file") })).rejects.toThrow(ArgumentError);
    await expect(saveStep(at(1), { folder: join(folder, "file", "below"), step: 1 })).rejects.toThrow(DeviceError);
  });

  test("runs of several names share a folder, and steps and counts are checked", async () => {
    const folder = await scratch();
    await saveStep(at(9), { folder, step: 9, name: "ema" });
    const path = await saveStep(at(1), { folder, step: 1, keep: 1 });
    expect(basename(path)).toBe("step-000000001.safetensors");
    expect((await loadLatest({ folder, name: "ema" }))?.step).toBe(9);
    for (const options of [{ step: -1 }, { step: 1.5 }, { step: 1, keep: 0 }])
      await expect(saveStep(at(1), { folder, ...options })).rejects.toThrow(ArgumentError);
  });
});
