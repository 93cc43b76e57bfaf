// Settings > API keys, without JavaScript: a key is made, read once, used, and revoked.
import assert from "node:assert/strict";
import { test } from "node:test";
import { open, stage } from "./harness.mjs";

const at = stage();

async function answers(key) {
  return (await fetch(`${at.app.url}/api/v1/invoices`, { headers: { "x-api-key": key } })).status;
}

test("an admin makes a key, a program uses it, and once it is revoked it is refused", async () => {
  const page = await open(at.browser, at.app, { role: "admin", javaScriptEnabled: false });
  await page.getByRole("link", { name: "Settings" }).click();
  await page.getByRole("navigation", { name: "Settings" }).getByRole("link", { name: "API keys" }).click();
  await page.getByRole("heading", { name: "No API keys yet" }).waitFor();
  await page.getByLabel("Name").fill("Accounting");
  await page.getByRole("button", { name: "Create API key" }).click();
  const key = await page.getByLabel("New API key").inputValue();
  assert.equal(await answers(key), 200);
  await page.goto(`${at.app.url}/settings/api-keys`);
  assert.equal((await page.content()).includes(key), false);
  const row = page.getByRole("table", { name: "API keys" }).getByRole("row", { name: "Accounting" });
  await row.getByText("The admin").waitFor();
  assert.equal(await row.getByText("Never").count(), 0);
  await row.getByRole("link", { name: "Revoke" }).click();
  await page.getByRole("link", { name: "Cancel" }).click();
  assert.equal(await answers(key), 200);
  await row.getByRole("link", { name: "Revoke" }).click();
  await page.getByRole("button", { name: "Revoke key" }).click();
  await row.getByText("Revoked").waitFor();
  assert.equal(await answers(key), 401);
  await page.context().close();
});

test("only admins see the keys", async () => {
  const page = await open(at.browser, at.app);
  await page.goto(`${at.app.url}/settings/api-keys`);
  await page.getByText("Your role does not let you do this.").waitFor();
  await page.context().close();
});
