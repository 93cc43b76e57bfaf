// Every page, in light and dark, and on a narrow phone: axe-core finds nothing, and nothing is cut off.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { accessible, box, finished, furnish, importLedger, isError, open, sendButton, stage, yes } from "./harness.mjs";
import { invoices, ledger } from "./ledger.mjs";
import { smtpSink } from "./mails.mjs";

let sink;
const at = stage((app) => {
  furnish(app);
  importLedger(app, ledger());
}, async () => ({ DUNLIN_MAIL_URL: (sink = await smtpSink()).url }));
after(() => sink.close());
const overdue = invoices().filter((invoice) => invoice.isOverdue && invoice.email);
// One for light and one for dark whose mail is refused: their customers' addresses are suppressed by it.
const refused = [overdue[0], overdue.find((invoice) => invoice.customer !== overdue[0].customer)];
const remindable = overdue.filter((invoice) => refused.every(({ customer }) => customer !== invoice.customer)).map((invoice) => invoice.number);
const offered = new Set();
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
  await page.goto(`${at.app.url}/invoices?tab=overdue`);
  const open = await href(page.getByRole("rowheader").getByRole("link"));
  await page.goto(`${at.app.url}/reminders`);
  const reminder = await href(page.locator("tbody a[href^='/reminders/']"));
  await page.goto(at.app.url + reminder);
  const batch = await href(page.locator("a[href^='/reminder-batches/']"));
  const reminded = await href(page.locator("main a[href^='/invoices/']"));
  await page.goto(`${at.app.url}/settings/users`);
  const user = (await page.locator("form[action^='/settings/users/']").first().getAttribute("action")).split("/")[3];
  const id = invoice.split("/")[2];
  return ["/invoices", "/invoices?tab=overdue", "/invoices?tab=upcoming", "/invoices?tab=paid", "/invoices?tab=draft", "/invoices?tab=archived",
    "/invoices?tab=all&per=25", "/invoices?q=nothing-like-this", "/invoices?currency=USD&due_from=2025-01-01", invoice, `${invoice}/archive/edit`,
    `${reminded}?handed_over=${reminder.split("/")[2]}`, `${open}/full-payment/edit`, `${open}/payments/new`, `${open}/void/edit`,
    `${invoice}/hold/edit`, `${customer}/hold/edit`, `/mail-previews/${id}`, `/invoices${customer.replace("/customers/", "?customer=")}`, "/customers", customer, `${customer}/edit`,
    "/reminders", "/reminders?q=nothing-like-this", reminder, batch, "/imports",
    "/automations/email-notifications", "/automations/email-notifications/invoice-reminder", "/automations/email-notifications/one-week-after",
    "/automations/email-notifications/invoice-reminder/history", "/suppressions", "/settings/api-keys", "/api/docs", "/settings/sending", "/settings/organisation", "/settings/sender", "/settings/mail-server", "/settings/data", "/settings/audit-log",
    "/settings/audit-log?q=nothing-like-this", "/settings/users", `/settings/users/${user}/two-factor/removal/edit`, "/settings/profile",
    "/settings/profile/two-factor", "/password-resets", "/password-resets/none", "/invitations/none", "/nowhere"];
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
    await isError(page);
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

  // The same checks for a state that a page is brought into.
  const look = async (page, what) => {
    await accessible(page, `${what}, ${colorScheme}`);
    if (colorScheme === "light") await fits(page, what);
  };

  test(`a failed batch, the address it suppressed, and its reminder, ${colorScheme}`, async () => {
    const page = await open(at.browser, at.app, { role: "admin", colorScheme });
    const invoice = refused.pop();
    sink.unknown.add(invoice.email);
    await sendOne(page, invoice.number);
    await page.getByRole("link", { name: `See it: the reminder of ${invoice.number}` }).waitFor();
    await look(page, "a failed batch");
    await page.getByRole("link", { name: "See it" }).click();
    await page.getByRole("heading", { name: "Attempts" }).waitFor();
    await look(page, "a failed reminder");
    await page.goto(`${at.app.url}/suppressions`);
    await page.getByLabel(`Lift the suppression of ${invoice.email}`).click();
    await look(page, "a suppression");
    await page.context().close();
  });

  test(`a reminder with its headers and text open, ${colorScheme}`, async () => {
    const page = await open(at.browser, at.app, { colorScheme });
    await sendOne(page, remindable.shift());
    await page.goto(`${at.app.url}/reminders`);
    await page.getByRole("cell").getByRole("link").first().click();
    for (const name of ["Plain text", "Headers"]) await page.getByText(name, { exact: true }).click();
    await page.getByText("X-Dunlin-Reminder").waitFor();
    await look(page, "a reminder");
    await page.context().close();
  });

  test(`an invoice on hold, its menu and lifting the hold, ${colorScheme}`, async () => {
    const page = await open(at.browser, at.app, { colorScheme });
    const number = remindable.pop();
    await page.goto(`${at.app.url}/invoices?q=${number}`);
    await page.getByLabel(`Actions for invoice ${number}`).click();
    await page.getByRole("link", { name: `Hold reminders for invoice ${number}` }).click();
    await page.getByLabel("Reason").fill("They dispute it.");
    await page.getByRole("button", { name: "Hold reminders" }).click();
    await page.getByText("on hold until it is lifted").waitFor();
    await look(page, "an invoice on hold");
    await page.goto(`${at.app.url}/invoices?q=${number}`);
    await page.getByLabel(`Actions for invoice ${number}`).click();
    await look(page, "the menu of an invoice on hold");
    await page.goto(`${at.app.url}/invoices?q=${number}`);
    await page.getByLabel(`Actions for invoice ${number}`).click();
    await page.getByRole("link", { name: `Lift hold on invoice ${number}` }).click();
    await page.getByRole("heading", { name: "Lift the hold?" }).waitFor();
    await look(page, "lifting a hold");
    await page.context().close();
  });

  test(`sending paused, ${colorScheme}`, async () => {
    const page = await open(at.browser, at.app, { role: "admin", colorScheme });
    await page.goto(`${at.app.url}/settings/sending`);
    await page.getByRole("button", { name: "Pause sending" }).click();
    await page.getByRole("button", { name: "Resume sending" }).waitFor();
    await look(page, "sending paused");
    await page.getByRole("button", { name: "Resume sending" }).click();
    await page.getByRole("button", { name: "Pause sending" }).waitFor();
    await page.context().close();
  });

  test(`an API key that was just made, one with a mistake, and revoking it, ${colorScheme}`, async () => {
    const page = await open(at.browser, at.app, { role: "admin", colorScheme });
    await page.goto(`${at.app.url}/settings/api-keys`);
    await look(page, "API keys");
    const name = `Accounting, ${colorScheme}`;
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("Last day").fill("2026-06-30");
    await page.getByRole("button", { name: "Create API key" }).click();
    await page.getByLabel("New API key").waitFor();
    await look(page, "a new API key");
    await page.getByLabel("Last day").evaluate((field) => Object.assign(field, { type: "text", value: "2020-01-01" }).form.submit());
    await page.getByText("Please mend these first:").waitFor();
    await isError(page);
    await look(page, "an API key with something wrong in it");
    await page.getByRole("link", { name: `Revoke the key of ${name}` }).click();
    await page.getByRole("heading", { name: "Revoke API key?" }).waitFor();
    await look(page, "revoking an API key");
    await page.getByRole("button", { name: "Revoke key" }).click();
    await page.getByRole("row", { name }).getByText("Revoked").waitFor();
    await look(page, "a revoked API key");
    await page.context().close();
  });

  test(`a checked file, ${colorScheme}`, async () => {
    const page = await open(at.browser, at.app, { colorScheme });
    await page.goto(`${at.app.url}/imports`);
    const csv = "customer_name,invoice_number,currency,total\nNew & Sons,N-1,EUR,12.34\n";
    await page.getByLabel("Ledger file").setInputFiles({ name: "good.csv", mimeType: "text/csv", buffer: Buffer.from(csv) });
    await page.getByRole("button", { name: "Check file" }).click();
    await page.getByText("Nothing is written yet.").waitFor();
    await look(page, "a checked file");
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

  // The browser asks for a number above zero and an address by itself: the server's own words are seen without that.
  for (const [what, path, fill] of [["a payment", (row) => `${row}/payments/new`, { Amount: "0" }],
    ["a customer", (row, customer) => `${customer}/edit`, { "E-mail address": "nobody" }]]) {
    test(`${what} with something wrong in it, ${colorScheme}`, async () => {
      const page = await open(at.browser, at.app, { colorScheme });
      await page.goto(`${at.app.url}/invoices?tab=overdue`);
      const row = await page.getByRole("rowheader").getByRole("link").first().getAttribute("href");
      const customer = await page.locator("tbody a[href^='/customers/']").first().getAttribute("href");
      await page.goto(at.app.url + path(row, customer));
      for (const [label, value] of Object.entries(fill)) await page.getByLabel(label).fill(value);
      await page.evaluate(() => document.querySelector("main form").submit());
      await page.getByText("Please mend these first:").waitFor();
      await isError(page);
      await accessible(page, `${what} with something wrong in it, ${colorScheme}`);
      if (colorScheme === "light") await fits(page, `${what} with something wrong in it`);
      await page.context().close();
    });
  }

  test(`an address for a customer who has none, ${colorScheme}`, async () => {
    const page = await open(at.browser, at.app, { colorScheme });
    const nobody = invoices().find((invoice) => invoice.isOverdue && !invoice.email && !offered.has(invoice.customer));
    offered.add(nobody.customer);
    await page.goto(`${at.app.url}/invoices?tab=overdue&per=100`);
    for (const number of [nobody.number, remindable.shift()]) await box(page, number).check();
    await sendButton(page).click();
    await page.locator("summary").filter({ hasText: "Left out" }).click();
    await page.getByRole("link", { name: `Add the address of ${nobody.name}` }).waitFor();
    await accessible(page, `the dialog with one left out, ${colorScheme}`);
    await yes(page).click();
    await finished(page);
    await page.getByRole("link", { name: `Add the address of ${nobody.name}` }).click();
    await page.getByLabel("E-mail address").fill("found@customer.example");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: "Send 1 reminder" }).waitFor();
    await accessible(page, `a customer who has an address, ${colorScheme}`);
    if (colorScheme === "light") await fits(page, "a customer who has an address");
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

test("a very long number leaves every column on its card, every amount whole, and the mail on the screen", async () => {
  const numbers = ["N".repeat(200), "RE-2025-11-0000000000004711-B"];
  const page = await open(at.browser, at.app);
  importLedger(at.app, `customer_name,invoice_number,currency,total\n${numbers.map((number) => `Long & Sons,${number},EUR,1234567.89`).join("\n")}\n`);
  for (const width of [1280, 768, 375, 320]) {
    await page.setViewportSize({ width, height: 900 });
    for (const path of ["/invoices?q=long", "/invoices?tab=all&q=long"]) {
      await page.goto(at.app.url + path);
      const cells = await page.locator("tr[data-invoice]").evaluateAll((rows) => rows.flatMap((row) => {
        const card = row.closest(".card").getBoundingClientRect();
        return [...row.children].map((cell) => {
          const { right, height } = cell.getBoundingClientRect();
          const range = document.createRange();
          range.selectNodeContents(cell);
          const lines = new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size;
          return { label: cell.dataset.label, isInside: right <= card.right + 1, height, lines };
        });
      }));
      assert.ok(cells.length >= 16);
      for (const { label, isInside, lines } of cells) {
        assert.ok(isInside, `${label} at ${width} px is on its card`);
        if (label === "Balance") assert.ok(lines <= 2, `the amount at ${width} px takes ${lines} lines`);
      }
    }
  }
  await page.goto(`${at.app.url}/invoices?q=long`);
  const ids = await page.locator("input[name=invoice]").evaluateAll((boxes) => boxes.map((box) => box.value));
  assert.equal(ids.length, numbers.length);
  for (const id of ids) {
    await page.goto(`${at.app.url}/mail-previews/${id}/html`);
    const beyond = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(beyond, 0, "the mail fits the screen of a phone");
  }
  await page.context().close();
});
