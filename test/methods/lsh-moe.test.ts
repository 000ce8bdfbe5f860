/** @file LSH-MoE: codes by hand, buckets against loops over devices and experts, compensation and its gradient, bytes, the time model, and what it refuses. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArgumentError, compile, DtypeError, eye, fromHost, methods, nn, NoEffectError, random, ShapeError, tensor, vjp, withTaps, type Tensor } from "../../kernel/index";
import { segmentSum } from "../../kernel/graph/ops/indexing";
import { smallGpt } from "../contract/methodCases";

const lsh = methods.lshMoe;
const key = random.key(11);
const numbers = async (x: Tensor): Promise<number[]> => [...(await x.numbers())];
const int64 = (values: readonly number[], shape: readonly number[] = [values.length]): Tensor => fromHost({ dtype: "int64", shape, data: BigInt64Array.from(values, BigInt) });
const float64 = (values: readonly number[], shape: readonly number[]): Tensor => fromHost({ dtype: "float64", shape, data: Float64Array.from(values) });
const wave = (count: number, phase: number): number[] => Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898 + phase) * 2);
const close = (found: ArrayLike<number>, wanted: ArrayLike<number>, digits = 5): void => {
  expect(found.length).toBe(wanted.length);
  Array.from(found).forEach((value, i) => expect(value).toBeCloseTo(wanted[i], digits));
};

/** Every token to one expert with a gate of 1, and buckets as given: places in a buffer of as many rows. */
function oneExpert(places: readonly number[]): { readonly way: nn.Route; readonly compression: methods.lshMoe.Compression } {
  const n = places.length;
  const same = (value: number): Tensor => int64(new Array<number>(n).fill(value), [n, 1]);
  const gates = tensor(new Array<number[]>(n).fill([1]));
  const way = { experts: same(0), slots: int64(places.map((_, i) => i), [n, 1]), gates, kept: same(1).cast("bool"), probabilities: gates, capacity: n };
  return { way, compression: { places: int64(places), tokens: int64([n], [1, 1]), centroids: int64([new Set(places).size], [1, 1]) } };
}

/** A layer of experts with random weights that matter. */
const layerOf = ({ width = 6, experts = 4, k = 1, capacityFactor = 2 } = {}): nn.Moe => nn.moe({ width, hidden: 8, experts, k, capacityFactor, minCapacity: 1, key: random.fold(key, "layer") });
const mixtures = (): nn.Gpt => nn.withMixtures(smallGpt(), { experts: [0, 4], key });

