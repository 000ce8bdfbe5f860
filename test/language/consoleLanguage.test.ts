import { tmpdir } from "node:os";
import { describe, expect, it } from "vitest";
import { completeAt, inspectAt } from "../../kernel/language/consoleLanguage";

const about = { cwd: tmpdir(), types: {} };
const cells = ["/** How wide. */\nlet width = 3; const model = { depth: 2, deep: { a: 1 } }"];

describe("completion and inspection for consoles", () => {
  it("complete members and names of earlier cells, with the place that they replace", () => {
    expect(completeAt({ ...about, cells, code: "model.de", cursorPos: 8 })).toMatchObject({ matches: ["deep", "depth"], cursorStart: 6, cursorEnd: 8 });
    expect(completeAt({ ...about, cells, code: "wid", cursorPos: 3 })).toMatchObject({ matches: ["width"], cursorStart: 0, cursorEnd: 3, types: [{ text: "width", type: "let", start: 0, end: 3 }] });
  });

  it("count code points, not units", () => {
    expect(completeAt({ ...about, cells, code: "'👩🏽‍🚀𝒳'; model.de + 1", cursorPos: 17 })).toMatchObject({ matches: ["deep", "depth"], cursorStart: 15, cursorEnd: 17 });
  });

  it("complete what only the running notebook knows", () => {
    const names = ["livened"];
    expect(completeAt({ ...about, cells: [], names, code: "liv", cursorPos: 3 }).matches).toEqual(["livened"]);
    const members = (path: string): string[] => (path === "thing.part" ? ["alive"] : []);
    expect(completeAt({ ...about, cells: ["const thing: any = 1"], members, code: "thing.part.al", cursorPos: 13 })).toMatchObject({ matches: ["alive"], cursorStart: 11, cursorEnd: 13 });
  });

  it("have nothing to offer where nothing fits, and take any cursor", () => {
    expect(completeAt({ ...about, cells, code: "'wid'", cursorPos: 4 }).matches).toEqual([]);
    expect(completeAt({ ...about, cells, code: "model.zz", cursorPos: 999 })).toMatchObject({ matches: [], cursorStart: 6, cursorEnd: 8 });
    expect(completeAt({ ...about, cells, code: "", cursorPos: -1 })).toMatchObject({ cursorStart: 0, cursorEnd: 0 });
  });

  it("inspect what the cursor is on, behind, or calling", () => {
    expect(inspectAt({ ...about, cells, code: "width + 1", cursorPos: 2 })?.["text/plain"]).toBe("let width: number\n\nHow wide.");
    expect(inspectAt({ ...about, cells, code: "(width)", cursorPos: 6 })?.["text/plain"]).toContain("let width");
    expect(inspectAt({ ...about, cells, code: "parseInt(", cursorPos: 9 })?.["text/plain"]).toContain("function parseInt");
    expect(inspectAt({ ...about, cells, code: "   ", cursorPos: 1 })).toBeUndefined();
  });
});
