// From the list to the inbox: with JavaScript, without, and with nothing but the keyboard.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, box, finished, furnish, importLedger, open, password, sendButton, stage, tabTo, yes } from "./harness.mjs";
import { invoices, ledger } from "./ledger.mjs";
import { assertTells, kept } from "./mails.mjs";

const at = stage((app) => {
  furnish(app);
  importLedger(app, ledger());
});
const overdue = invoices().filter((invoice) => invoice.isOverdue && invoice.email);
const take = (count) => overdue.splice(0, count);
const mailsAbout = (invoice) => kept(at.app).filter((mail) => mail.text.includes(invoice.number));

async function assertLogged(page, chosen) {
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Reminders" }).click();
  await page.getByRole("heading", { name: "Reminders", level: 1 }).waitFor();
  for (const { number, email } of chosen) {
    const row = page.getByRole("table", { name: "Reminders" }).getByRole("row").filter({ hasText: number });
    assert.match(await row.innerText(), new RegExp(`${email}[\\s\\S]*Sent`));
  }
}

for (const javaScriptEnabled of [true, false])
  test(`a clerk reminds three customers ${javaScriptEnabled ? "with" : "without"} JavaScript`, async () => {
    const chosen = take(3);
    const page = await open(at.browser, at.app, { javaScriptEnabled });
    await page.goto(`${at.app.url}/invoices?per=100`);
    for (const { number } of chosen) await box(page, number).check();
    await sendButton(page).click();
    const where = javaScriptEnabled ? page.getByRole("dialog", { name: "Send reminders?" }) : page.locator("main");
    await where.getByRole("heading", { name: "Send reminders?" }).waitFor();
    await where.getByText(/^3 e-mails to \d customers?, /).waitFor();
    for (const { email } of chosen) await where.getByText(email).first().waitFor();
    assert.equal(chosen.flatMap(mailsAbout).length, 0, "nothing is sent before Yes");
    await yes(page).click();
    assert.match(await finished(page), /3 of 3/);
    assert.equal(await page.getByRole("progressbar").getAttribute("value"), "3");
    for (const invoice of chosen) {
      const mails = mailsAbout(invoice);
      assert.equal(mails.length, 1, invoice.number);
      assertTells(mails[0], invoice);
    }
    await assertLogged(page, chosen);
    await page.getByRole("link", { name: new RegExp(`^Reminder of ${chosen[0].number}`) }).click();
    await page.getByText("Kept here, not delivered").first().waitFor();
    await page.frameLocator("iframe").getByText(chosen[0].number).first().waitFor();
    await page.context().close();
  });

test("a clerk reminds with the keyboard alone: Tab, Space and Enter", async () => {
  const [chosen] = take(1);
  const page = await (await at.browser.newContext()).newPage();
  await page.goto(`${at.app.url}/sign-in?next=/invoices`);
  await tabTo(page, page.getByLabel("Email"));
  await page.keyboard.type("clerk@acme.example");
  await page.keyboard.press("Tab");
  await page.keyboard.type(password);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Invoices", level: 1 }).waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the content");
  await page.keyboard.press("Enter");
  await tabTo(page, page.getByLabel(/^Search number/));
  await page.keyboard.type(chosen.number);
  await page.getByText("1–1 of 1").first().or(page.getByText("1 of 1").first()).waitFor();
  await tabTo(page, box(page, chosen.number));
  await page.keyboard.press("Space");
  await tabTo(page, sendButton(page), "Shift+Tab");
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Send reminders?" });
  const cancel = dialog.getByRole("button", { name: "Cancel" });
  await dialog.waitFor();
  assert.ok(await cancel.evaluate((button) => button === document.activeElement), "the focus is on Cancel");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  assert.ok(await sendButton(page).evaluate((button) => button === document.activeElement), "the focus is back");
  await page.keyboard.press("Enter");
  await dialog.waitFor();
  await tabTo(page, yes(page));
  await page.keyboard.press("Enter");
  await finished(page);
  assert.equal(mailsAbout(chosen).length, 1);
  await page.context().close();
});

test("single keys choose and send", async () => {
  const page = await open(at.browser, at.app);
  await page.goto(`${at.app.url}/invoices?tab=overdue`);
  for (const key of ["j", "x", "j", "x"]) await page.keyboard.press(key);
  await page.getByRole("region", { name: "Bulk actions" }).getByText("2 selected").waitFor();
  await page.keyboard.press("r");
  await page.getByRole("dialog", { name: /reminders/i }).waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.getByText("2 selected").waitFor({ state: "hidden" });
  await page.context().close();
});

test("a row's own menu reminds that one invoice", async () => {
  const [chosen] = take(1);
  const page = await open(at.browser, at.app);
  await page.goto(`${at.app.url}/invoices?per=100`);
  await page.getByLabel(`Actions for invoice ${chosen.number}`).click();
  await page.getByRole("button", { name: `Send reminder for invoice ${chosen.number}` }).click();
  await page.getByRole("dialog", { name: "Send reminders?" }).getByText(/^1 e-mail to 1 customer, /).waitFor();
  await yes(page).click();
  await finished(page);
  assertTells(mailsAbout(chosen)[0], chosen);
  await page.context().close();
});

