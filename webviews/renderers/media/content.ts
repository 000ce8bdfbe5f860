/** @file What each kind of media gives to the view around it. */
import type { MediaPayload } from "../../../kernel/display/schema";
import type { Host, Mounted } from "../../shared/renderer";

/** One kind of media while it is shown. */
export interface Content<P extends MediaPayload> {
  readonly element: HTMLElement;
  /** Takes another payload of the same kind; may reject when its picture is damaged. */
  update(payload: P): Promise<void>;
  readonly exports: Mounted<"media">["exports"];
}

export interface ContentOptions<P extends MediaPayload> {
  readonly host: Host;
  readonly payload: P;
  /** Ends with this content: before the host's where another kind takes its place. */
  readonly signal: AbortSignal;
}
