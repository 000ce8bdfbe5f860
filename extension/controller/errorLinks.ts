/** @file Places in cells as links that the editor follows. */

const PLACE = /\bcell (\d+), line (\d+)(?::\d+)?/g;
/** The editor makes elements of links that it finds in tracebacks; only ours are meant to be. */
const FOREIGN_LINK = /<(?=a\s)/gi;
const ZERO_WIDTH = "\u200b";

/** The traceback with each "cell 3, line 5" as a link to that line. `orderOf` gives the execution order by which the editor finds a cell;
 * a cell without one stays plain text, as do links that the text holds already. */
export function linkedTraceback(traceback: readonly string[], orderOf: (label: string) => number | undefined): string {
  return traceback
    .map((line) =>
      line.replace(FOREIGN_LINK, `<${ZERO_WIDTH}`).replace(PLACE, (place: string, label: string, at: string) => {
        const order = orderOf(label);
        return order === undefined ? place : `<a href='vscode-notebook-cell:?execution_count=${order}&line=${at}'>${place}</a>`;
      }),
    )
    .join("\n");
}