describe("the hash", () => {
  it("is the nearest signed axis: by hand, without a rotation", async () => {
    const hash = lsh.crossPolytope({ hashes: 1, dim: 2 });
    const x = tensor([[0.9, 0.1], [-0.2, -0.7], [0.1, 0.9], [0.1, -0.9]]);
    expect(await numbers(lsh.hashCodes(x, hash, eye(2).reshape([1, 2, 2])))).toEqual([0, 3, 2, 3]);
    expect(lsh.codeRanges(hash)).toEqual([4]);
  });

  it("does not depend on length, and the opposite token has every sign flipped", async () => {
    const hash = lsh.crossPolytope({ hashes: 5, dim: 3 });
    const directions = lsh.hashDirections(hash, { key, width: 7 });
    const codesOf = async (factor: number, x: readonly number[]): Promise<number[]> => numbers(lsh.hashCodes(tensor([x.map((value) => value * factor)]), hash, directions));
    await fc.assert(
      // Powers of two scale exactly, so that nothing is decided by rounding.
      fc.asyncProperty(fc.array(fc.double({ min: -4, max: 4, noNaN: true }).filter((value) => Math.abs(value) > 1e-3), { minLength: 7, maxLength: 7 }), fc.integer({ min: -6, max: 6 }), async (x, power) => {
        const codes = await codesOf(1, x);
        expect(await codesOf(2 ** power, x)).toEqual(codes);
        expect(await codesOf(-1, x)).toEqual(codes.map((code) => code ^ 1));
      }),
      { numRuns: 15 },
    );
  });

  it("rotates: the rows of each direction matrix are orthonormal, and another key gives others", async () => {
    const hash = lsh.crossPolytope({ hashes: 3, dim: 4 });
    const directions = lsh.hashDirections(hash, { key, width: 6 });
    close(await numbers(directions.matmul(directions, { transB: true })), [0, 1, 2].flatMap(() => [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]));
    expect(await numbers(lsh.hashDirections(hash, { key: random.key(12), width: 6 }))).not.toEqual(await numbers(directions));
  });

  it("of planes has a bit for each side", async () => {
    const hash = lsh.sphericalPlane({ planes: 2 });
    expect(await numbers(lsh.hashCodes(tensor([[1, 2], [-1, 2], [-3, -1]]), hash, tensor([[[1, 0]], [[0, 1]]])))).toEqual([1, 1, 0, 1, 0, 0]);
    expect(lsh.codeRanges(hash)).toEqual([2, 2]);
  });

  it("costs what its products and the way back do", () => {
    expect(lsh.hashFlops(lsh.crossPolytope({ hashes: 6, dim: 8 }), { width: 40 })).toBe(48 * 81 + 120);
    expect(lsh.hashFlops(lsh.sphericalPlane({ planes: 3 }), { width: 10, k: 2 })).toBe(3 * 21 + 60);
  });
});

interface Case {
  readonly n: number;
  readonly k: number;
  readonly e: number;
  readonly s: number;
  readonly capacity: number;
  readonly tokens: readonly number[];
  readonly logits: readonly number[];
}
/** Tokens in two dimensions of few directions, so that many share codes. */
const cases = fc
  .record({ n: fc.integer({ min: 1, max: 30 }), e: fc.integer({ min: 1, max: 4 }), s: fc.integer({ min: 1, max: 3 }), capacity: fc.constantFrom(0.5, 1, 4) })
  .chain((sizes) => fc.record({ k: fc.integer({ min: 1, max: Math.min(2, sizes.e) }), tokens: fc.array(fc.integer({ min: -3, max: 3 }), { minLength: sizes.n * 2, maxLength: sizes.n * 2 }), logits: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: sizes.n * sizes.e, maxLength: sizes.n * sizes.e }) }).map((rest): Case => ({ ...sizes, ...rest })));

