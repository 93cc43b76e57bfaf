// What a page may weigh: a budget that is kept, not remembered.
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { furnish, importLedger, open, stage } from "./harness.mjs";
import { ledger } from "./ledger.mjs";

const kibibytes = (count) => count * 1024;
const at = stage((app) => {
  furnish(app);
  importLedger(app, ledger());
});

test("the first view of the invoices keeps within its budget, and asks nobody else", async () => {
  const known = await open(at.browser, at.app);
  const storageState = await known.context().storageState();
  const page = await (await at.browser.newContext({ storageState })).newPage();
  const answers = [];
  page.on("requestfinished", (request) => answers.push(request));
  await page.goto(`${at.app.url}/invoices`, { waitUntil: "networkidle" });
  let total = 0;
  const sizes = new Map();
  for (const request of answers) {
    assert.ok(request.url().startsWith(`${at.app.url}/`), request.url());
    const { responseBodySize, responseHeadersSize } = await request.sizes();
    total += responseBodySize + responseHeadersSize;
    sizes.set(new URL(request.url()).pathname.split(".").pop(), responseBodySize);
  }
  const told = [...sizes].map(([kind, size]) => `${kind} ${size}`).join(", ");
  assert.ok(answers.length <= 5, `${answers.length} requests: ${told}`);
  assert.ok(total <= kibibytes(60), `${total} bytes: ${told}`);
  assert.ok(sizes.get("js") <= kibibytes(20), told);
  assert.ok(sizes.get("css") <= kibibytes(12), told);
  for (const context of [known.context(), page.context()]) await context.close();
});

test("fifty rows weigh little, and come compressed", async () => {
  const page = await open(at.browser, at.app);
  const answer = await page.goto(`${at.app.url}/invoices?per=50&tab=all`);
  assert.equal(await page.locator("tr[data-invoice]").count(), 50);
  assert.equal(answer.headers()["content-encoding"], "gzip");
  const rows = await page.locator("table[aria-label=Invoices]").evaluate((table) => table.outerHTML);
  const weight = gzipSync(rows).length;
  assert.ok(weight <= kibibytes(15), `${weight} bytes`);
  await page.context().close();
});
