/** @file Replacing layers in a model. */
import { expect, it } from "vitest";
import { NoEffectError } from "../../kernel/errors";
import { mul } from "../../kernel/graph/ops/elementwise";
import "../../kernel/graph/methods";
import { topological } from "../../kernel/graph/rewrite";
import { tensor, type Tensor } from "../../kernel/graph/tensor";
import { pathsOf } from "../../kernel/graph/tree";
import * as nn from "../../kernel/nn/index";
import * as random from "../../kernel/random/index";
import { expectClose } from "./fixture";

const key = random.key(11);
const model = nn.gpt({ vocab: 7, depth: 2, width: 8, heads: 2, context: 4, key });
const tokens = tensor([[1, 2, 3]], "int32");

/** W + A B, as low-rank adaptation has it. */
class Adapted extends nn.Module<readonly [x: Tensor], Tensor> {
  constructor(
    readonly base: nn.Linear,
    readonly down: nn.Linear,
    readonly up: nn.Linear,
  ) {
    super();
  }

  forward(x: Tensor): Tensor {
    return this.base.call(x).add(this.up.call(this.down.call(x)));
  }
}

const adapted = (init: nn.Initializer): nn.Gpt =>
  nn.replaceModules(model, (layer, path) =>
    layer instanceof nn.Linear && path.endsWith("attention.q") ? new Adapted(layer, nn.linear({ in: 8, out: 2, bias: false, key }), nn.linear({ in: 2, out: 8, bias: false, key, init })) : layer,
  );

it("puts layers in the place of others, with paths of their own, and leaves the model as it was", async () => {
  const before = pathsOf(model);
  const changed = adapted(nn.zeroInit);
  expect(pathsOf(changed).filter((path) => path.startsWith("blocks.1.attention.q"))).toEqual(["base.weight", "base.bias", "down.weight", "up.weight"].map((path) => `blocks.1.attention.q.${path}`));
  expect(pathsOf(model)).toEqual(before);
  await expectClose({ same: changed.call(tokens) }, { same: model.call(tokens) });
  expect(topological([changed.call(tokens)]).some(({ path }) => path === "blocks.1.attention.q.up")).toBe(true);
  const [a, b] = [await adapted(nn.normalInit(1)).call(tokens).numbers(), await model.call(tokens).numbers()];
  expect(a).not.toEqual(b);
});

it("replaces only what is asked for, outer layers first", () => {
  class Twice extends nn.Module<readonly [x: Tensor], Tensor> {
    forward(x: Tensor): Tensor {
      return mul(x, 2);
    }
  }
  const asked: string[] = [];
  const changed = nn.replaceModules(model, (layer, path) => {
    asked.push(path);
    return path === "blocks.0.mlp" ? new Twice() : layer;
  });
  expect(asked[0]).toBe("");
  expect(asked).toContain("blocks.1.mlp.up");
  expect(asked).not.toContain("blocks.0.mlp.up");
  expect(pathsOf(changed).length).toBe(pathsOf(model).length - 4);
  expect(changed.head?.weight).toBe(model.head?.weight);
});

it("lists every layer with its path, outer layers first", () => {
  const found = nn.modulesOf({ model, list: [nn.linear({ in: 8, out: 2, key })] });
  expect(found.slice(0, 3).map(([path]) => path)).toEqual(["model", "model.tokens", "model.positions"]);
  expect(found.map(([path]) => path)).toContain("model.blocks.1.attention.out");
  expect(found[found.length - 1]).toEqual(["list.0", expect.any(nn.Linear)]);
});

it("throws when nothing was replaced", () => {
  expect(() => nn.replaceModules(model, (layer) => layer)).toThrow(NoEffectError);
});
