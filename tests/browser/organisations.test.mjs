// One person in two organisations: the switcher, with JavaScript and without.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, box, furnish, importLedger, open, password, sendButton, stage, yes } from "./harness.mjs";

const row = (number) => `customer_name,customer_email,invoice_number,currency,total,due_date\nA customer,ar@customer.example,${number},EUR,10,2025-11-01\n`;
const at = stage((app) => {
  furnish(app);
  importLedger(app, row("ACME-1"));
  const birch = app.cli(["organisation", "add", "--name", "Birch Trading", "--from", "ar@birch.example"]).trim();
  app.cli(["user", "add", "--organisation", birch, "--email", "admin@acme.example", "--name", "The admin", "--role", "viewer", "--password-stdin"], password);
  app.cli(["import", `${app.data}/ledger.csv`, "--organisation", birch]);
});

async function switchTo(page, name) {
  if (await page.getByText("Menu", { exact: true }).isVisible()) await page.getByText("Menu", { exact: true }).click();
  await page.getByLabel("Organisation", { exact: true }).selectOption({ label: name });
  await page.getByRole("button", { name: "Switch" }).click();
  await page.locator(".side__organisation", { hasText: name }).waitFor();
}

for (const javaScriptEnabled of [true, false]) {
  test(`who switches sees the other organisation, and may do there what the role there says, ${javaScriptEnabled ? "with" : "without"} JavaScript`, async () => {
    const page = await open(at.browser, at.app, { role: "admin", javaScriptEnabled });
    const main = page.getByRole("navigation", { name: "Main" });
    const invoice = await page.getByRole("rowheader").getByRole("link").getAttribute("href");
    assert.match(await page.title(), /Acme Receivables/);
    assert.equal(await main.getByRole("link", { name: "Imports" }).count(), 1);
    await switchTo(page, "Birch Trading");
    await page.goto(`${at.app.url}/invoices`);
    assert.match(await page.title(), /Birch Trading/);
    assert.notEqual(await page.getByRole("rowheader").getByRole("link").getAttribute("href"), invoice);
    assert.equal(await main.getByRole("link", { name: "Imports" }).count(), 0);
    assert.equal((await page.goto(at.app.url + invoice)).status(), 404);
    await page.goto(`${at.app.url}/invoices`);
    await switchTo(page, "Acme Receivables");
    assert.equal((await page.goto(at.app.url + invoice)).status(), 200);
    await page.context().close();
  });
}

test("a confirmation of the organisation before, in another tab, is refused calmly and sends nothing", async () => {
  const page = await open(at.browser, at.app, { role: "admin" });
  await box(page, "ACME-1").check();
  await sendButton(page).click();
  await yes(page).waitFor();
  const other = await page.context().newPage();
  await other.goto(`${at.app.url}/invoices`);
  await switchTo(other, "Birch Trading");

  const answered = page.waitForResponse((response) => response.request().method() === "POST");
  await yes(page).click();
  assert.equal((await answered).status(), 403);
  await page.getByRole("dialog").getByText("Ask an admin of Birch Trading.").waitFor();
  assert.doesNotMatch(await page.locator("body").innerText(), /oops|error 403|!/i);
  await accessible(page, "a form of the organisation before");
  for (const name of ["Birch Trading", "Acme Receivables"]) {
    await switchTo(other, name);
    await other.goto(`${at.app.url}/reminders`);
    assert.equal(await other.locator("tbody tr").count(), 0, `nothing was sent from ${name}`);
  }
  await page.context().close();
});

test("signing out is in view on a laptop, whoever belongs to several organisations", async () => {
  const page = await open(at.browser, at.app, { role: "admin", viewport: { width: 1280, height: 720 } });
  const { y, height } = await page.getByRole("button", { name: "Sign out" }).boundingBox();
  assert.ok(y + height <= 720, `${y + height}`);
  await page.context().close();
});

test("every page of the settings is in view on a phone", async () => {
  const page = await open(at.browser, at.app, { role: "admin", viewport: { width: 375, height: 800 } });
  await page.goto(`${at.app.url}/settings/organisation`);
  for (const link of await page.getByRole("navigation", { name: "Settings" }).getByRole("link").all()) {
    const { x, width } = await link.boundingBox();
    assert.ok(x >= 0 && x + width <= 375, await link.innerText());
  }
  await page.context().close();
});