describe("buckets", () => {
  const hash = lsh.crossPolytope({ hashes: 2, dim: 2 });
  const compressed = async ({ n, k, e, s, capacity, tokens, logits }: Case, of = hash) => {
    const x = tensor(Array.from({ length: n }, (_, i) => tokens.slice(2 * i, 2 * i + 2)));
    const way = nn.route(tensor(Array.from({ length: n }, (_, i) => logits.slice(e * i, e * i + e))), { k, capacityFactor: capacity, minCapacity: 1 });
    const sources = Array.from({ length: n }, (_, i) => i % s);
    const compression = lsh.compress(x, way, { hash: of, key, sources: int64(sources), devices: s });
    const codes = await numbers(lsh.hashCodes(x, hash, lsh.hashDirections(hash, { key: random.split(key)[0], width: 2 })));
    const [places, sent, sentCentroids, experts, kept, slots] = await Promise.all([compression.places, compression.tokens, compression.centroids, way.experts, way.kept.cast("int64"), way.slots].map(numbers));
    return { x, way, compression, sources, codes, places, tokens: sent, centroids: sentCentroids, experts, kept, slots };
  };

  it("are those of loops: one device, one expert, equal codes; packed at the front of the expert's buffer; counted for every link", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (sizes) => {
        const { n, k, e, s } = sizes;
        const { way, x, compression, sources, codes, places, tokens, centroids, experts, kept } = await compressed(sizes);
        const members = new Map<number, { readonly bucket: string; readonly token: number }[]>();
        const counts = { tokens: new Array<number>(s * e).fill(0), buckets: new Map<string, number>() };
        for (let i = 0; i < n * k; i++) {
          const token = Math.floor(i / k);
          if (kept[i] === 0) {
            expect(places[i]).toBe(e * way.capacity);
            continue;
          }
          counts.tokens[sources[token] * e + experts[i]]++;
          const bucket = `${experts[i]} ${sources[token]} ${codes[2 * token]} ${codes[2 * token + 1]}`;
          counts.buckets.set(bucket, sources[token] * e + experts[i]);
          expect(Math.floor(places[i] / way.capacity)).toBe(experts[i]);
          members.set(places[i], [...(members.get(places[i]) ?? []), { bucket, token }]);
        }
        for (const list of members.values()) expect(new Set(list.map(({ bucket }) => bucket)).size).toBe(1);
        expect(members.size).toBe(counts.buckets.size);
        expect(tokens).toEqual(counts.tokens);
        expect(centroids).toEqual(counts.tokens.map((_, link) => [...counts.buckets.values()].filter((one) => one === link).length));
        // Packed: an expert's first places, as many as it has buckets.
        for (let expert = 0; expert < e; expert++) {
          const used = [...members.keys()].filter((place) => Math.floor(place / way.capacity) === expert).map((place) => place % way.capacity).sort((a, b) => a - b);
          expect(used).toEqual(used.map((_, i) => i));
        }
        const sent = await numbers(lsh.centroidsOf(x, way, compression));
        const values = await numbers(x);
        for (let place = 0; place < e * way.capacity; place++)
          for (const f of [0, 1]) {
            const list = members.get(place) ?? [];
            expect(sent[2 * place + f]).toBeCloseTo(list.reduce((sum, { token }) => sum + values[2 * token + f], 0) / Math.max(1, list.length), 5);
          }
      }),
      { numRuns: 15 },
    );
  });

  it("filled at random are as many, of the same sizes, for the same device and expert", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (sizes) => {
        const [plain, random] = [await compressed(sizes), await compressed(sizes, lsh.shuffled(hash))];
        const { k, e } = sizes;
        const sizesOf = ({ places }: typeof plain): readonly number[] => [...places].sort((a, b) => a - b);
        expect(sizesOf(random)).toEqual(sizesOf(plain));
        expect([random.tokens, random.centroids]).toEqual([plain.tokens, plain.centroids]);
        const ownerOf = new Map<number, string>();
        random.places.forEach((place, i) => {
          if (random.kept[i] === 0) return void expect(place).toBe(e * random.way.capacity);
          const owner = `${random.experts[i]} ${random.sources[Math.floor(i / k)]}`;
          expect(ownerOf.get(place) ?? owner).toBe(owner);
          ownerOf.set(place, owner);
        });
      }),
      { numRuns: 10 },
    );
  });

  it("filled at random hold other tokens", async () => {
    const sizes: Case = { n: 24, k: 1, e: 1, s: 1, capacity: 1, tokens: Array.from({ length: 48 }, (_, i) => (i % 7) - 3), logits: new Array<number>(24).fill(0) };
    expect((await compressed(sizes, lsh.shuffled(hash))).places).not.toEqual((await compressed(sizes)).places);
  });

  it("have residuals that sum to 0, and a mean whose gradient is spread evenly", async () => {
    const { way, compression } = oneExpert([0, 1, 0, 2, 1, 0]);
    const x = tensor(Array.from({ length: 6 }, (_, i) => wave(3, i)));
    const means = lsh.centroidsOf(x, way, compression);
    const residuals = x.sub(means.reshape([6, 3]).gather(compression.places));
    close(await numbers(segmentSum(residuals, compression.places, 6)), new Array<number>(18).fill(0), 6);
    const [dx] = vjp([means], { seeds: [tensor([[[6, 0, 3], [2, 4, 0], [1, 1, 1], [0, 0, 0], [0, 0, 0], [0, 0, 0]]])], wrt: [x] });
    close(await numbers(dx), [2, 0, 1, 1, 2, 0, 2, 0, 1, 1, 1, 1, 1, 2, 0, 2, 0, 1], 6);
  });
});

