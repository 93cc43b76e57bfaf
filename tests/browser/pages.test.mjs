// Every page, in light and dark, and on a narrow phone: axe-core finds nothing, and nothing is cut off.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, box, finished, furnish, importLedger, open, sendButton, stage, yes } from "./harness.mjs";
import { invoices, ledger } from "./ledger.mjs";

const at = stage((app) => {
  furnish(app);
  importLedger(app, ledger());
});
const remindable = invoices().filter((invoice) => invoice.isOverdue && invoice.email).map((invoice) => invoice.number);
const paid = invoices().find((invoice) => invoice.isPaid && !invoice.isArchived).number;

// A page is no wider than the screen of a small phone.
async function fits(page, what) {
  await page.setViewportSize({ width: 320, height: 640 });
  const wide = await page.evaluate(() => {
    const most = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= most) return [];
    return [...document.querySelectorAll("body *")].filter((element) => element.getBoundingClientRect().right > most + 1)
      .slice(0, 5).map((element) => `${element.tagName} ${element.className}: ${element.textContent.trim().slice(0, 40)}`);
  });
  assert.deepEqual(wide, [], `${what} fits 320 px`);
  await accessible(page, `${what} at 320 px`);
  await page.setViewportSize({ width: 1280, height: 900 });
}

async function addresses(page) {
  const href = (link) => link.first().getAttribute("href");
  await page.goto(`${at.app.url}/invoices?tab=all`);
  const invoice = await href(page.getByRole("rowheader").getByRole("link"));
  const customer = await href(page.locator("tbody a[href^='/customers/']"));
  await page.goto(`${at.app.url}/reminders`);
  const reminder = await href(page.locator("tbody a[href^='/reminders/']"));
  await page.goto(at.app.url + reminder);
  const batch = await href(page.locator("a[href^='/reminder-batches/']"));
  return ["/invoices", "/invoices?tab=overdue", "/invoices?tab=upcoming", "/invoices?tab=paid", "/invoices?tab=draft", "/invoices?tab=archived",
    "/invoices?tab=all&per=25", "/invoices?q=nothing-like-this", "/invoices?currency=USD&due_from=2025-01-01", invoice, `${invoice}/archive/edit`,
    `/invoices/${invoice.split("/")[2]}/payments/new`, "/customers", customer, "/reminders", "/reminders?q=nothing-like-this", reminder, batch, "/imports",
    "/automations/email-notifications", "/automations/email-notifications/invoice-reminder", "/automations/email-notifications/one-week-after", "/nowhere"];
}

async function sendOne(page, number) {
  await page.goto(`${at.app.url}/invoices?per=100`);
  await box(page, number).check();
  await sendButton(page).click();
  await yes(page).click();
  await finished(page);
}

test("signing in", async () => {
  for (const colorScheme of ["light", "dark"]) {
    const page = await (await at.browser.newContext({ colorScheme })).newPage();
    await page.goto(`${at.app.url}/sign-in`);
    await accessible(page, `sign-in, ${colorScheme}`);
    await page.getByLabel("Email").fill("nobody@acme.example");
    await page.getByLabel("Password").fill("not the password");
    await page.getByRole("button", { name: "Sign in" }).click();
    assert.match(await page.title(), /^Error: /);
    await accessible(page, `sign-in refused, ${colorScheme}`);
    await fits(page, `sign-in refused, ${colorScheme}`);
    await page.context().close();
  }
});

for (const colorScheme of ["light", "dark"]) {
  test(`every page, ${colorScheme}`, async () => {
    const page = await open(at.browser, at.app, { role: "admin", colorScheme });
    await sendOne(page, remindable.shift());
    for (const path of await addresses(page)) {
      await page.goto(at.app.url + path);
      await accessible(page, `${path}, ${colorScheme}`);
      if (colorScheme === "light") await fits(page, path);
    }
    await page.context().close();
  });

  test(`every state of selecting and confirming, ${colorScheme}`, async () => {
    const page = await open(at.browser, at.app, { colorScheme });
    await page.goto(`${at.app.url}/invoices?tab=all&per=100`);
    for (const number of remindable.slice(0, 2)) await box(page, number).check();
    await accessible(page, `selected, ${colorScheme}`);
    if (colorScheme === "light") await fits(page, "selected");
    await sendButton(page).click();
    await yes(page).waitFor();
    await accessible(page, `the dialog, ${colorScheme}`);
    if (colorScheme === "light") await fits(page, "the dialog");
    await page.getByRole("button", { name: "Cancel" }).click();
    await box(page, paid).check();
    await page.getByText("cannot be reminded: 1 is paid.").waitFor();
    await accessible(page, `a paid one is selected, ${colorScheme}`);
    if (colorScheme === "light") await fits(page, "a paid one is selected");
    await page.goto(`${at.app.url}/invoices?per=100`);
    await page.locator("summary").filter({ hasText: "Filters" }).click();
    await accessible(page, `filters, ${colorScheme}`);
    await page.getByLabel(`Actions for invoice ${remindable[0]}`).click();
    await accessible(page, `a row's menu, ${colorScheme}`);
    await page.context().close();
  });

  // axe-core itself needs JavaScript, so the form is sent here as a browser without it would.
  test(`the confirmation as a page of its own, ${colorScheme}`, async () => {
    const page = await open(at.browser, at.app, { colorScheme });
    await page.goto(`${at.app.url}/invoices?per=100`);
    await box(page, remindable[0]).check();
    await page.evaluate(() => document.querySelector("#selection").submit());
    await page.getByRole("heading", { name: "Send reminders?", level: 1 }).waitFor();
    await accessible(page, `the confirmation as a page, ${colorScheme}`);
    if (colorScheme === "light") await fits(page, "the confirmation as a page");
    await page.evaluate(() => Object.assign(document.querySelector("#confirm"), { action: "/proposed-mails" }).submit());
    await page.getByRole("heading", { name: "E-mails that go out", level: 1 }).waitFor();
    await accessible(page, `the list of mails, ${colorScheme}`);
    if (colorScheme === "light") await fits(page, "the list of mails");
    await page.goto(`${at.app.url}/invoices?per=25`);
    await page.evaluate(() => document.querySelector("#selection").requestSubmit(document.querySelector("[name=select][value=matching]")));
    await page.locator("input[name=invoice]:disabled").first().waitFor();
    await accessible(page, `all that match are selected, ${colorScheme}`);
    if (colorScheme === "light") await fits(page, "all that match are selected");
    await page.context().close();
  });

  test(`a file that cannot be read, ${colorScheme}`, async () => {
    const page = await open(at.browser, at.app, { colorScheme });
    await page.goto(`${at.app.url}/imports`);
    const csv = "customer_name,invoice_number,currency,total\nAcme,A-1,EUR,12.345\nAcme,A-2,XXQ,1.00\n";
    await page.getByLabel("Ledger file").setInputFiles({ name: "bad.csv", mimeType: "text/csv", buffer: Buffer.from(csv) });
    await page.getByRole("button", { name: "Check file" }).click();
    await page.getByText("nothing was imported").waitFor();
    await accessible(page, `a bad file, ${colorScheme}`);
    if (colorScheme === "light") await fits(page, "a bad file");
    await page.context().close();
  });
}
