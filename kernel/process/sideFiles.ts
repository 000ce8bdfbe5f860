/** @file Files beside the notebook for outputs that are too large to stand in it. */
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";

export interface SideFilesOptions {
  /** Path of the notebook; undefined for one that was never saved. */
  readonly notebook?: string;
  /** Used where nothing can be written beside the notebook. */
  readonly fallback: string;
}

/** More than that of one output is a runaway loop. */
const MAX_FILE_BYTES = 4e9;

/** An output on its way to a file. */
export class SideFile {
  private bytes = 0;
  private file: number | undefined;

  constructor(
    readonly path: string,
    file: number,
  ) {
    this.file = file;
  }

  /** Whether all of it was written; after a failure nothing more is. */
  write(text: string | Uint8Array): boolean {
    if (this.file === undefined) return false;
    const data = typeof text === "string" ? Buffer.from(text, "utf8") : text;
    this.bytes += data.length;
    try {
      if (this.bytes > MAX_FILE_BYTES) throw new Error("too large");
      for (let at = 0; at < data.length;) at += writeSync(this.file, data, at);
      return true;
    } catch {
      this.close();
      return false;
    }
  }

  close(): void {
    if (this.file !== undefined) closeSync(this.file);
    this.file = undefined;
  }
}

export class SideFiles {
  private readonly folders: readonly string[];

  constructor({ notebook, fallback }: SideFilesOptions) {
    const beside = notebook === undefined ? [] : [join(dirname(notebook), `${basename(notebook).replace(/\.ipynb$/i, "")}.outputs`)];
    this.folders = [...beside, join(fallback, "outputs")];
  }

  /** A new, empty file; one of the same name is replaced. undefined where the disk takes none. */
  create(name: string): SideFile | undefined {
    for (const folder of this.folders) {
      try {
        mkdirSync(folder, { recursive: true });
        const path = join(folder, name.replace(/[^A-Za-z0-9._-]/g, "_"));
        return new SideFile(path, openSync(path, "w"));
      } catch {
        // The next folder may take it.
      }
    }
    return undefined;
  }
}
