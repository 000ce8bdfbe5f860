/** @file Elements that lie on a device, and tensors' storage over them. */
import { bytesText } from "../../../cost/units";
import { DeviceError } from "../../../errors";
import { bytesPerElement, hostArray, type HostArray } from "../../../graph/dtype";
import { showShape, sizeOf } from "../../../graph/shape";
import type { Storage } from "../../../graph/tensor";
import { ELEMENT_TYPES } from "../../../onnx/emitContext";
import type { Buffers, Form } from "../../buffers";
import { Runtime } from "../runtime";
import type { Pointer } from "../ortApi";
import type { DeviceLibrary } from "./deviceLibrary";

const freed = new FinalizationRegistry<Pointer>((value) => Runtime.get().api.release("ReleaseValue", value));

/** Device memory in the form of a tensor; freed when nothing holds it any more, or by `release`. */
export class DeviceBuffer {
  readonly value: Pointer;

  /** @throws {DeviceError} when the device has no memory for it. */
  constructor(
    readonly library: DeviceLibrary,
    readonly form: Pick<Form, "dtype" | "shape">,
  ) {
    const { dtype, shape } = form;
    const sizes = BigInt64Array.from(shape.length === 0 ? [0n] : shape, BigInt);
    this.value = Runtime.get().api.make("CreateTensorAsOrtValue", library.allocator, sizes, shape.length, ELEMENT_TYPES[dtype]);
    freed.register(this, this.value, this);
    const elements = sizeOf(shape);
    if (elements === 0 || Runtime.get().api.hasMemory(this.value)) return;
    this.release();
    throw new DeviceError(`out of memory on the device: ${bytesText(elements * bytesPerElement(dtype))} for a tensor of shape ${showShape(shape)}`, { help: "use a smaller batch or checkpoint(); deviceMemory() shows what is in use" });
  }

  /** Copies elements from the host. */
  write(data: HostArray): void {
    this.copy(Runtime.get().valueOf({ data }, this.port).value, this.value);
  }

  /** Copies the elements to the host, after all work that they come from. @throws {DeviceError} when that failed. */
  read(): HostArray {
    const data = hostArray(this.form.dtype, sizeOf(this.form.shape));
    this.copy(this.value, Runtime.get().valueOf({ data }, this.port).value);
    this.library.requireNoFault();
    return data;
  }

  /** Copies the elements to another buffer of this form on the device. */
  copyTo(other: DeviceBuffer): void {
    this.copy(this.value, other.value);
  }

  /** Frees it now. It must not be used afterwards. */
  release(): void {
    freed.unregister(this);
    Runtime.get().api.release("ReleaseValue", this.value);
  }

  private get port(): { readonly name: string } & Pick<Form, "dtype" | "shape"> {
    return { name: "", ...this.form };
  }

  private copy(from: Pointer, to: Pointer): void {
    const { api, environment } = Runtime.get();
    api.call("CopyTensors", environment, [from], [to], null, 1);
  }
}

/** Elements on a device, which come to the host when they are read; once. */
export class DeviceStorage implements Storage {
  takenBy?: string;
  native?: unknown;
  private host: HostArray | undefined;

  constructor(private held: DeviceBuffer | undefined) {}

  get buffer(): DeviceBuffer | undefined {
    return this.held;
  }

  get data(): HostArray | undefined {
    if (this.held === undefined) return undefined;
    return (this.host ??= this.held.read());
  }

  /** Only to let go of the elements. */
  set data(data: HostArray | undefined) {
    if (data !== undefined) throw new TypeError("elements on a device are written by runs only");
    this.host = undefined;
    this.held = undefined;
  }

  /** The elements have changed: what was copied to the host is old. */
  written(): void {
    this.host = undefined;
    this.native = undefined;
  }
}

/** Buffers on a device. */
export const deviceBuffers = (library: DeviceLibrary): Buffers => ({
  make: (form) => new DeviceStorage(new DeviceBuffer(library, form)),
  takeOver: (storage) => (storage instanceof DeviceStorage && storage.buffer?.library === library ? new DeviceStorage(storage.buffer) : undefined),
});
