/** @file Every operator that can be imported, by domain and name. */
import { MICROSOFT_DOMAIN } from "../model";
import { activation } from "./activation";
import { attentions } from "./attention";
import { control } from "./control";
import { convolution } from "./convolution";
import { indexing } from "./indexing";
import { linalg } from "./linalg";
import { losses } from "./losses";
import { math } from "./math";
import { microsoft } from "./microsoft";
import { movement } from "./movement";
import type { OperatorRule, OperatorTable } from "./nodeCall";
import { normalization } from "./normalization";
import { padding } from "./padding";
import { pooling } from "./pooling";
import { quantized } from "./quantized";
import { recurrent } from "./recurrent";
import { reduction } from "./reduction";
import { resizing } from "./resizing";
import { sampling } from "./sampling";
import { shapes } from "./shapes";
import { signal } from "./signal";

const standard: OperatorTable = {
  ...activation,
  ...attentions,
  ...control,
  ...convolution,
  ...indexing,
  ...linalg,
  ...losses,
  ...math,
  ...movement,
  ...normalization,
  ...padding,
  ...pooling,
  ...quantized,
  ...recurrent,
  ...reduction,
  ...resizing,
  ...sampling,
  ...shapes,
  ...signal,
};

const domains: Readonly<Record<string, OperatorTable>> = { "": standard, [MICROSOFT_DOMAIN]: microsoft };

/** The rule of an operator, or undefined when it cannot be imported. */
export function operatorRule(domain: string, opType: string): OperatorRule | undefined {
  const table = Object.hasOwn(domains, domain) ? domains[domain] : {};
  return Object.hasOwn(table, opType) ? table[opType] : undefined;
}

/** Names of the standard operators that can be imported. */
export const importedOperators = (): string[] => Object.keys(standard).sort();