describe("error compensation", () => {
  const places = [0, 0, 1, 0, 2, 1];
  const members = [[0, 1, 3], [2, 5], [4]];
  const x = tensor(Array.from({ length: 6 }, (_, i) => wave(2, i)));

  it("by hand: two tokens in one bucket, and an expert that doubles", async () => {
    const { way, compression } = oneExpert([0, 0]);
    const two = tensor([[1, 0], [0, 1]]);
    const experts = (c: Tensor): Tensor => c.mul(2);
    close(await numbers(lsh.throughCentroids(two, way, { compression, experts })), [1.5, 0.5, 0.5, 1.5]);
    close(await numbers(lsh.throughCentroids(two, way, { compression, experts, compensate: false })), [1, 1, 1, 1]);
  });

  it("makes the identity exact for every token, and leaves (A − I)(c − x) of a linear expert", async () => {
    const { way, compression } = oneExpert(places);
    expect(await numbers(lsh.throughCentroids(x, way, { compression, experts: (c) => c }))).toEqual(await numbers(x));
    const a = tensor([[0.5, 2], [-1, 3]]);
    const found = lsh.throughCentroids(x, way, { compression, experts: (c) => c.matmul(a) });
    const off = lsh.centroidsOf(x, way, compression).reshape([6, 2]).gather(compression.places).sub(x);
    close(await numbers(found.sub(x.matmul(a))), await numbers(off.matmul(a.sub(eye(2)))));
  });

  it("has the gradient dx = g + (Jᵀ Σ g − Σ g) / n, which differences confirm", async () => {
    const { way: route, compression } = oneExpert(places);
    const way = { ...route, gates: route.gates.cast("float64") };
    const [values, g] = [wave(12, 1), wave(12, 5)];
    const experts = (c: Tensor): Tensor => c.mul(c).mul(c);
    const through = (from: Tensor): Tensor => lsh.throughCentroids(from, way, { compression, experts });
    const at = float64(values, [6, 2]);
    const [dx] = vjp([through(at)], { seeds: [float64(g, [6, 2])], wrt: [at] });
    const found = await numbers(dx);
    const formula = values.map((_, i) => {
      const [bucket, f] = [members[places[Math.floor(i / 2)]], i % 2];
      const c = bucket.reduce((sum, n) => sum + values[2 * n + f], 0) / bucket.length;
      const total = bucket.reduce((sum, n) => sum + g[2 * n + f], 0);
      return g[i] + (3 * c * c * total - total) / bucket.length;
    });
    close(found, formula, 8);
    const loss = compile((from: Tensor) => through(from).mul(float64(g, [6, 2])).sum());
    const epsilon = 1e-4;
    for (let i = 0; i < 12; i++) {
      const [up, down] = await Promise.all([epsilon, -epsilon].map(async (by) => (await loss(float64(values.map((value, j) => value + (i === j ? by : 0)), [6, 2]))).item()));
      expect(Math.abs((up - down) / (2 * epsilon) - found[i])).toBeLessThan(1e-4);
    }
  });
});

