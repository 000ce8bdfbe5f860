/** @file Buffers of results that begin at a whole cache line: vectors that straddle two lines cost a kernel twice, and none can be written past the caches. */
import { bytesPerElement, hostView } from "../../graph/dtype";
import { type Buffers, type Form, HOST_BUFFERS } from "../buffers";
import { foreign } from "../foreign";

const LINE_BYTES = 64;
/** Smaller buffers are taken as they are: there is little to gain. */
const SMALL_BYTES = 2 ** 12;

const bytesOf = ({ elements, dtype }: Form): number => elements * bytesPerElement(dtype);

const ours = new WeakSet<ArrayBufferLike>();

export const ALIGNED_BUFFERS: Buffers = {
  make(form) {
    const bytes = bytesOf(form);
    if (bytes < SMALL_BYTES) return HOST_BUFFERS.make(form);
    const buffer = new ArrayBuffer(bytes + LINE_BYTES);
    const offset = Number(-BigInt(foreign().address(buffer)) & BigInt(LINE_BYTES - 1));
    ours.add(buffer);
    return { data: hostView(form.dtype, buffer, offset, form.elements) };
  },
  takeOver(storage, form) {
    const { data, native } = storage;
    if (data !== undefined && ours.has(data.buffer)) return { data, native };
    // One that lies elsewhere is let go: the next run takes one of ours in its place.
    return bytesOf(form) < SMALL_BYTES ? HOST_BUFFERS.takeOver(storage, form) : undefined;
  },
};
