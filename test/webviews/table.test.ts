/** @file Tables in a browser: sorting, copying, and cells that would like to be markup. */
import { describe, expect, it } from "vitest";
import { tableView } from "../../kernel/display/table";
import { openedPage } from "./openedPage";
import { hasChromium, openView } from "./views";

const records = [
  { name: "baseline", loss: 1.42, flops: 12e9, note: 'plain, "quoted"' },
  { name: "muon", loss: 1.31, flops: 12e9, note: "" },
  { name: "<img src=x onerror=alert(1)>", loss: NaN, flops: 9e9, note: "=1+1" },
];

describe.skipIf(!hasChromium)("tables", () => {
  const opened = openedPage();

  it("a click on a header sorts, numbers as numbers, and what is missing goes last both ways", async () => {
    const { page } = opened();
    const frame = await openView(page, "table", tableView(records).payload, { id: "sort" });
    const column = (): Promise<string[]> => frame.locator("tbody tr td:nth-child(2)").allTextContents();
    await frame.getByRole("button", { name: "loss" }).click();
    expect(await column()).toEqual(["1.31", "1.42", "NaN"]);
    await page.keyboard.press("Enter");
    expect(await column()).toEqual(["1.42", "1.31", "NaN"]);
    expect(await frame.locator("th").nth(1).getAttribute("aria-sort")).toBe("descending");
  });

  it("cells are text: markup in them is shown, never built", async () => {
    const frame = await openView(opened().page, "table", tableView(records).payload, { id: "text" });
    expect(await frame.locator("img").count()).toBe(0);
    expect(await frame.getByText("<img src=x onerror=alert(1)>").count()).toBe(1);
    expect(await opened().problems()).toEqual([]);
  });

  it("the copied text is CSV with quotes doubled and no formulas", async () => {
    const { page } = opened();
    const frame = await openView(page, "table", tableView(records).payload, { id: "csv" });
    await frame.getByRole("button", { name: "Copy as CSV" }).click();
    const copied = (await page.evaluate(() => navigator.clipboard.readText())).replaceAll("\r\n", "\n");
    expect(copied).toBe('name,loss,flops,note\nbaseline,1.42,12000000000,"plain, ""quoted"""\nmuon,1.31,12000000000,\n<img src=x onerror=alert(1)>,NaN,9000000000,\'=1+1');
  });
});
