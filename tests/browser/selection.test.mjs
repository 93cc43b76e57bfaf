// What may be selected together, and what happens to those who try something else.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, box, finished, furnish, importLedger, open, sendButton, stage, yes } from "./harness.mjs";
import { invoices, ledger } from "./ledger.mjs";
import { kept } from "./mails.mjs";

const at = stage((app) => {
  furnish(app);
  importLedger(app, ledger());
});
const overdue = invoices().filter((invoice) => invoice.isOverdue && invoice.email);
const paid = invoices().filter((invoice) => invoice.isPaid && !invoice.isArchived);
const take = (count) => overdue.splice(0, count);
const mailsAbout = ({ number }) => kept(at.app).filter((mail) => mail.text.includes(number));
const bulk = (page) => page.getByRole("region", { name: "Bulk actions" });
const everything = () => `${at.app.url}/invoices?tab=all&per=100&sort=number`;

// How many invoices a confirmation holds: one line each, after the head.
const confirmed = async (page) => (await page.locator("textarea[name=confirmation]").inputValue()).split("\n").length - 1;

async function confirmationOf(page, chosen) {
  await page.goto(everything());
  for (const { number } of chosen) await box(page, number).check();
  await sendButton(page).click();
  await yes(page).waitFor();
}

test("one paid invoice takes the button away and says why; without it the button is back", async () => {
  const page = await open(at.browser, at.app);
  await page.goto(everything());
  const good = overdue.filter(({ number }) => number < "INV-00100").slice(-2);
  for (const { number } of good) await box(page, number).check();
  await sendButton(page).waitFor();
  await box(page, paid[0].number).check();
  await bulk(page).getByText("1 of 3 invoices cannot be reminded: 1 is paid.").waitFor();
  assert.equal(await sendButton(page).count(), 0);
  await accessible(page, "a paid invoice is selected");
  await box(page, paid[0].number).uncheck();
  await sendButton(page).waitFor();
  await box(page, paid[0].number).check();
  await bulk(page).getByRole("button", { name: "Deselect them" }).click();
  await bulk(page).getByText("2 selected").waitFor();
  await sendButton(page).waitFor();
  await page.context().close();
});

test("without JavaScript the server keeps the ticks, says why and offers the others", async () => {
  const [good] = take(1);
  const page = await open(at.browser, at.app, { javaScriptEnabled: false });
  await page.goto(everything());
  await box(page, good.number).check();
  await box(page, paid[0].number).check();
  const [answer] = await Promise.all([page.waitForResponse((response) => response.request().method() === "POST"), sendButton(page).click()]);
  assert.equal(answer.status(), 422);
  await page.getByText("1 of 2 invoices cannot be reminded: 1 is paid.").waitFor();
  assert.equal(await sendButton(page).count(), 0);
  assert.ok(await box(page, good.number).isChecked());
  assert.ok(await box(page, paid[0].number).isChecked());
  await bulk(page).getByRole("button", { name: "Deselect them" }).click();
  await yes(page).click();
  await finished(page);
  assert.equal(mailsAbout(good).length, 1);
  assert.equal(mailsAbout(paid[0]).length, 0);
  await page.context().close();
});

test("of all that match those that cannot be reminded are deselected at once", async () => {
  const page = await open(at.browser, at.app);
  await page.goto(`${at.app.url}/invoices?tab=all&per=25&sort=number`);
  const all = invoices();
  const good = all.filter((invoice) => invoice.isOpen);
  await page.getByRole("checkbox", { name: "Select all 25 invoices on this page" }).check();
  await page.getByRole("button", { name: `Select all ${all.length} that match` }).click();
  await bulk(page).getByText(`${all.length - good.length} of ${all.length} invoices cannot be reminded`).waitFor();
  assert.equal(await sendButton(page).count(), 0);
  await bulk(page).getByRole("button", { name: "Deselect them" }).click();
  await bulk(page).getByText(`${good.length} selected`).waitFor();
  await sendButton(page).click();
  await yes(page).waitFor();
  assert.equal(await confirmed(page), good.length);
  assert.equal(await page.getByText("matched when you looked").count(), 0);
  await page.context().close();
});

test("without JavaScript a page and all that match are selected by buttons", async () => {
  const page = await open(at.browser, at.app, { javaScriptEnabled: false });
  await page.goto(`${at.app.url}/invoices?tab=open&per=25`);
  const good = invoices().filter((invoice) => invoice.isOpen);
  await page.getByRole("button", { name: "Select all 25 invoices on this page" }).click();
  await bulk(page).getByText("25 selected").waitFor();
  assert.equal(await page.locator("input[name=invoice]:checked").count(), 25);
  await page.getByRole("button", { name: `Select all ${good.length} that match` }).click();
  await bulk(page).getByText(`${good.length} selected`).waitFor();
  await sendButton(page).click();
  await yes(page).waitFor();
  assert.equal(await confirmed(page), good.length);
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("heading", { name: "Invoices", level: 1 }).waitFor();
  await page.context().close();
});

