/** @file What a kernel says of itself. */
import { version } from "../../package.json";
import { type KernelInfo, PROTOCOL_VERSION, type ReplyContent } from "../protocol/jupyter";

export const kernelInfo = (what: Pick<KernelInfo, "executor" | "device">): KernelInfo => ({ version, node: process.version, pid: process.pid, ...what });

/** The reply to `kernel_info_request`. */
export function kernelInfoContent(what: Pick<KernelInfo, "executor" | "device">): ReplyContent<"kernel_info_request"> {
  return {
    status: "ok",
    protocol_version: PROTOCOL_VERSION,
    implementation: "isoflop",
    implementation_version: version,
    // VS Code takes the language of cells from the name (see extension/controller/notebookFormat.ts), everything else finds TypeScript in the other fields.
    language_info: { name: "isoflop-ts", version: "6.0", mimetype: "text/x-typescript", file_extension: ".ts", pygments_lexer: "typescript", codemirror_mode: "typescript", nbconvert_exporter: "script" },
    banner: `IsoFLOP ${version}: TypeScript notebooks for research on efficient training (Node ${process.version.slice(1)}, ${what.executor})`,
    help_links: [],
    isoflop: kernelInfo(what),
  };
}