describe("the layer", () => {
  const input = (seed: number, { time = 5, batch = 4, width = 6 } = {}): Tensor => random.normal(random.fold(key, seed), [time, batch, width]);
  const fine = lsh.crossPolytope({ hashes: 8, dim: 6 });
  const ofLayer = (layer: nn.Moe, options: methods.lshMoe.LshMoeOptions): nn.Moe => lsh.lshMoe({ layer }, options).layer;

  it.each([1, 2])("with every token a bucket of its own is the plain layer with %d experts for a token, forward and gradient", async (k) => {
    const layer = layerOf({ k });
    const one = ofLayer(layer, { hash: fine, devices: 2 });
    const x = input(1);
    const g = input(2);
    const run = (which: nn.Moe) => {
      const { result, taps } = withTaps((m: nn.Moe) => m.call(x), /./)(which);
      const gradients = vjp([result], { seeds: [g], wrt: [x, which.gate, which.up.weight, which.down.weight] });
      return { taps, values: [result, ...gradients] };
    };
    const [plain, compressed] = [run(layer), run(one)];
    expect(await numbers(compressed.taps["layer.centroidsSent"])).toEqual(await numbers(compressed.taps["layer.tokensSent"]));
    for (const [i, value] of plain.values.entries()) close(await numbers(compressed.values[i]), await numbers(value), 4);
  });

  it("gives a dropped token nothing, compensated or not", async () => {
    const layer = layerOf({ capacityFactor: 0.5 });
    const { result, taps } = withTaps((m: nn.Moe) => m.call(input(3)), /kept$/)(ofLayer(layer, { hash: lsh.crossPolytope({ hashes: 1, dim: 1 }) }));
    const [values, kept] = [await numbers(result), await numbers(taps["layer.kept"].cast("int64"))];
    expect(new Set(kept)).toEqual(new Set([0, 1]));
    kept.forEach((stays, n) => expect(values.slice(6 * n, 6 * n + 6).some((value) => value !== 0)).toBe(stays === 1));
  });

  it("counts tokens and centroids for each device, whose sequences follow each other", async () => {
    expect(await numbers(lsh.shardSequences({ time: 2, batch: 4, devices: 2 }))).toEqual([0, 0, 1, 1, 0, 0, 1, 1]);
    const layer = layerOf({ capacityFactor: 4 });
    const x = input(4);
    const counted = lsh.compressionOf(layer, x, { hash: lsh.crossPolytope({ hashes: 1, dim: 2 }), key, devices: 2 });
    const [tokens, centroids] = [await numbers(counted.tokens), await numbers(counted.centroids)];
    expect([0, 1].map((s) => tokens.slice(4 * s, 4 * s + 4).reduce((a, b) => a + b))).toEqual([10, 10]);
    centroids.forEach((count, i) => expect(count).toBeLessThanOrEqual(Math.min(4, tokens[i])));
    const ratio = centroids.reduce((a, b) => a + b) / tokens.reduce((a, b) => a + b);
    expect(await lsh.rateOf(counted).item()).toBeCloseTo(ratio, 6);
    expect(ratio).toBeLessThan(1);
  });

  it("redraws its directions in training where it is asked to, and only there", async () => {
    const coarse = { hash: lsh.crossPolytope({ hashes: 1, dim: 2 }) };
    const x = input(5);
    const placed = async (redraw: boolean, step: number | undefined): Promise<number[]> => {
      const layer = ofLayer(layerOf({ capacityFactor: 4 }), { ...coarse, redraw });
      return numbers((step === undefined ? layer : layer.withKey(random.key(step))).call(x));
    };
    expect(await placed(true, 1)).not.toEqual(await placed(true, 2));
    expect(await placed(true, undefined)).toEqual(await placed(false, undefined));
  });

  it("enters a model and leaves it again, with the same weights", async () => {
    const model = mixtures();
    const compressed = lsh.lshMoe(model, { devices: 2 });
    expect(compressed.blocks[1].mlp).toBeInstanceOf(lsh.LshMoe);
    expect(lsh.lshMoe(compressed, { compensate: false }).blocks[1].mlp).toBeInstanceOf(lsh.LshMoe);
    const back = lsh.uncompressed(compressed);
    expect(back.blocks[1].mlp).not.toBeInstanceOf(lsh.LshMoe);
    const tokens = tensor([[1, 2, 3, 4], [5, 6, 7, 8]], "int32");
    expect(await numbers(back.call(tokens))).toEqual(await numbers(model.call(tokens)));
  });
});

