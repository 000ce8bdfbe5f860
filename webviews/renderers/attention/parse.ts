/** @file Checks an attention payload at the border. Maps whose bytes do not match are let through: the view says so at that head. */
import type { AttentionHead, AttentionPayload, ByteGrid, HeadScores } from "../../../kernel/display/schema";
import { BASE, type Check, finite, flag, list, maybe, optional, record, text, whole } from "../../shared/validate";

const MAX_POSITIONS = 1_000_000;
/** Characters of one map: 4096 × 4096 bytes in base64. */
const MAX_MAP_CHARACTERS = 23_000_000;

const scores: Check<HeadScores> = record<HeadScores>({ previous: maybe, self: maybe, first: maybe, induction: maybe, entropy: maybe });
const grid: Check<ByteGrid> = record<ByteGrid>({ shape: list(finite, 16), low: finite, high: finite, data: text(MAX_MAP_CHARACTERS) });
const head: Check<AttentionHead> = record<AttentionHead>({ layer: whole(0, 1_000_000), head: whole(0, 1_000_000), scores, weights: grid });
const tokens: Check<readonly string[]> = (value, path) => optional(list(text(10_000), MAX_POSITIONS))(value, path) ?? [];

export const parse: (payload: unknown) => AttentionPayload = (payload) =>
  record<AttentionPayload>({
    ...BASE,
    layers: whole(1, 1_000_000),
    headsPerLayer: whole(1, 1_000_000),
    queries: whole(1, MAX_POSITIONS),
    keys: whole(1, MAX_POSITIONS),
    causal: flag,
    tokens,
    block: whole(1, MAX_POSITIONS),
    heads: list(head),
  })(payload, "");
