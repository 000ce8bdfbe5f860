/** @file Text for language models: windows of tokens, and the tokens after them. */
import { ArgumentError } from "../errors";
import { HostRandom } from "../random/hostRandom";
import { BatchStream } from "./batchStream";
import { corpusOf, type Corpus } from "./corpus";
import { checkIndices, range, toBatch, type Batch, type Dataset } from "./dataset";
import { readText } from "./files";
import { bytes, chars, type Tokenizer } from "./tokenizers/tokenizer";

/** Text, several documents, files to read, or what `corpus()` gives. */
export type TextSource = string | readonly string[] | { readonly files: string | readonly string[] } | Corpus;

export interface TextOptions {
  /** Tokens in a window: T. */
  readonly context: number;
  /** Windows in a batch: B. */
  readonly batch: number;
  /** Default `bytes`. `chars` numbers the characters of this text; BPE comes from `trainBpe` or `loadTokenizer`. */
  readonly tokenizer?: Tokenizer | "bytes" | "chars";
  /** Decides which windows are drawn. Default 0. */
  readonly seed?: number | string;
  /** Share kept for validation: the end of each block of 64 Ki characters of each document, so that both parts are of one kind. Default 0.1. */
  readonly validation?: number;
  /** At most this many validation batches. Default all. */
  readonly validationBatches?: number;
}

/** A batch for next-token prediction: `x` [B, T] int32, and `y` [B, T] int32 with y[b, t] the token after x[b, t]. */
export type TextBatch = Batch<"x" | "y">;

/** A fixed list of batches; each loop over it begins at the first. */
export interface BatchList<B> extends Iterable<B> {
  readonly size: number;
  batch(index: number): B;
}

export interface Text {
  /** Tokens are 0…vocab−1. */
  readonly vocab: number;
  readonly tokenizer: Tokenizer;
  /** All training tokens, document after document. */
  readonly tokens: Int32Array;
  readonly validationTokens: Int32Array;
  /** Random windows of the training tokens, for ever: what a training loop takes. */
  readonly train: BatchStream<TextBatch>;
  /** Windows that cover the validation tokens once, in order. Empty when validation is 0 or shorter than one batch. */
  readonly validation: BatchList<TextBatch>;
  /** Every window of the training tokens, by its first token: for `mixture` and `loader`. */
  readonly windows: Dataset<"x" | "y">;
  /** The training batch of a step: a pure function of seed and step. */
  batch(step: number): TextBatch;
  encode(text: string): Int32Array;
  decode(tokens: ArrayLike<number>): string;
}

/**
 * A text as batches for a language model.
 * @throws {ArgumentError} when the training text is shorter than one window, or an option is out of range.
 */
export function text(source: TextSource, { context, batch, tokenizer: chosen = "bytes", seed = 0, validation = 0.1, validationBatches = Infinity }: TextOptions): Text {
  for (const [name, value] of Object.entries({ context, batch }))
    if (!Number.isInteger(value) || value < 1) throw new ArgumentError(`text(): ${name} ${value}`, { help: `give a positive integer for ${name}` });
  if (!(validation >= 0 && validation < 1)) throw new ArgumentError(`text(): validation ${validation}`, { help: "give a share from 0 up to, not including, 1" });

  const { documents, digest } = corpusFrom(source);
  const tokenizer = chosen === "bytes" ? bytes : chosen === "chars" ? chars(documents.map((document) => document.text).join("")) : chosen;
  const heads: Int32Array[] = [];
  const tails: Int32Array[] = [];
  for (const block of documents.flatMap((document) => blocksOf(document.text))) {
    const tokens = tokenizer.encode(block);
    const held = Math.floor(tokens.length * validation);
    heads.push(tokens.subarray(0, tokens.length - held));
    tails.push(tokens.subarray(tokens.length - held));
  }
  const tokens = joinTokens(heads);
  const validationTokens = joinTokens(tails);
  if (tokens.length <= context)
    throw new ArgumentError(`text(): ${tokens.length} training tokens for windows of ${context} and the token after`, { help: "give more text, or a smaller context or validation share" });

  const windows = windowsOf(tokens, context);
  const random = HostRandom.seeded(seed).split("windows");
  const at = (step: number): TextBatch => {
    const draw = random.split(step);
    return toBatch(windows.rows(Int32Array.from({ length: batch }, () => draw.int(windows.size))));
  };
  const identity = `text ${digest.slice(0, 16)}, tokenizer ${tokenizer.name}, ${tokens.length} tokens, context ${context}, batch ${batch}, seed ${seed}`;
  const train = new BatchStream({ identity, batchesPerEpoch: Infinity, at });
  return {
    vocab: tokenizer.vocab,
    tokenizer,
    tokens,
    validationTokens,
    train,
    validation: coveringBatches(validationTokens, { context, batch, atMost: validationBatches }),
    windows,
    batch: (step) => train.batch(step),
    encode: (content) => tokenizer.encode(content),
    decode: (ids) => tokenizer.decode(ids),
  };
}

function corpusFrom(source: TextSource): Corpus {
  if (typeof source === "string") return corpusOf([{ name: "text", text: source }]);
  if ("documents" in source) return source;
  if ("files" in source) {
    const files = typeof source.files === "string" ? [source.files] : source.files;
    return corpusOf(files.map((name) => ({ name, text: readText(name) })));
  }
  return corpusOf(source.map((content, i) => ({ name: `text ${i}`, text: content })));
}

const BLOCK_UNITS = 2 ** 16;

/** `content` in parts of about BLOCK_UNITS, cut after a line where there is one. */
function blocksOf(content: string): string[] {
  const blocks: string[] = [];
  for (let start = 0; start < content.length; ) {
    const line = content.indexOf("\n", start + BLOCK_UNITS);
    const end = line < 0 ? content.length : line + 1;
    blocks.push(content.slice(start, end));
    start = end;
  }
  return blocks;
}

function joinTokens(parts: readonly Int32Array[]): Int32Array {
  const out = new Int32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Windows of `context` tokens and the tokens after them: example i begins at token i. */
export function windowsOf(tokens: Int32Array, context: number): Dataset<"x" | "y"> {
  const size = Math.max(0, tokens.length - context);
  const field = { dtype: "int32", shape: [context] } as const;
  return {
    size,
    fields: { x: field, y: field },
    rows(indices) {
      checkIndices(indices, size);
      const x = new Int32Array(indices.length * context);
      const y = new Int32Array(indices.length * context);
      for (let i = 0; i < indices.length; i++) {
        x.set(tokens.subarray(indices[i], indices[i] + context), i * context);
        y.set(tokens.subarray(indices[i] + 1, indices[i] + 1 + context), i * context);
      }
      const shape = [indices.length, context];
      return { x: { dtype: "int32", shape, data: x }, y: { dtype: "int32", shape, data: y } };
    },
  };
}

interface Covering {
  readonly context: number;
  readonly batch: number;
  readonly atMost: number;
}

function coveringBatches(tokens: Int32Array, { context, batch, atMost }: Covering): BatchList<TextBatch> {
  const windows = windowsOf(tokens, context);
  const size = Math.min(atMost, Math.floor(Math.floor(Math.max(0, tokens.length - 1) / context) / batch));
  const at = (index: number): TextBatch => {
    checkIndices([index], size);
    return toBatch(windows.rows(range(batch, index * batch).map((window) => window * context)));
  };
  return {
    size,
    batch: at,
    *[Symbol.iterator]() {
      for (let index = 0; index < size; index++) yield at(index);
    },
  };
}
