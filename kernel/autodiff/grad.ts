/** @file grad and valueAndGrad: functions to functions that also return gradients. */
import { ArgumentError, ShapeError } from "../errors";
import { isFloat } from "../graph/dtype";
import { onesLike, zerosLike } from "../graph/ops/movement";
import { map, mapLabelled, pathOf, type Tree } from "../graph/tree";
import { node, type Tensor } from "../graph/tensor";
import { backward } from "./backward";
import { vjpRules } from "./vjpRules";
import { here } from "../graph/trace";

/** Gradients have the form of the first argument: a tensor for each floating tensor (zeros where the loss does not depend on it), the value itself elsewhere. */
export type Gradients<T> = T;

/**
 * A function that returns the loss of `fn` and its gradients with respect to all floating tensors in the first argument.
 * @param fn - returns a scalar tensor.
 * @throws {ShapeError} when the loss is not a scalar.
 */
export function valueAndGrad<T extends Tree, Rest extends readonly unknown[]>(fn: (tree: T, ...rest: Rest) => Tensor): (tree: T, ...rest: Rest) => [loss: Tensor, gradients: Gradients<T>] {
  const both = valueAndGradWithAux<T, Rest, undefined>((tree, ...rest) => [fn(tree, ...rest), undefined]);
  return (tree, ...rest) => {
    const [loss, , gradients] = both(tree, ...rest);
    return [loss, gradients];
  };
}

/** As `valueAndGrad`, for a function that returns [loss, aux]: the second value is passed through. */
export function valueAndGradWithAux<T extends Tree, Rest extends readonly unknown[], Aux>(fn: (tree: T, ...rest: Rest) => readonly [loss: Tensor, aux: Aux]): (tree: T, ...rest: Rest) => [loss: Tensor, aux: Aux, gradients: Gradients<T>] {
  return (tree, ...rest) => {
    // Each leaf gets a node of its own, so that a tensor held twice gets two gradients.
    const aliases: Tensor[] = [];
    const alias = (leaf: Tensor): Tensor => {
      if (!isFloat(leaf.dtype)) return leaf;
      const own = node("Identity", [leaf], {});
      aliases.push(own);
      return own;
    };
    const root = typeof tree === "object" && tree !== null ? pathOf(tree) : "";
    const [loss, aux] = fn(mapLabelled(tree, alias, root), ...rest);
    if (loss.size !== 1 || !isFloat(loss.dtype)) throw new ShapeError(`grad: the loss is ${loss.toString()}, not one floating number`, { where: here(), help: "reduce it, as in loss.mean()" });
    if (aliases.length === 0) throw new ArgumentError("grad: the first argument holds no floating tensor", { help: "pass the model (or tensors) to differentiate first" });
    const gradients = backward([[loss, onesLike(loss)]], { wrt: aliases, rules: vjpRules });
    let next = 0;
    return [loss, aux, map(tree, (leaf) => (isFloat(leaf.dtype) ? (gradients[next++] ?? zerosLike(leaf)) : leaf))];
  };
}

/** A function that returns the gradients only. */
export function grad<T extends Tree, Rest extends readonly unknown[]>(fn: (tree: T, ...rest: Rest) => Tensor): (tree: T, ...rest: Rest) => Gradients<T> {
  const both = valueAndGrad(fn);
  return (tree, ...rest) => both(tree, ...rest)[1];
}

/** Gradients of any outputs, given the gradient of each: the reverse half of a function, for methods that need it by hand. */
export function vjp(outputs: readonly Tensor[], { seeds, wrt }: { readonly seeds: readonly Tensor[]; readonly wrt: readonly Tensor[] }): Tensor[] {
  return backward(
    outputs.map((output, i) => [output, seeds[i]] as const),
    { wrt, rules: vjpRules },
  ).map((g, i) => g ?? zerosLike(wrt[i]));
}
