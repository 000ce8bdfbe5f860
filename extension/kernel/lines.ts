/** @file Bytes to lines of JSON: what comes in pieces is put together, what never ends is refused. */
import { StringDecoder } from "node:string_decoder";

/** A line may hold an output of any size that a kernel sends; more than that is no message. */
const MAX_LINE_CHARACTERS = 256e6;

/** Reads pieces of a stream; calls back with each line's value, in order. */
export class JsonLines {
  private readonly decoder = new StringDecoder("utf8");
  private pieces: string[] = [];
  private length = 0;

  constructor(private readonly take: (value: unknown) => void) {}

  /** @throws {SyntaxError} at a line that is not JSON. @throws {RangeError} at one that is too long. */
  add(bytes: Buffer): void {
    const text = this.decoder.write(bytes);
    let from = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", from)) {
      this.pieces.push(text.slice(from, end));
      const line = this.pieces.join("");
      this.pieces = [];
      this.length = 0;
      from = end + 1;
      if (line.trim() !== "") this.take(JSON.parse(line));
    }
    const rest = text.slice(from);
    if (rest === "") return;
    this.pieces.push(rest);
    this.length += rest.length;
    if (this.length > MAX_LINE_CHARACTERS) throw new RangeError(`a line of more than ${MAX_LINE_CHARACTERS} characters`);
  }
}
