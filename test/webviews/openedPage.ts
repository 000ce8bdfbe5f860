/** @file One page for all tests of a block. */
import { afterAll, beforeAll } from "vitest";
import { startViews, type ViewPage, type Views } from "./views";

/** Opens a page before the tests of this block and closes it after them; gives what finds it in a test. */
export function openedPage(): () => ViewPage {
  let views: Views | undefined;
  let opened: ViewPage | undefined;
  beforeAll(async () => {
    views = await startViews();
    opened = await views.openPage();
  });
  afterAll(async () => {
    await opened?.close();
    await views?.close();
  });
  return () => {
    if (opened === undefined) throw new Error("the page is opened before the tests, not while they are described");
    return opened;
  };
}