describe("bytes", () => {
  it("are those of messages that really go from device to device, in all four all-to-alls", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 9 }), fc.array(fc.nat(9), { minLength: 48, maxLength: 48 }), (devices, each, width, values) => {
        const experts = devices * each;
        const counts = values.slice(0, devices * experts);
        const inbox = Array.from({ length: devices }, () => [] as { readonly from: number; readonly vector: Float32Array }[]);
        counts.forEach((count, i) => {
          const [from, to] = [Math.floor(i / experts), Math.floor((i % experts) / each)];
          for (let c = 0; c < count; c++) if (from !== to) inbox[to].push({ from, vector: new Float32Array(width) });
        });
        const bytes = inbox.flat().reduce((sum, { vector }) => sum + vector.byteLength, 0);
        const found = lsh.allToAll(counts, { devices, width });
        expect([found.dispatch, found.combine, found.combineGradient, found.dispatchGradient, found.total]).toEqual([bytes, bytes, bytes, bytes, 4 * bytes]);
        expect(found.index).toBe(4 * devices * (experts - each));
        found.links.forEach((row, from) => row.forEach((size, to) => from !== to && expect(size).toBe(inbox[to].filter((one) => one.from === from).length * width * 4)));
      }),
    );
  });

  it("with compression are the rate times those without, whatever the width of an element", () => {
    const [tokens, centroids] = [[8, 4, 2, 10], [8, 1, 1, 3]];
    const [plain, less] = [tokens, centroids].map((counts) => lsh.allToAll(counts, { devices: 2, width: 16, bytesPerElement: 2 }));
    expect(plain.vectors).toBe(6);
    expect(less.total / plain.total).toBe(2 / 6);
    expect(plain.total).toBe(4 * 6 * 32);
  });
});

describe("the time model", () => {
  const paper = { flopsPerSecond: 312e12, bytesPerSecond: 25e9, k: 2, devices: 4, width: 1024 };

  it("is the paper's, and twice as much with 16 bits", () => {
    expect(lsh.allToAllRatio(paper)).toBeCloseTo(2080 * 0.4 * (3 / 4096), 10);
    expect(lsh.allToAllRatio(paper)).toBeCloseTo(0.609, 3);
    expect(lsh.allToAllRatio({ ...paper, bytesPerElement: 2 })).toBeCloseTo(2 * lsh.allToAllRatio(paper), 10);
  });

  it("gives the ideal speed-up without the hash, and less with it", () => {
    expect(lsh.a2aSpeedup({ share: 0.45, rate: 0.2 })).toBeCloseTo(1.5625, 10);
    expect(lsh.stepTime({ share: 0.45, rate: 0.2, hashCost: 0.1 })).toEqual({ compute: 0.55, allToAll: 0.45 * 0.2, hashing: 0.55 * 0.1, total: 0.55 + 0.45 * 0.2 + 0.55 * 0.1 });
  });

  it("breaks even where hashing takes what is saved", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 0.99, noNaN: true }), fc.double({ min: 1e-3, max: 1, noNaN: true }), (rate, hashCost) => {
        const share = lsh.breakEvenShare({ rate, hashCost });
        expect(lsh.a2aSpeedup({ share, rate, hashCost })).toBeCloseTo(1, 9);
        expect(lsh.a2aSpeedup({ share: (1 + share) / 2, rate, hashCost })).toBeGreaterThan(1);
        expect(lsh.a2aSpeedup({ share: share / 2, rate, hashCost })).toBeLessThan(1);
      }),
    );
    expect(lsh.breakEvenShare({ rate: 1, hashCost: 0.1 })).toBe(1);
  });
});

