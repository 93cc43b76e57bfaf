// Single keys: what they do, that the search can be reached with a selection, and that they can be switched off.
import assert from "node:assert/strict";
import { test } from "node:test";
import { furnish, importLedger, open, stage } from "./harness.mjs";
import { ledger } from "./ledger.mjs";

const at = stage((app) => {
  furnish(app);
  importLedger(app, ledger());
});
const ticked = (page) => page.locator("input[name=invoice]:checked").count();

test("j, k, x and Shift+X select a range, Escape clears it, and ? tells the keys", async () => {
  const page = await open(at.browser, at.app);
  for (const key of ["j", "j", "k", "x", "j", "j", "j", "Shift+X"]) await page.keyboard.press(key);
  assert.equal(await ticked(page), 4);
  await page.getByRole("status").filter({ hasText: "4 selected" }).waitFor();
  await page.keyboard.press("?");
  await page.getByText("They can be switched off beside your name.").waitFor();
  await page.keyboard.press("Escape");
  assert.equal(await ticked(page), 0);
  await page.context().close();
});

test("with a selection / leads to the search, and what is typed next is only text", async () => {
  for (const viewport of [{ width: 1280, height: 800 }, { width: 375, height: 700 }]) {
    const page = await open(at.browser, at.app, { viewport });
    for (const key of ["j", "x", "j", "x"]) await page.keyboard.press(key);
    await page.route("**/invoices?*", (route) => (route.request().headers()["hx-request"] ? route.abort() : route.continue()));
    await page.keyboard.press("/");
    const search = page.getByRole("searchbox");
    await page.keyboard.type("rjx");
    assert.equal(await search.inputValue(), "rjx");
    assert.ok(await search.isVisible());
    assert.equal(await ticked(page), 2);
    assert.equal(await page.getByRole("dialog").count(), 0);
    await page.context().close();
  }
});

test("who has switched single keys off types letters without a consequence", async () => {
  const page = await open(at.browser, at.app);
  await page.getByRole("group", { name: "Single-key shortcuts" }).getByRole("button", { name: "Off" }).click();
  await page.locator("[data-no-keys]").waitFor({ state: "attached" });
  await page.waitForLoadState();
  for (const key of ["j", "x", "/", "?"]) await page.keyboard.press(key);
  assert.equal(await ticked(page), 0);
  assert.equal(await page.evaluate(() => document.activeElement.tagName), "BODY");
  await page.getByRole("group", { name: "Single-key shortcuts" }).getByRole("button", { name: "On" }).click();
  await page.locator("[data-no-keys]").waitFor({ state: "detached" });
  await page.waitForLoadState();
  for (const key of ["j", "x"]) await page.keyboard.press(key);
  assert.equal(await ticked(page), 1);
  await page.context().close();
});
