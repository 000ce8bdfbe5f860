/** @file The registry: every method that is there, by slug. */
import type { Card } from "./card";
import * as btm from "./btm";
import * as checkfree from "./checkfree/index";
import * as cskv from "./cskv/index";
import * as dcptLaw from "./dcpt-law/index";
import * as deepspeedMoe from "./deepspeed-moe/index";
import * as lost from "./lost";
import * as lshMoe from "./lsh-moe/index";
import * as multiLevel from "./multi-level/index";
import * as primer from "./primer/index";
import * as quartet from "./quartet/index";
import * as seco from "./seco/index";
import * as slmHelp from "./slm-help";

export type { Card, PaperFigure } from "./card";
export * as btm from "./btm";
export * as checkfree from "./checkfree/index";
export * as cskv from "./cskv/index";
export * as dcptLaw from "./dcpt-law/index";
export * as deepspeedMoe from "./deepspeed-moe/index";
export * as lost from "./lost";
export * as lshMoe from "./lsh-moe/index";
export * as multiLevel from "./multi-level/index";
export * as primer from "./primer/index";
export * as quartet from "./quartet/index";
export * as seco from "./seco/index";
export * as slmHelp from "./slm-help";

/** Cards of all methods, in the order of the catalogue. */
export const cards: readonly Card[] = [btm.card, checkfree.card, cskv.card, dcptLaw.card, deepspeedMoe.card, lost.card, lshMoe.card, multiLevel.card, primer.card, quartet.card, seco.card, slmHelp.card];
