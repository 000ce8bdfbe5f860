// Makes out/isoflop-<version>-<platform>.vsix: the extension with everything it needs at run time, for this platform.
// JavaScript is bundled; native packages and TypeScript go along as they are, only the files that are used here.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { createVSIX } from "@vscode/vsce";
import { noticesOf } from "./notices.mjs";

const ROOT = resolve(import.meta.dirname, "../..");
const TARGET = `${process.platform}-${process.arch}`;
const STAGE = join(ROOT, "out/package");
/** Beside the code rather than at the top: vsce leaves a node_modules folder at the top out. */
const PACKAGES = join(STAGE, "dist/node_modules");
const LICENCE_NAME = /^(licen[sc]e|copying|notice|thirdpartynotice)/i;

/** Packages that are not bundled, and the files of them that run or that the type checker reads. */
const UNBUNDLED = {
  "onnxruntime-node": [/^dist\/.*\.js$/, new RegExp(`^bin/napi-v\\d+/${process.platform}/${process.arch}/`)],
  "onnxruntime-common": [/^dist\/cjs\/.*\.js$/, /^dist\/cjs\/package\.json$/],
  koffi: [/^(index|indirect)\.c?js$/, /^src\/.*\.c?js$/],
  [`@koromix/koffi-${TARGET}`]: [/\.(node|js)$/],
  zeromq: [/^lib\/.*\.js$/],
  "cmake-ts": [/^build\/loader\.js$/],
  typescript: [/^lib\/lib\.(.*\.)?d\.ts$/],
  "@types/node": [/\.d\.ts$/],
  "undici-types": [/\.d\.ts$/],
};

/** Parts of the build, and libraries for tests only. */
const NOT_SHIPPED = /\.o$|\.objects$|-sanitize$|libisoflop_simulated/;

const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
rmSync(STAGE, { recursive: true, force: true });
mkdirSync(STAGE, { recursive: true });

execFileSync(process.execPath, ["esbuild.mjs", "--release", "--outdir", join(STAGE, "dist")], { cwd: ROOT, stdio: "inherit" });
const inputs = JSON.parse(readFileSync(join(STAGE, "dist/inputs.json"), "utf8"));
rmSync(join(STAGE, "dist/inputs.json"));
const corpus = await corpora(join(STAGE, "dist/index.js")); // before packages are copied: these are the repository's
for (const name of ["types", "native"]) {
  const [built, staged] = [join(ROOT, "dist", name), join(STAGE, "dist", name)];
  if (existsSync(built) && !existsSync(staged)) cpSync(built, staged, { recursive: true, filter: (file) => !NOT_SHIPPED.test(file) });
}

for (const [name, patterns] of Object.entries(UNBUNDLED)) copyPackage(name, (file) => patterns.some((pattern) => pattern.test(file)));
copyZeromqBinaries();
for (const file of corpus.files) copyFile(file);

for (const name of ["README.md", "LICENSE", "extension/resources", "extension/syntaxes"]) cpSync(join(ROOT, name), join(STAGE, name), { recursive: true });
for (const name of readdirSync(join(ROOT, "notebooks"))) if (name.endsWith(".ipynb")) cpSync(join(ROOT, "notebooks", name), join(STAGE, "notebooks", name), { recursive: true });
const bundled = inputs.filter((file) => file.startsWith("node_modules/")).map((file) => file.match(/^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//)[1]);
writeFileSync(join(STAGE, "THIRD-PARTY-NOTICES.txt"), noticesOf([...new Set([...bundled, ...Object.keys(UNBUNDLED).map((name) => `node_modules/${name}`), ...corpus.packages.map((name) => `node_modules/${name}`)])], ROOT));
const shipped = Object.entries(manifest).filter(([field]) => !["scripts", "dependencies", "devDependencies"].includes(field));
writeFileSync(join(STAGE, "package.json"), JSON.stringify(Object.fromEntries(shipped), null, 2));

// The text that notebooks train on has to be the same as in the repository.
const staged = execFileSync(process.execPath, ["--input-type=module", "-e", `const { data } = await import(${JSON.stringify(pathToFileURL(join(STAGE, "dist/index.js")).href)}); console.log(data.corpus().digest);`], { encoding: "utf8" }).trim();
if (staged !== corpus.digest) throw new Error("data.corpus() in the package differs from the repository's");

const packagePath = join(ROOT, `out/isoflop-${manifest.version}-${TARGET}.vsix`);
await createVSIX({ cwd: STAGE, packagePath, target: TARGET, dependencies: false, allowMissingRepository: true, rewriteRelativeLinks: false, skipLicense: false });
report(packagePath);

function copyFile(file) {
  cpSync(join(ROOT, "node_modules", file), join(PACKAGES, file));
}

/** The chosen files of an installed package, its manifest and licences. */
function copyPackage(name, wanted) {
  const folder = join(ROOT, "node_modules", name);
  if (!existsSync(folder)) throw new Error(`package ${name} is not installed\nhelp: npm ci`);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name).slice(folder.length + 1);
    if (entry.isFile() && (file === "package.json" || LICENCE_NAME.test(file) || wanted(file))) copyFile(join(name, file));
  }
}

/** zeromq brings binaries for all platforms, and an index of them: of each C library the newest ones here, and the index without the others. */
function copyZeromqBinaries() {
  const index = JSON.parse(readFileSync(join(ROOT, "node_modules/zeromq/build/manifest.json"), "utf8"));
  const kept = Object.entries(index).filter(([key]) => {
    const { os, arch, abi } = JSON.parse(key);
    return os === process.platform && arch === process.arch && abi >= 115;
  });
  for (const [, file] of kept) copyFile(`zeromq/build/${file.replaceAll("\\", "/")}`);
  writeFileSync(join(PACKAGES, "zeromq/build/manifest.json"), JSON.stringify(Object.fromEntries(kept)));
}

/** Files of packages that `data.corpus()` reads, of every kind; they go along with their manifests. */
async function corpora(index) {
  const { data } = await import(pathToFileURL(index).href);
  const names = ["english", "licences", "markdown", "typescript"].flatMap((kind) => data.corpus({ kind, bytes: Number.MAX_SAFE_INTEGER }).documents.map(({ name }) => name));
  const packages = [...new Set(names.map((name) => name.match(/^(?:@[^/]+\/)?[^/]+/)[0]))];
  return { files: [...new Set([...names, ...packages.map((name) => `${name}/package.json`)])], packages, digest: data.corpus().digest };
}

function report(path) {
  const size = (file) => (statSync(file).size / 1e6).toFixed(1);
  const total = (folder) => readdirSync(folder, { recursive: true, withFileTypes: true }).reduce((sum, entry) => sum + (entry.isFile() ? statSync(join(entry.parentPath, entry.name)).size : 0), 0);
  const parts = [...readdirSync(STAGE).filter((name) => statSync(join(STAGE, name)).isDirectory()).map((name) => join(STAGE, name)), ...readdirSync(PACKAGES).map((name) => join(PACKAGES, name))];
  for (const part of parts) console.log(`${(total(part) / 1e6).toFixed(1).padStart(8)} MB  ${part.slice(STAGE.length + 1)}`);
  console.log(`${basename(path)}: ${size(path)} MB`);
}
