/** @file A small seeded stream of random numbers for resampling on the host. */

/** Returns numbers uniform in [0, 1): what `Math.random` gives, but the same ones for the same seed. */
export type Random = () => number;

/** A Weyl sequence through the 32-bit finaliser of MurmurHash3; period 2^32, the same on every machine. Any finite number is a seed. */
export function smallRandom(seed: number): Random {
  let state = mix(Math.trunc(seed) ^ mix(Math.trunc(seed / 2 ** 32) + 0x51ed270b));
  return () => {
    state = (state + 0x9e3779b9) | 0;
    return (mix(state) >>> 0) / 2 ** 32;
  };
}

function mix(bits: number): number {
  let h = bits | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
