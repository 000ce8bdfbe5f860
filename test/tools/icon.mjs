// Draws extension/resources/icon.png, the 128 px picture of the extension, from icon.svg: node test/tools/icon.mjs
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { chromium } from "playwright-core";

const RESOURCES = resolve(import.meta.dirname, "../../extension/resources");
const SIZE_PX = 128;
const svg = readFileSync(join(RESOURCES, "icon.svg"), "utf8").replace(/width="24" height="24"/, 'width="92" height="92"');

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
const page = await browser.newPage({ viewport: { width: SIZE_PX, height: SIZE_PX } });
await page.setContent(`<body style="margin:0;background:transparent"><div style="width:${SIZE_PX}px;height:${SIZE_PX}px;border-radius:24px;background:#16324f;color:#f2c14e;display:grid;place-items:center">${svg}</div>`);
await page.screenshot({ path: join(RESOURCES, "icon.png"), omitBackground: true });
await browser.close();
