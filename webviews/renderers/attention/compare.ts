/** @file What a head is compared with: another head, or the same head of a pinned view. */
import { difference, reader, type Weights } from "./grids";
import { type AttentionModel, headName } from "./model";
import { allPins, type Pin, pinWith } from "./pins";

export interface Shown {
  /** What the map shows: weights, or a difference; undefined where there is nothing to show. */
  readonly weights: Weights | undefined;
  readonly signed: boolean;
  /** The head compared with, if it is of the same view. */
  readonly head: number | undefined;
  /** Name of what is compared with; "" without. */
  readonly name: string;
  /** Why there is no difference; "" when there is. */
  readonly problem: string;
}

const pinned = (compare: string): Pin | undefined => (compare.startsWith("pin:") ? pinWith(compare.slice(4)) : undefined);

/** Weights of the same layer and head in a pinned view. */
export function pinReader({ model }: Pin, own: AttentionModel): (index: number) => Weights | undefined {
  const read = reader(model);
  return (index) => {
    const wanted = own.heads[index];
    return read(model.heads.findIndex(({ layer, head }) => layer === wanted?.layer && head === wanted.head));
  };
}

/** A reader of what heads are compared with; undefined unless it is a pinned view with maps of the same size. */
export function otherOf(model: AttentionModel, compare: string): ((index: number) => Weights | undefined) | undefined {
  const pin = pinned(compare);
  return pin === undefined || pin.model.rows !== model.rows || pin.model.columns !== model.columns ? undefined : pinReader(pin, model);
}

interface Comparison {
  readonly model: AttentionModel;
  readonly index: number;
  readonly compare: string;
  readonly read: (index: number) => Weights | undefined;
  readonly other: ((index: number) => Weights | undefined) | undefined;
}

export function shownOf({ model, index, compare, read, other }: Comparison): Shown {
  const own = read(index);
  const plain = { weights: own, signed: false, head: undefined, name: "", problem: "" };
  if (compare === "" || own === undefined) return plain;
  const pin = pinned(compare);
  const head = pin === undefined ? Number(compare.slice(5)) : undefined;
  if (head !== undefined && model.heads[head] === undefined) return plain;
  const name = pin === undefined ? headName(model.heads[head ?? 0]) : `pin ${pin.name}`;
  if (pin !== undefined && other === undefined)
    return {
      ...plain,
      name,
      problem: `${name} has maps of ${pin.model.rows} × ${pin.model.columns} cells, this view of ${model.rows} × ${model.columns}: they cannot be subtracted`,
    };
  const base = head === undefined ? other?.(index) : read(head);
  const found = base === undefined ? undefined : difference(own, base);
  return found === undefined
    ? { ...plain, name, problem: `${name} has no such head, or its weights are damaged` }
    : { weights: found, signed: true, head, name, problem: "" };
}

/** More heads than this are chosen in the grid (Shift and click, or C), not in the list. */
const MAX_LISTED_HEADS = 256;

/** Choices of the list "compare with". */
export function compareOptions(model: AttentionModel, compare: string): readonly { readonly value: string; readonly text: string }[] {
  const heads = model.heads.map((head, i) => ({ value: `head:${i}`, text: headName(head) }));
  return [
    { value: "", text: "nothing" },
    ...allPins().map(({ id, name }) => ({ value: `pin:${id}`, text: `pinned ${name}` })),
    ...(heads.length <= MAX_LISTED_HEADS ? heads : heads.filter(({ value }) => value === compare)),
  ];
}
