/** @file A notebook that holds an output of every view, as if cells had just made them. */
import { KERNELSPEC, LANGUAGE_INFO } from "../../extension/controller/notebookFormat";
import type { ViewName } from "../../kernel/display/schema";
import { toBundle } from "../../kernel/display/bundle";
import { view } from "../../kernel/display/view";
import { EXAMPLES } from "../display/pictures";

const frames = { dtype: "float32", shape: [6, 24, 32], data: Float32Array.from({ length: 6 * 24 * 32 }, (_, i) => Number((i % 32) === Math.floor(i / 768) * 5)) } as const;
/** Views of which no reference picture is kept. */
const MORE = {
  video: () => view.video(frames, { title: "A bar that moves" }),
  table: () => view.table([{ method: "adamw", loss: 1.42, tokens: 1e6 }, { method: "muon", loss: 1.33, tokens: 1e6 }]),
};

export interface Exhibit {
  readonly name: string;
  readonly view: ViewName;
  readonly bundle: Readonly<Record<string, unknown>>;
}

/** An output of each example; cells of the gallery, in their order. */
export function exhibits(): readonly Exhibit[] {
  return Object.entries({ ...EXAMPLES, ...MORE }).map(([name, build]) => {
    const bundle = toBundle(build());
    const view = Object.keys(bundle).flatMap((mime) => /^application\/vnd\.isoflop\.(.*)\.v1\+json$/.exec(mime)?.[1] ?? [])[0];
    // SAFETY: the name stands in a type of output that the kernel made.
    return { name, view: view as ViewName, bundle };
  });
}

/** The `.ipynb`: one code cell for each exhibit. */
export function galleryNotebook(): string {
  const cells = exhibits().map(({ name, bundle }, at) => ({
    cell_type: "code",
    id: `gallery-${at + 1}`,
    metadata: {},
    execution_count: at + 1,
    source: `"${name}"`,
    outputs: [{ output_type: "execute_result", execution_count: at + 1, metadata: {}, data: bundle }],
  }));
  return JSON.stringify({ cells, metadata: { kernelspec: KERNELSPEC, language_info: LANGUAGE_INFO }, nbformat: 4, nbformat_minor: 5 });
}