test("a forged request with a paid invoice sends nothing", async () => {
  const [good] = take(1);
  const page = await open(at.browser, at.app);
  await page.goto(everything());
  const ids = await page.evaluate((names) => names.map((name) => document.querySelector(`[aria-label="Select invoice ${name}"]`).value), [good.number, paid[0].number]);
  const csrf = await page.locator("#selection input[name=csrf]").inputValue();
  const headers = { origin: at.app.url, "content-type": "application/x-www-form-urlencoded" };
  const post = (path, fields) => page.request.post(at.app.url + path, { headers, data: new URLSearchParams(fields).toString(), maxRedirects: 0 });

  const proposal = await post("/reminder-proposals", [["csrf", csrf], ["list", ""], ["invoice", ids[0]], ["invoice", ids[1]]]);
  assert.equal(proposal.status(), 422);
  assert.match(await proposal.text(), /1 is paid/);

  await box(page, good.number).check();
  await sendButton(page).click();
  await yes(page).waitFor();
  const field = (name) => page.locator(`dialog [name=${name}]`).inputValue();
  const [confirmation, signature] = [await field("confirmation"), await field("signature")];
  assert.ok(confirmation.includes(ids[0]), "the confirmation names the invoice");
  const forged = await post("/reminder-batches", { csrf, signature, confirmation: confirmation.replace(ids[0], ids[1]), matching: "", list: "" });
  assert.ok(forged.status() >= 400 && forged.status() < 500, `${forged.status()}`);
  const unsigned = await post("/reminder-batches", { csrf, signature: "", confirmation, matching: "", list: "" });
  assert.ok(unsigned.status() >= 400 && unsigned.status() < 500, `${unsigned.status()}`);
  const elsewhere = await post("/reminder-batches", { csrf: "x", signature, confirmation, matching: "", list: "" });
  assert.equal(elsewhere.status(), 403);

  await page.goto(`${at.app.url}/reminders?q=${good.number}`);
  await page.getByText("Nothing matches").waitFor();
  assert.equal(mailsAbout(good).length + mailsAbout(paid[0]).length, 0);
  await page.context().close();
});

test("a double click on Yes sends each mail once", async () => {
  const chosen = take(2);
  const page = await open(at.browser, at.app);
  await confirmationOf(page, chosen);
  await yes(page).dblclick();
  await finished(page);
  for (const invoice of chosen) assert.equal(mailsAbout(invoice).length, 1);
  await page.context().close();
});

test("the same confirmation posted twice at once is one batch", async () => {
  const [chosen] = take(1);
  const page = await open(at.browser, at.app, { javaScriptEnabled: false });
  await confirmationOf(page, [chosen]);
  const fields = await page.evaluate(() => [...new FormData(document.querySelector("form[action='/reminder-batches']"))]);
  const headers = { origin: at.app.url, "content-type": "application/x-www-form-urlencoded" };
  const post = () => page.request.post(`${at.app.url}/reminder-batches`, { headers, data: new URLSearchParams(fields).toString(), maxRedirects: 0 });
  const answers = await Promise.all([post(), post(), post()]);
  assert.deepEqual(answers.map((answer) => answer.status()), [303, 303, 303]);
  assert.equal(new Set(answers.map((answer) => answer.headers().location)).size, 1);
  await page.goto(at.app.url + answers[0].headers().location);
  await finished(page);
  assert.equal(mailsAbout(chosen).length, 1);
  await page.context().close();
});

test("two browsers that confirm the same selection send each mail once", async () => {
  const chosen = take(3);
  const pages = [await open(at.browser, at.app), await open(at.browser, at.app, { role: "admin" })];
  for (const page of pages) await confirmationOf(page, chosen);
  await Promise.all(pages.map((page) => yes(page).click()));
  const told = (page) => page.getByText("Finished.").or(page.getByRole("heading", { name: "No reminders can be sent" })).or(page.getByText("Nothing was sent yet.")).first();
  await Promise.all(pages.map((page) => told(page).waitFor()));
  await pages[0].goto(`${at.app.url}/reminders?status=Pending`);
  await pages[0].getByText("Nothing matches").waitFor();
  for (const invoice of chosen) assert.equal(mailsAbout(invoice).length, 1, invoice.number);
  for (const page of pages) await page.context().close();
});

test("an invoice that is paid after one has looked stops the batch, which says so", async () => {
  const chosen = take(2);
  const page = await open(at.browser, at.app);
  await confirmationOf(page, chosen);
  const other = await open(at.browser, at.app);
  await other.goto(everything());
  await other.getByRole("link", { name: chosen[0].number, exact: true }).click();
  await other.getByRole("link", { name: "Mark as paid" }).click();
  await other.getByRole("main").getByRole("button").last().click();
  await other.getByRole("main").getByText("Paid").first().waitFor();
  await other.context().close();

  await yes(page).click();
  const alert = page.getByRole("alert");
  await alert.getByText("Nothing was sent yet.").waitFor();
  await alert.getByText(chosen[0].number).waitFor();
  assert.equal(chosen.flatMap(mailsAbout).length, 0);
  await accessible(page, "the dialog that says what changed");
  await yes(page).click();
  await finished(page);
  assert.equal(mailsAbout(chosen[0]).length, 0);
  assert.equal(mailsAbout(chosen[1]).length, 1);
  await page.context().close();
});

test("a viewer and support staff see no way to send", async () => {
  for (const role of ["viewer", "support"]) {
    const page = await open(at.browser, at.app, { role });
    assert.equal(await page.getByRole("checkbox").count(), 0);
    assert.equal(await page.getByRole("button", { name: /Send reminder/, includeHidden: true }).count(), 0);
    await page.context().close();
  }
});
