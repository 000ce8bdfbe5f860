/** @file What runs a model: the one interface over onnxruntime. */
import type { Dtype } from "../graph/dtype";
import type { Shape } from "../graph/shape";
import type { Storage, Tensor } from "../graph/tensor";
import type { Buffers } from "./buffers";

/** A model's input or output. */
export interface Port {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: Shape;
}

export interface ProgramSource {
  /** The ONNX model, as protobuf; or the path of its file, beside which its external data lie. */
  readonly model: Uint8Array | string;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

/** A model made ready to run. */
export interface Program {
  /** Where its results lie. Default host memory. */
  readonly buffers?: Buffers;
  /**
   * Runs once: reads `inputs`, writes into the buffers of `outputs`, both in the order of the ports.
   * Inputs and outputs must not share buffers.
   * @throws {DeviceError} when the run fails; inputs are then as they were.
   */
  run(inputs: readonly Storage[], outputs: readonly Storage[]): Promise<void>;
  /** Frees what the program holds. Running it afterwards is an error. */
  release(): Promise<void>;
}

/** What graphs are lowered for. */
export interface Kernels {
  /** Whether there is a kernel for a composite. */
  readonly fused: (call: Tensor<"Composite">) => boolean;
  /** Pointwise functions and row reductions run fused. Default false. */
  readonly fuses?: boolean;
  /** There is no FusedMatMul of onnxruntime: products of transposed operands come as standard operators. Default false. */
  readonly plainProducts?: boolean;
  /** Products of our operator library may be used. Default false. */
  readonly ownProducts?: boolean;
}

/** Memory of a device, in bytes. */
export interface DeviceMemory {
  readonly bytesInUse: number;
  /** The most in use at once since the last reset. */
  readonly peakBytes: number;
  /** Taken from the device: in use, or kept for use again. */
  readonly bytesReserved: number;
}

/** What the loaded programs take, buffers of tensors apart. */
export interface MemoryStatistics {
  /** Constants, and intermediate values of runs under way. */
  readonly inUseBytes: number;
  /** Each program's largest so far, summed; on a device, the most that all had at once. */
  readonly peakBytes: number;
  /** Taken from the system and kept for the next runs. */
  readonly reservedBytes: number;
  /** Intermediate values that have been given a place in that, so far. */
  readonly allocations: number;
  /** How often the system was asked for more: constant in steady state. */
  readonly extensions: number;
  /** Programs loaded now. */
  readonly programs: number;
  /** Buffers of tensors made known to onnxruntime so far; on a device, made there. */
  readonly bound: number;
}

export interface Executor extends Kernels {
  /** "stock (onnxruntime-node 1.30.0, cpu, 2 threads)": shown to the user and kept in records. */
  readonly description: string;
  load(source: ProgramSource): Promise<Program>;
  /** Ends loads under way, and runs at their next operation; they fail with DeviceError, inputs as they were. Where it cannot, it does nothing. */
  interrupt(): void;
  /** Waits until a device has done all that it was given. Absent where runs end with their work. */
  synchronize?(): Promise<void>;
  /** Memory of a device that keeps tensors. Absent where they lie in host memory. */
  deviceMemory?(): DeviceMemory;
  /** Undefined where the binding does not tell. */
  memory(): MemoryStatistics | undefined;
}
