/** @file Tokenizers in Hugging Face's tokenizer.json format. */
import { Tokenizer as HubTokenizer } from "@huggingface/tokenizers";
import { FormatError } from "../../errors";
import { atomicWriteSync } from "../../io/atomicWrite";
import { messageOf, readText } from "../files";
import { Bpe } from "./bpe";
import { checkTokens, utf8, type Tokenizer } from "./tokenizer";

/** GPT-2's way to write bytes as printable characters: printable Latin-1 bytes are themselves, the others follow from U+0100. */
const BYTE_CHARACTERS: readonly string[] = (() => {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    return String.fromCodePoint(printable ? byte : next++);
  });
})();
const CHARACTER_BYTES = new Map(BYTE_CHARACTERS.map((character, byte) => [character, byte]));

const written = (bytes: Uint8Array): string => Array.from(bytes, (byte) => BYTE_CHARACTERS[byte]).join("");

function bytesOf(token: string): Uint8Array {
  return Uint8Array.from(token, (character) => {
    const byte = CHARACTER_BYTES.get(character);
    if (byte === undefined) throw new FormatError(`token ${JSON.stringify(token)} is not in byte-level form`, { help: "use a tokenizer.json of a byte-level BPE" });
    return byte;
  });
}

/** The content of a tokenizer.json that gives the same tokens in Hugging Face's libraries. */
export function tokenizerJson({ tokens, merges, special }: Bpe): string {
  const specials = new Set(special.values());
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
  return JSON.stringify({
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [...special].map(([content, id]) => ({ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true })),
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.flatMap((token, id) => (specials.has(id) ? [] : [[written(token), id]]))),
      merges: merges.map(([left, right]) => [written(tokens[left]), written(tokens[right])]),
    },
  });
}

/** Writes `tokenizerJson` to a file, whole or not at all. @throws {DeviceError} when it cannot be written. */
export const saveTokenizer = (path: string, tokenizer: Bpe): void => atomicWriteSync(path, tokenizerJson(tokenizer));

type Json = { readonly [name: string]: unknown };
const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * The tokenizer of a tokenizer.json: our own BPE where the file is a plain byte-level BPE (as `tokenizerJson` writes and GPT-2 has), else
 * @huggingface/tokenizers behind the same interface, without its special tokens added; what it decodes may then differ from the text in blanks.
 * @throws {FormatError} when the content is no tokenizer, naming what is wrong.
 */
export function parseTokenizer(content: string, where = "tokenizer.json"): Tokenizer {
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch (cause) {
    throw new FormatError(`a tokenizer file that is no JSON (${messageOf(cause)})`, { where, help: "get the file again; it may be truncated", cause });
  }
  if (!isObject(json) || !isObject(json.model)) throw new FormatError("a tokenizer file without a model", { where, help: "give a tokenizer.json as Hugging Face's libraries write it" });
  try {
    return isPlainByteLevel(json, json.model) ? bpeOf(json, json.model) : hubTokenizer(json);
  } catch (cause) {
    const what = cause instanceof FormatError ? cause.what : `a tokenizer file that cannot be used (${messageOf(cause).split("\n")[0]})`;
    throw new FormatError(what, { where, help: "get the file again, or export the tokenizer anew", cause });
  }
}

/** `parseTokenizer` of a file. @throws {ArgumentError} when it cannot be read. */
export const loadTokenizer = (path: string): Tokenizer => parseTokenizer(readText(path), path);

function isPlainByteLevel({ pre_tokenizer: cut, normalizer, added_tokens: added }: Json, model: Json): boolean {
  const plain = (value: unknown): boolean => value === undefined || value === null || value === false || value === "";
  const flags = [normalizer, model.dropout, model.continuing_subword_prefix, model.end_of_word_suffix, model.byte_fallback, model.ignore_merges];
  return (
    model.type === "BPE" &&
    flags.every(plain) &&
    isObject(cut) &&
    cut.type === "ByteLevel" &&
    plain(cut.add_prefix_space) &&
    cut.use_regex !== false &&
    (!Array.isArray(added) || added.every((token) => isObject(token) && plain(token.lstrip) && plain(token.rstrip) && plain(token.single_word)))
  );
}

function bpeOf({ added_tokens: added }: Json, { vocab, merges }: Json): Bpe {
  if (!isObject(vocab) || !Array.isArray(merges)) throw new FormatError("a BPE model without vocab and merges", { help: "give both" });
  const special = new Map<string, number>();
  const entries = new Map<number, Uint8Array>();
  const ids = new Map<string, number>();
  for (const token of Array.isArray(added) ? added : []) {
    if (!isObject(token) || typeof token.content !== "string" || typeof token.id !== "number") throw new FormatError("an added token without id and content", { help: "give both" });
    special.set(token.content, token.id);
    entries.set(token.id, utf8(token.content));
  }
  for (const [token, id] of Object.entries(vocab)) {
    if (typeof id !== "number") throw new FormatError(`token ${JSON.stringify(token)} has no number`, { help: "give each token its number" });
    if (special.has(token)) continue;
    ids.set(token, id);
    entries.set(id, bytesOf(token));
  }
  const tokens = Array.from({ length: entries.size }, (_, id) => {
    const token = entries.get(id);
    if (token === undefined) throw new FormatError(`a vocabulary of ${entries.size} tokens without token ${id}`, { help: "number the tokens from 0 without gaps" });
    return token;
  });
  const idOf = (token: unknown): number => {
    const id = typeof token === "string" ? ids.get(token) : undefined;
    if (id === undefined) throw new FormatError(`a merge with ${JSON.stringify(token)}, which is no token`, { help: "merges name tokens of the vocabulary" });
    return id;
  };
  const learnt = merges.map((merge: unknown): [number, number, number] => {
    const pair: unknown[] = typeof merge === "string" ? merge.split(" ") : Array.isArray(merge) ? merge : [];
    if (pair.length !== 2) throw new FormatError(`merge ${JSON.stringify(merge)} is no pair`, { help: "write merges as pairs of tokens" });
    return [idOf(pair[0]), idOf(pair[1]), idOf(`${String(pair[0])}${String(pair[1])}`)];
  });
  return new Bpe({ tokens, merges: learnt, special });
}

function hubTokenizer(json: Json): Tokenizer {
  const hub = new HubTokenizer(json, {});
  const vocab = [...hub.get_vocab(true).values()].reduce((highest, id) => Math.max(highest, id + 1), 0);
  return {
    name: `${isObject(json.model) ? String(json.model.type) : "tokenizer"} ${vocab}`,
    vocab,
    encode: (text) => Int32Array.from(hub.encode(text, { add_special_tokens: false }).ids),
    decode(tokens) {
      checkTokens(tokens, vocab);
      return hub.decode(Array.from(tokens), { skip_special_tokens: false, clean_up_tokenization_spaces: false });
    },
  };
}
