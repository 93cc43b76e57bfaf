// The whole flow on a ledger that comes from elsewhere, against a mail server of our own.
// The file is looked for in DUNLIN_TEST_DATA, or in shared/data beside the repository.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { finished, furnish, open, root, sendButton, stage, yes } from "./harness.mjs";
import { assertTells, smtpSink } from "./mails.mjs";

const file = join(process.env.DUNLIN_TEST_DATA || join(root, "../shared/data"), "chinook/receivables.csv");
const absent = existsSync(file) ? false : `the ledger ${file} is not here`;

let sink;
const at = absent ? {} : stage((app) => {
  furnish(app);
  app.cli(["import", file]);
}, async () => {
  sink = await smtpSink();
  return { DUNLIN_MAIL_URL: sink.url, DUNLIN_CLOCK: "2025-12-01T09:00:00Z" };
});
after(() => sink?.close());

// The file's own lines: no cell of it holds a comma or a quotation mark in the columns that are read here.
function owed() {
  const [header, ...lines] = readFileSync(file, "utf8").trim().split(/\r?\n/).map(cells);
  const rows = lines.map((line) => Object.fromEntries(header.map((name, index) => [name, line[index]])));
  return rows.filter((row) => Number(row.balance) > 0 && !["Draft", "Void", "Credited"].includes(row.status)).map((row) => ({
    number: row.invoice_number, name: row.customer_name, email: row.customer_email, balance: row.balance, currency: row.currency, dueOn: row.due_date,
  }));
}

const cells = (line) => [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) => quoted?.replace(/""/g, '"') ?? plain);

test("all 34 that are owed are reminded: 34 mails, one for each invoice", { skip: absent }, async () => {
  const invoices = owed();
  assert.equal(invoices.length, 34);
  const page = await open(at.browser, at.app);
  const tab = (name) => page.getByRole("navigation", { name: "Status" }).getByRole("link", { name: new RegExp(`^${name}`) });
  for (const [name, count] of [["All", 405], ["Overdue", 30], ["Upcoming", 4], ["Open", 34]])
    assert.equal((await tab(name).innerText()).replace(/\D/g, ""), String(count), name);
  await tab("Open").click();
  await page.getByRole("checkbox", { name: "Select all 34 invoices on this page" }).check();
  await sendButton(page).click();
  await page.getByRole("dialog", { name: "Send reminders?" }).getByText(/^34 e-mails to \d+ customers, /).waitFor();
  assert.equal(sink.mails.length, 0);
  await yes(page).click();
  assert.match(await finished(page), /34 of 34 accepted by the mail server/);

  assert.equal(sink.mails.length, 34);
  for (const invoice of invoices) {
    const mails = sink.mails.filter((mail) => mail.text.includes(invoice.number));
    assert.equal(mails.length, 1, invoice.number);
    assertTells(mails[0], invoice);
    assert.deepEqual(mails[0].recipients, [invoice.email]);
  }
  await page.goto(`${at.app.url}/reminders?status=Sent`);
  await page.getByText("34 reminders, newest first").waitFor();
  assert.equal(await page.getByRole("table", { name: "Reminders" }).getByRole("row").filter({ hasText: "Sent" }).count(), 34);
  await page.context().close();
});
