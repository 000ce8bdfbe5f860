// The licence notices of packages that are shipped. Fails on a licence that nobody has agreed to.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ALLOWED = new Set(["MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "0BSD", "Unlicense", "CC0-1.0", "BlueOak-1.0.0"]);
/** Licences beyond these, each for a package and a reason. */
const EXCEPTIONS = {
  zeromq: ["MIT AND MPL-2.0", "libzmq, which its binary holds, is under MPL-2.0 and unchanged; its source is at github.com/zeromq/libzmq"],
  "gl-mat4": ["Zlib", "a part of plotly.js"],
};
/** Packages without a licence file, whose licence stands at the top of a source file. */
const IN_SOURCE = { "@bufbuild/protobuf": "dist/esm/wire/varint.js" };
const LICENCE_NAME = /^(licen[sc]e|copying|notice|thirdpartynotice)/i;
const MIT = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"),
to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense,
and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS
IN THE SOFTWARE.`;

/** One text for all packages (folders relative to `root`).
 * @throws {Error} naming every package whose licence is not allowed, or whose text is missing. */
export function noticesOf(folders, root) {
  const problems = [];
  const parts = [...folders].sort().map((folder) => {
    const { name, version, license, author } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
    if (!isAllowed(license) && EXCEPTIONS[name]?.[0] !== license) problems.push(`${name} ${version}: ${license ?? "no licence"}`);
    const texts = readdirSync(join(root, folder)).filter((file) => LICENCE_NAME.test(file)).map((file) => readFileSync(join(root, folder, file), "utf8").trim());
    if (texts.length === 0) {
      const source = IN_SOURCE[name];
      if (source !== undefined) texts.push(headOf(join(root, folder, source)), "The Apache License 2.0, whose text stands below typescript.");
      else if (license === "MIT") texts.push(`Copyright (c) ${holderOf(name, author)}\n\n${MIT}`);
      else if (license === "Apache-2.0" ) texts.push("The Apache License 2.0, whose text stands below typescript.");
      else problems.push(`${name} ${version}: ${license}, no licence text`);
    }
    const remark = EXCEPTIONS[name]?.[1];
    return [`${name} ${version} (${license})`, ...(remark === undefined ? [] : [remark]), ...texts].join("\n\n");
  });
  if (problems.length > 0) throw new Error(`licences that are not allowed:\n${problems.join("\n")}\nhelp: replace the package, or add the licence in ${import.meta.filename}`);
  const rule = "\n\n" + "-".repeat(100) + "\n\n";
  return `IsoFLOP contains the packages below. The library of onnxruntime holds further ones, listed in ThirdPartyNotices.txt of its source.${rule}${parts.join(rule)}\n`;
}

/** Of an SPDX expression: every part of an AND, one of an OR. */
function isAllowed(expression = "") {
  const bare = expression.replace(/[()]/g, " ").trim();
  return bare.split(/\s+AND\s+/).every((part) => part.split(/\s+OR\s+/).some((licence) => ALLOWED.has(licence.trim())));
}

/** The comment lines that a file begins with. */
function headOf(file) {
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.slice(0, lines.findIndex((line) => !line.startsWith("//"))).map((line) => line.replace(/^\/\/ ?/, "")).join("\n");
}

function holderOf(name, author) {
  const person = typeof author === "object" && author !== null ? author.name : author;
  if (name.startsWith("onnxruntime")) return "Microsoft Corporation";
  return (person ?? `the authors of ${name}`).replace(/\s*[<(].*$/, "");
}
