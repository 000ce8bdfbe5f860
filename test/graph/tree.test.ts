/** @file Trees that are built again and again in the form of another. */
import { describe, expect, test } from "vitest";
import { tensor, type Tensor } from "../../kernel";
import { map, pathOf, setPath, tensorsOf, unflattener } from "../../kernel/graph/tree";

class Layer {
  readonly gain = 2;
  constructor(
    readonly weight: Tensor,
    readonly shape: { readonly sizes: readonly number[] },
  ) {}
}

describe("trees of the form of another", () => {
  const layer = new Layer(tensor([1]), { sizes: [3, 4] });
  setPath(layer, "blocks.0");
  const tree = { layer, list: [tensor([2]), "text", undefined, [tensor([3])]], setting: { rate: 0.1 }, none: null };
  const others = (): Tensor[] => [tensor([4]), tensor([5]), tensor([6])];

  test("hold the tensors given, in the order of the leaves, as map does", () => {
    const given = others();
    let at = 0;
    const made = unflattener(tree)(() => given[at++]);
    expect(tensorsOf(made)).toEqual(given);
    at = 0;
    expect(made).toEqual(map(tree, () => given[at++]));
  });

  test("keep classes, layer paths and all that holds no tensor", () => {
    const given = others();
    const made = unflattener(tree)(() => given.shift() ?? tensor([0]));
    expect(made.layer).toBeInstanceOf(Layer);
    expect(made.layer.gain).toBe(2);
    expect(pathOf(made.layer)).toBe("blocks.0");
    expect(made.setting).toBe(tree.setting);
    expect(made.layer.shape).toBe(layer.shape);
    expect(made.list.slice(1, 3)).toEqual(["text", undefined]);
  });

  test("share nothing that holds tensors", () => {
    const make = unflattener(tree);
    const [a, b] = [make(() => tensor([0])), make(() => tensor([0]))];
    expect(a.list).not.toBe(b.list);
    expect(tensorsOf(tree)[0]).toBe(layer.weight);
  });
});
