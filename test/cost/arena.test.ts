import fc from "fast-check";
import { expect, test } from "vitest";
import { Arena, type Chunk } from "../../kernel/cost/arena";

const MIB = 2 ** 20;

test("requests are rounded up to 256 bytes, and an empty one takes as much", () => {
  const arena = new Arena();
  expect(arena.take(1).bytes).toBe(256);
  expect(arena.take(0).bytes).toBe(256);
  expect(arena.take(257).bytes).toBe(512);
  expect(arena.inUseBytes).toBe(1024);
});

test("regions grow by doubling, and a large request gets the next power of two", () => {
  const arena = new Arena();
  arena.take(1);
  expect(arena.reservedBytes).toBe(MIB);
  arena.take(5 * MIB);
  expect(arena.reservedBytes).toBe(9 * MIB);
});

test("a chunk that is less than twice too large is given whole and counts in full", () => {
  const arena = new Arena();
  expect(arena.take(0.6 * MIB).bytes).toBe(MIB);
  expect(arena.peakBytes).toBe(MIB);
});

test("chunks given back merge with their free neighbours", () => {
  const arena = new Arena();
  const chunks = [1, 2, 3, 4].map(() => arena.take(MIB / 4));
  for (const i of [0, 2, 1, 3]) arena.give(chunks[i]);
  expect(arena.inUseBytes).toBe(0);
  expect(arena.take(MIB).bytes).toBe(MIB);
  expect(arena.reservedBytes).toBe(MIB);
});

test("whatever is taken and given back, chunks in use never overlap and add up to the bytes in use", () => {
  const actions = fc.array(fc.record({ bytes: fc.integer({ min: 0, max: 3 * MIB }), give: fc.nat() }), { maxLength: 60 });
  fc.assert(
    fc.property(actions, (list) => {
      const arena = new Arena();
      const held: Chunk[] = [];
      for (const { bytes, give } of list) {
        if (give % 3 === 0 && held.length > 0) arena.give(held.splice(give % held.length, 1)[0]);
        else held.push(arena.take(bytes));
        const sorted = [...held].sort((a, b) => a.address - b.address);
        for (const [i, chunk] of sorted.slice(1).entries()) expect(sorted[i].address + sorted[i].bytes).toBeLessThanOrEqual(chunk.address);
        expect(arena.inUseBytes).toBe(held.reduce((sum, chunk) => sum + chunk.bytes, 0));
        expect(arena.peakBytes).toBeLessThanOrEqual(arena.reservedBytes);
      }
      for (const chunk of held) arena.give(chunk);
      expect(arena.inUseBytes).toBe(0);
    }),
  );
});
