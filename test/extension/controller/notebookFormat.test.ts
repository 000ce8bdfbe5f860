/** @file Which notebooks are ours, and what makes one ours. */
import { describe, expect, it } from "vitest";
import type * as vscode from "vscode";
import { isOurs, KERNELSPEC, LANGUAGE_INFO, withOurMetadata } from "../../../extension/controller/notebookFormat";

// SAFETY: of a document, these are used.
const notebook = (metadata: Readonly<Record<string, unknown>>, languages: readonly string[] = []): vscode.NotebookDocument =>
  ({ metadata, getCells: () => languages.map((languageId) => ({ document: { languageId } })) }) as unknown as vscode.NotebookDocument;

describe("a notebook", () => {
  it("is ours by its kernel, by its language, or by its cells, and not where another kernel is named", () => {
    expect(isOurs(notebook({ metadata: { kernelspec: { name: "isoflop" } } }))).toBe(true);
    expect(isOurs(notebook({ custom: { metadata: { kernelspec: { name: "isoflop" } } } }))).toBe(true);
    expect(isOurs(notebook({ metadata: { language_info: { name: "isoflop-ts" } } }))).toBe(true);
    expect(isOurs(notebook({}, ["python", "isoflop-ts"]))).toBe(true);
    expect(isOurs(notebook({ metadata: { kernelspec: { name: "python3" } } }, ["isoflop-ts"]))).toBe(false);
    expect(isOurs(notebook({ metadata: 7, custom: null }, ["typescript"]))).toBe(false);
  });

  it("that is ours is not changed; another keeps all else that its metadata holds", () => {
    expect(withOurMetadata(notebook({ metadata: { kernelspec: { name: "isoflop", display_name: "x" }, language_info: { name: "isoflop-ts" } } }))).toBeUndefined();
    expect(withOurMetadata(notebook({ nbformat: 4, metadata: { title: "t", kernelspec: { name: "deno" } } }))).toEqual({ nbformat: 4, metadata: { title: "t", kernelspec: KERNELSPEC, language_info: LANGUAGE_INFO } });
    expect(withOurMetadata(notebook({ custom: { nbformat: 4, metadata: { title: "t" } } }))).toEqual({ custom: { nbformat: 4, metadata: { title: "t", kernelspec: KERNELSPEC, language_info: LANGUAGE_INFO } } });
  });
});
