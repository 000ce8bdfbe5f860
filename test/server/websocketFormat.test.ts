/** @file Frames of Jupyter's websockets: what is written is read again, and what is none is told from what is one. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { makeMessage } from "../../kernel/protocol/envelope";
import type { Channel, Envelope } from "../../kernel/protocol/jupyter";
import { decode, encodeBinary, encodeText } from "../../kernel/server/websocketFormat";

const envelopes = fc
  .record({ channel: fc.constantFrom<Channel>("shell", "control", "iopub", "stdin"), type: fc.string(), content: fc.dictionary(fc.string(), fc.jsonValue()), session: fc.string() })
  .map(({ channel, ...parts }): Envelope => ({ channel, message: makeMessage(parts) }));
const asJson = (envelope: Envelope): unknown => JSON.parse(JSON.stringify(envelope));

describe("a message on a websocket", () => {
  test("comes out as it went in, as text and in binary", () => {
    fc.assert(
      fc.property(envelopes, (envelope) => {
        expect(decode(Buffer.from(encodeText(envelope)), false)).toEqual(asJson(envelope));
        expect(decode(encodeBinary(envelope), true)).toEqual(asJson(envelope));
      }),
    );
  });

  test("in binary has the offsets of its parts in front, the end last", () => {
    const envelope: Envelope = { channel: "shell", message: makeMessage({ type: "a", content: { é: 1 }, session: "s" }) };
    const frame = encodeBinary(envelope);
    const offsets = Array.from({ length: Number(frame.readBigUInt64LE()) }, (_, i) => Number(frame.readBigUInt64LE(8 + 8 * i)));
    expect(offsets).toHaveLength(6);
    expect([offsets[0], offsets[5]]).toEqual([8 * 7, frame.length]);
    expect(frame.toString("utf8", offsets[0], offsets[1])).toBe("shell");
    expect(frame.toString("utf8", offsets[4], offsets[5])).toBe('{"é":1}');
  });

  test("that is damaged anywhere is none, or one that is whole", () => {
    const frame = encodeBinary({ channel: "shell", message: makeMessage({ type: "a", content: {}, session: "s" }) });
    fc.assert(
      fc.property(fc.nat(frame.length - 1), fc.nat(255), fc.nat(frame.length), (at, byte, length) => {
        const damaged = Buffer.from(frame.subarray(0, length));
        if (at < length) damaged[at] = byte;
        const read = decode(damaged, true);
        if (read !== undefined) expect(typeof read.message.header.msg_type).toBe("string");
      }),
    );
    for (const text of ["", "{", "[]", '{"channel":"shell"}', '{"header":{},"channel":"shell","content":{}}']) expect(decode(Buffer.from(text), false)).toBeUndefined();
  });
});