describe("calibration", () => {
  const layer = layerOf({ width: 12, capacityFactor: 4 });
  const x = random.normal(random.fold(key, "calibration"), [24, 8, 12]).add(random.normal(random.fold(key, "sequence"), [1, 8, 12]).mul(2));

  it("finds the hash whose rate is nearest, and says what the others send", async () => {
    const { hash, rate, tried } = await lsh.calibrate([{ layer, x }], { rate: 0.3, devices: 2, key });
    expect(Math.min(...tried.map((one) => Math.abs(one.rate - 0.3)))).toBe(Math.abs(rate - 0.3));
    expect(await lsh.rateOf(lsh.compressionOf(layer, x, { hash, key, devices: 2 })).item()).toBe(rate);
    const planes = await lsh.calibrate([{ layer, x }], { rate: 0.3, devices: 2, key, hashes: lsh.hashChoices("sphericalPlane", 12) });
    expect(planes.hash.kind).toBe("sphericalPlane");
    const rates = planes.tried.map((one) => one.rate);
    expect(rates.at(-1)).toBeGreaterThan(rates[0]);
  });

  it("has nothing to search in without inputs, and wants a rate of which something is sent", async () => {
    await expect(lsh.calibrate([], { rate: 0.3, devices: 1 })).rejects.toThrow(ArgumentError);
    await expect(lsh.calibrate([{ layer, x }], { rate: 0, devices: 1 })).rejects.toThrow(ArgumentError);
    await expect(lsh.calibrate([{ layer, x }], { rate: 0.3, devices: 1, hashes: [] })).rejects.toThrow(ArgumentError);
  });
});

describe("what it refuses", () => {
  it("hashes and clusters that make no sense", () => {
    expect(() => lsh.crossPolytope({ hashes: 0 })).toThrow(ArgumentError);
    expect(() => lsh.crossPolytope({ dim: 1.5 })).toThrow(ArgumentError);
    expect(() => lsh.sphericalPlane({ planes: 0 })).toThrow(ArgumentError);
    expect(() => lsh.hashDirections(lsh.crossPolytope({ dim: 9 }), { key, width: 8 })).toThrow(ArgumentError);
    expect(() => lsh.shardSequences({ time: 3, batch: 4, devices: 3 })).toThrow(ArgumentError);
    expect(() => lsh.allToAll([1, 2, 3], { devices: 2, width: 4 })).toThrow(ArgumentError);
    expect(() => lsh.allToAll([1, 2], { devices: 2, width: 4 })).toThrow(ArgumentError);
    expect(() => lsh.allToAllRatio({ flopsPerSecond: 0, bytesPerSecond: 1, k: 1, devices: 2, width: 4 })).toThrow(ArgumentError);
    expect(() => lsh.stepTime({ share: 1.2, rate: 0.5 })).toThrow(ArgumentError);
    expect(() => lsh.a2aSpeedup({ share: 0.5, rate: -1 })).toThrow(ArgumentError);
  });

  it("tokens without devices, keys that would not be exact, and experts that change the shape", () => {
    const { way, compression } = oneExpert([0, 1]);
    const x = tensor([[1, 2], [3, 4]]);
    const hash = lsh.crossPolytope({ hashes: 1, dim: 2 });
    expect(() => lsh.compress(x, way, { hash, key, sources: int64([0]), devices: 1 })).toThrow(ShapeError);
    expect(() => lsh.compress(x, way, { hash, key, sources: tensor([0, 0]), devices: 1 })).toThrow(DtypeError);
    expect(() => lsh.compress(x, way, { hash: lsh.crossPolytope({ hashes: 40, dim: 2 }), key, sources: int64([0, 0]), devices: 1 })).toThrow(ArgumentError);
    expect(() => lsh.throughCentroids(x, way, { compression, experts: (c) => c.reshape([2, 2]) })).toThrow(ShapeError);
  });

  it("a model without experts, and one that is not compressed", () => {
    expect(() => lsh.lshMoe(smallGpt())).toThrow(NoEffectError);
    expect(() => lsh.uncompressed(mixtures())).toThrow(NoEffectError);
  });
});
