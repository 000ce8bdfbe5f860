/** @file Axes of figures that count or name their positions. */
import { describe, expect, it } from "vitest";
import { view } from "../../kernel/index";

const matrix = (rows: number, columns: number): number[][] => Array.from({ length: rows }, (_, r) => Array.from({ length: columns }, (__, c) => r + c));
const heatmap = (rows: number, columns: number) => ({ type: "heatmap", values: matrix(rows, columns) }) as const;
/** Heights of labels in the picture, by their text. */
const heightOf = (svg: string, text: string): number => Number(new RegExp(`<text x="[\\d.]+" y="([\\d.]+)"[^>]*>${text}</text>`).exec(svg)?.[1]);

describe("An axis", () => {
  it("of a small heat map counts its rows and columns one by one, row 0 on top", () => {
    const { payload, svg = "" } = view.figure({ marks: [heatmap(2, 3)] });
    expect(payload.x).toMatchObject({ scale: "category", categories: ["0", "1", "2"], domain: [0, 2] });
    expect(payload.y).toMatchObject({ scale: "category", categories: ["0", "1"], domain: [1, 0] });
    expect(svg).not.toContain("0.5<");
  });

  it("of a large heat map, or of one with edges of its own, is one of numbers", () => {
    const { x, y } = view.figure({ marks: [heatmap(13, 13)] }).payload;
    expect([x.scale, y.scale, y.domain]).toEqual(["linear", "linear", [12.5, -0.5]]);
    expect(view.figure({ marks: [{ ...heatmap(3, 3), x: [0, 1] }] }).payload.x).toMatchObject({ scale: "linear", domain: [0, 1] });
  });

  it("shows names in place of numbers, from the top where a matrix has text over it", () => {
    const names = ["first", "second", "third"];
    const { payload, svg = "" } = view.figure({ y: { names }, marks: [heatmap(3, 2), { type: "text", x: [0], y: [0], text: ["here"] }] });
    expect(payload.y).toMatchObject({ scale: "category", categories: names, domain: [2, 0] });
    expect(heightOf(svg, "first")).toBeLessThan(heightOf(svg, "third"));
  });

  it("has bars of one width, whatever the places of each series", () => {
    const { marks } = view.figure({ marks: [{ type: "bar", name: "kept", x: [2, 20, 38], y: [1, 2, 3] }, { type: "bar", name: "others", x: [0, 1, 3, 4], y: [1, 1, 1, 1] }] }).payload;
    expect(marks.map((mark) => mark.type === "bar" && mark.width)).toEqual([marks[0].type === "bar" && marks[0].width, marks[0].type === "bar" && marks[0].width]);
    expect(marks[0]).toMatchObject({ type: "bar", width: expect.closeTo(0.5, 1) });
  });

  it("with names runs upwards for lines, and the other way around where its domain says so", () => {
    const names = ["low", "high"];
    const drawn = (domain?: readonly [number, number]): string => view.figure({ y: { names, domain }, marks: [{ type: "line", y: [0, 1] }] }).svg ?? "";
    expect(heightOf(drawn(), "high")).toBeLessThan(heightOf(drawn(), "low"));
    expect(heightOf(drawn([1, 0]), "low")).toBeLessThan(heightOf(drawn([1, 0]), "high"));
  });
});
