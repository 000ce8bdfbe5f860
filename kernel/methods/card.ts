/** @file A method's card: what the catalogue says of it, with the paper's figure. */
import { ArgumentError } from "../errors";
import entries from "./catalogue.json";
import { ACTS_ON, type MethodEntry } from "./catalogueSchema";

/** The number by which a paper states its claim. */
export interface PaperFigure {
  /** "speed-up to the Transformer's final loss" */
  readonly label: string;
  /** "×"; "" where it is a pure number. */
  readonly unit: string;
  /** Left out where the paper gives none. */
  readonly value?: number;
  /** Where it stands: "Table 2, LM1B, 35M parameters". */
  readonly where: string;
}

export interface Card extends MethodEntry {
  /** "So et al. 2021, NeurIPS, arXiv 2109.08668" */
  readonly source: string;
  readonly figure: PaperFigure;
}

/** The card of a method of the catalogue. Spread into `experiment`, it says what is claimed and by whom.
 * @throws {ArgumentError} when the catalogue has no such method. */
export function cardOf(slug: string, figure: PaperFigure): Card {
  const entry = entries.find((one) => one.slug === slug);
  const acts = ACTS_ON.find((one) => one === entry?.acts);
  if (entry === undefined || acts === undefined) throw new ArgumentError(`the catalogue has no method ${JSON.stringify(slug)}`, { help: "add it to kernel/methods/catalogue.json" });
  const { authors, year, venue, arxiv } = entry.paper;
  return { ...entry, acts, source: `${authors} ${year}, ${venue}, arXiv ${arxiv}`, figure };
}
