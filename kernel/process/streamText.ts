/** @file The text that an execution writes: joined for a moment, and above the limit written to a file. */
import type { StreamMessage } from "../protocol/messages";
import { megabytes } from "./largeOutput";
import type { SideFile, SideFiles } from "./sideFiles";

type Stream = StreamMessage["content"];

export interface StreamTextOptions {
  readonly cell: string;
  readonly limitBytes: number;
  readonly files: SideFiles;
  readonly send: (content: Stream) => void;
}

/** As long as nobody sees as a delay, and few enough messages for any front end. */
const JOIN_MS = 30;
/** Longer text is sent at once. */
const JOIN_CHARACTERS = 100_000;
/** What is shown of the text that went over the limit. */
const HEAD_CHARACTERS = 2000;

export class StreamText {
  private name: Stream["name"] = "stdout";
  private parts: string[] = [];
  private characters = 0;
  private timer: NodeJS.Timeout | undefined;
  /** All that was written, for the file that may be needed. */
  private written: string[] = [];
  private total = 0;
  private file: SideFile | undefined;
  private over = false;

  constructor(private readonly options: StreamTextOptions) {}

  add({ name, text }: Stream): void {
    if (text === "") return;
    this.total += text.length;
    if (this.over) {
      this.file?.write(text);
      return;
    }
    if (name !== this.name) this.flush();
    this.name = name;
    if (this.total > this.options.limitBytes) {
      this.overflow(text);
      return;
    }
    this.written.push(text);
    this.parts.push(text);
    this.characters += text.length;
    if (this.characters > JOIN_CHARACTERS) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), JOIN_MS);
  }

  /** Sends what waits. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.parts.length === 0) return;
    const text = this.parts.join("");
    this.parts = [];
    this.characters = 0;
    this.options.send({ name: this.name, text });
  }

  /** What was shown is taken away: text counts anew. */
  reset(): void {
    this.flush();
    this.close();
    this.total = 0;
    this.over = false;
  }

  /** Lets go of the file; nothing more is written to it. */
  close(): void {
    this.file?.close();
    this.file = undefined;
    this.written = [];
  }

  private overflow(text: string): void {
    const { files, cell, limitBytes } = this.options;
    this.over = true;
    this.file = files.create(`cell-${cell}.txt`);
    const kept = this.file?.write([...this.written, text].join("")) === true;
    this.written = [];
    const where = kept ? `all of it is in ${this.file?.path}` : "the rest is left out: no file could be written for it";
    this.parts.push(`${text.slice(0, HEAD_CHARACTERS)}\n… (more than ${megabytes(limitBytes)} of output; ${where})\n`);
    this.flush();
  }
}
