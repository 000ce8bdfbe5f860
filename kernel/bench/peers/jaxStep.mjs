// Peer of `isoflop bench`: the same GPT training step in jax-js (wasm). Argument: the workload as JSON. Protocol: a line
// "n" on standard input asks for n steps; the answer is a JSON list of milliseconds.
import { createInterface } from "node:readline";

globalThis.navigator ??= { hardwareConcurrency: 2 };
const { defaultDevice, init, jit, nn, numpy: np, valueAndGrad } = await import("@jax-js/jax");
await init();
defaultDevice("wasm");

const { depth, width: D, heads: H, context: T, batch: B } = JSON.parse(process.argv[2]);
const [V, N, HEAD] = [256, B * T, D / H];
const weights = {};
const add = (name, shape, fill) => {
  const size = shape.reduce((p, n) => p * n, 1);
  weights[name] = np.array(Float32Array.from({ length: size }, () => fill ?? (Math.random() - 0.5) * 0.07)).reshape(shape);
};
add("tokens", [V, D]);
add("positions", [T, D]);
for (let i = 0; i < depth; i++) {
  for (const norm of ["norm1", "norm2"]) {
    add(`${norm}w${i}`, [D], 1);
    add(`${norm}b${i}`, [D], 0);
  }
  for (const [name, from, to] of [["q", D, D], ["k", D, D], ["v", D, D], ["out", D, D], ["up", D, 4 * D], ["down", 4 * D, D]]) {
    add(`${name}w${i}`, [from, to]);
    add(`${name}b${i}`, [to], 0);
  }
}
add("normw", [D], 1);
add("normb", [D], 0);
add("head", [D, V]);
const names = Object.keys(weights);

const layerNorm = (x, w, b) => {
  const centred = x.ref.sub(np.mean(x, -1, { keepdims: true }));
  const variance = np.mean(centred.ref.mul(centred.ref), -1, { keepdims: true });
  return centred.div(np.sqrt(variance.add(1e-5))).mul(w).add(b);
};

// Tokens and targets are one-hot rows: jax-js has no gradient of gathers.
const lossOf = (p, tokens, targets, mask) => {
  let x = np.matmul(tokens, p.tokens).reshape([B, T, D]).add(p.positions).reshape([N, D]);
  for (let i = 0; i < depth; i++) {
    const linear = (name, h) => np.matmul(h, p[`${name}w${i}`]).add(p[`${name}b${i}`]);
    const heads = (h) => h.reshape([B, T, H, HEAD]).transpose([0, 2, 1, 3]);
    const h = layerNorm(x.ref, p[`norm1w${i}`], p[`norm1b${i}`]);
    const [q, k, v] = [heads(linear("q", h.ref)), heads(linear("k", h.ref)), heads(linear("v", h))];
    const scores = np.matmul(q, k.transpose([0, 1, 3, 2])).mul(1 / Math.sqrt(HEAD)).add(i === depth - 1 ? mask : mask.ref);
    const mixed = np.matmul(nn.softmax(scores, -1), v).transpose([0, 2, 1, 3]).reshape([N, D]);
    x = x.add(linear("out", mixed));
    x = x.ref.add(linear("down", nn.gelu(linear("up", layerNorm(x, p[`norm2w${i}`], p[`norm2b${i}`])), { approximate: true })));
  }
  const logits = np.matmul(layerNorm(x, p.normw, p.normb), p.head);
  return np.sum(nn.logSoftmax(logits, -1).mul(targets)).mul(-1 / N);
};

const update = jit((p, m, v, tokens, targets, mask, scale1, scale2) => {
  const current = Object.fromEntries(names.map((name) => [name, p[name].ref]));
  const [loss, g] = valueAndGrad(lossOf)(current, tokens, targets, mask);
  const [nextP, nextM, nextV] = [{}, {}, {}];
  names.forEach((name, i) => {
    const last = i === names.length - 1;
    nextM[name] = m[name].mul(0.9).add(g[name].ref.mul(0.1));
    nextV[name] = v[name].mul(0.95).add(g[name].ref.mul(g[name]).mul(0.05));
    const step = nextM[name].ref.mul(last ? scale1 : scale1.ref).div(np.sqrt(nextV[name].ref.mul(last ? scale2 : scale2.ref)).add(1e-8));
    nextP[name] = p[name].mul(1 - 3e-5).sub(step.mul(3e-4));
  });
  return [loss, nextP, nextM, nextV];
});

const zeros = () => Object.fromEntries(names.map((name) => [name, np.zeros(weights[name].shape)]));
let [p, m, v, t] = [weights, zeros(), zeros(), 0];
const maskRows = Float32Array.from({ length: T * T }, (_, i) => (i % T > Math.floor(i / T) ? -1e9 : 0));
const oneHot = () => {
  const rows = new Float32Array(N * V);
  for (let i = 0; i < N; i++) rows[i * V + Math.floor(Math.random() * V)] = 1;
  return np.array(rows).reshape([N, V]);
};

async function step() {
  t++;
  const [loss, ...next] = update(p, m, v, oneHot(), oneHot(), np.array(maskRows).reshape([T, T]), np.array(1 / (1 - 0.9 ** t)), np.array(1 / (1 - 0.95 ** t)));
  [p, m, v] = next;
  await loss.data();
}

await step();
console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  const times = [];
  for (let i = 0; i < Number(line); i++) {
    const start = performance.now();
    await step();
    times.push(performance.now() - start);
  }
  console.log(JSON.stringify(times));
}
process.exit(0);
