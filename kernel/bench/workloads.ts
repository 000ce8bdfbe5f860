/** @file The training steps that benchmarks measure, ours and every peer's alike. */

export interface GptWorkload {
  readonly kind: "gpt";
  readonly depth: number;
  readonly width: number;
  readonly heads: number;
  readonly context: number;
  readonly batch: number;
  /** Default 256. */
  readonly vocab?: number;
}

export interface UnetWorkload {
  readonly kind: "unet";
  /** Channels at full size; twice that at half size. */
  readonly width: number;
  readonly image: number;
  readonly batch: number;
}

export interface ResNetWorkload {
  readonly kind: "resnet";
  /** Channels of each stage; each halves height and width. */
  readonly widths: readonly number[];
  /** Residual blocks of each stage. */
  readonly blocks: number;
  readonly classes: number;
  readonly image: number;
  readonly batch: number;
}

export type Workload = GptWorkload | UnetWorkload | ResNetWorkload;

/** Both GPTs train on 1024 tokens a step. */
export const WORKLOADS = {
  "gpt-4x256": { kind: "gpt", depth: 4, width: 256, heads: 4, context: 128, batch: 8 },
  "gpt-6x384": { kind: "gpt", depth: 6, width: 384, heads: 6, context: 256, batch: 4 },
  unet: { kind: "unet", width: 32, image: 32, batch: 8 },
  resnet: { kind: "resnet", widths: [64, 128, 256], blocks: 2, classes: 10, image: 32, batch: 16 },
} as const satisfies Record<string, Workload>;
export type WorkloadName = keyof typeof WORKLOADS;

/** For GPUs: GPT-2 of 124 M parameters, its vocabulary rounded up to a multiple of 64. */
export const GPT2 = { kind: "gpt", depth: 12, width: 768, heads: 12, context: 1024, batch: 8, vocab: 50_304 } as const satisfies GptWorkload;

export const GPU_WORKLOAD = "gpt2-124m";

export const isWorkload = (name: string): name is WorkloadName => name in WORKLOADS;

/** Bytes: the vocabulary of GPTs that name none. */
export const VOCAB = 256;
/** AdamW, the same in every arm. */
export const ADAMW = { lr: 3e-4, b1: 0.9, b2: 0.95, weightDecay: 0.1, epsilon: 1e-8 } as const;