test("a batch is watched to its end although the server does not answer for a while", async () => {
  const [chosen] = take(1);
  const page = await open(at.browser, at.app);
  let refused = 0;
  const isAbsent = (request) => request.headers()["hx-request"] && refused++ < 2;
  await page.route("**/reminder-batches/*", (route) => (isAbsent(route.request()) ? route.abort() : route.continue()));
  at.app.cli(["pause"]);
  await page.goto(`${at.app.url}/invoices?per=100`);
  await box(page, chosen.number).check();
  await sendButton(page).click();
  await yes(page).click();
  await page.getByText("The server cannot be reached.").waitFor();
  at.app.cli(["resume"]);
  assert.match(await finished(page), /1 of 1/);
  assert.ok((await page.locator(".toast").count()) <= 1, "it is said once, for a while");
  assert.equal(await page.locator("[hx-trigger^=every]").count(), 0, "nothing is asked for any more");
  await page.context().close();
});

test("everything that matches is selected at once, and who has no e-mail is left out", async () => {
  const page = await open(at.browser, at.app);
  await page.goto(`${at.app.url}/invoices?tab=open&per=25&sort=number`);
  const all = invoices().filter((invoice) => invoice.isOpen);
  await page.getByRole("checkbox", { name: "Select all 25 invoices on this page" }).check();
  await page.getByRole("button", { name: `Select all ${all.length} that match` }).click();
  await page.getByRole("region", { name: "Bulk actions" }).getByText(`${all.length} selected`).waitFor();
  await sendButton(page).click();
  const dialog = page.getByRole("dialog", { name: "Send reminders?" });
  await dialog.getByText(/will be left out: .*e-mail/).waitFor();
  await yes(page).click();
  await finished(page);
  const reachable = all.filter((invoice) => invoice.email);
  const numbers = new Set(kept(at.app).map((mail) => /INV-\d{5}/.exec(mail.text)[0]));
  assert.deepEqual([...numbers].sort(), reachable.map((invoice) => invoice.number).sort());
  await page.context().close();
});

test("the next batch goes out with the text that an admin has saved", async () => {
  const admin = await open(at.browser, at.app, { role: "admin" });
  await admin.goto(`${at.app.url}/automations/email-notifications/invoice-reminder`);
  await admin.getByLabel("Subject", { exact: true }).fill("About {{ invoice.number }}, from {{ organisation.name }}");
  await admin.getByLabel("Message", { exact: true }).fill("Dear {{ customer.name }},\n\nplease look at **{{ invoice.number }}**.");
  await admin.getByRole("button", { name: "Save", exact: true }).click();
  await admin.getByText("Saved. The next mails go out with this text.").waitFor();
  await admin.context().close();
  importLedger(at.app, "customer_name,customer_email,invoice_number,currency,total,due_date\nLate & Co,late@late.example,LATE-1,EUR,12.30,2025-11-01\n");
  const page = await open(at.browser, at.app);
  await page.goto(`${at.app.url}/invoices?q=LATE-1`);
  await box(page, "LATE-1").check();
  await sendButton(page).click();
  await yes(page).click();
  await finished(page);
  const [mail] = kept(at.app).filter((mail) => mail.to.includes("late@late.example"));
  assert.equal(mail.subject, "About LATE-1, from Acme Receivables");
  assert.match(mail.text, /Dear Late & Co,\s+please look at LATE-1\./);
  assert.match(mail.html, /please look at <strong>LATE-1<\/strong>/);
  await page.context().close();
});

test("a large confirmation lists its first mails and, when asked, the others", async () => {
  const rows = Array.from({ length: 1300 }, (_, i) => `Many,ar@many.example,MANY-${String(i).padStart(4, "0")},EUR,1.00,2025-11-01`);
  importLedger(at.app, ["customer_name,customer_email,invoice_number,currency,total,due_date", ...rows].join("\n") + "\n");
  const list = (page) => page.getByRole("table", { name: "E-mails that go out" }).getByRole("link", { name: /^Preview/ });
  const page = await open(at.browser, at.app);
  await page.goto(`${at.app.url}/invoices?q=MANY-`);
  await page.getByRole("checkbox", { name: "Select all 50 invoices on this page" }).check();
  await page.getByRole("button", { name: "Select all 1,300 that match" }).click();
  await sendButton(page).click();
  await yes(page).waitFor();
  assert.equal(await list(page).count(), 200);
  await page.getByRole("button", { name: "Show 1,000 more of 1,100" }).click();
  const more = page.getByRole("button", { name: "Show 100 more" });
  await more.waitFor();
  assert.equal(await list(page).count(), 1200);
  assert.ok(await more.evaluate((button) => button === document.activeElement), "the focus stays on the button");
  await accessible(page, "a dialog with many rows");
  await more.press("Enter");
  await more.waitFor({ state: "hidden" });
  assert.equal(await list(page).count(), 1300);
  await page.context().close();

  const plain = await open(at.browser, at.app, { javaScriptEnabled: false });
  await plain.goto(`${at.app.url}/invoices?q=MANY-`);
  await plain.getByRole("button", { name: "Select all 1,300 that match" }).click();
  await sendButton(plain).click();
  const [other] = await Promise.all([plain.context().waitForEvent("page"), plain.getByRole("button", { name: "Show 1,000 more of 1,100" }).click()]);
  await other.getByText("1,300 e-mails go out").waitFor();
  assert.equal(await list(other).count(), 1300);
  await yes(plain).waitFor();
  await plain.context().close();
});
