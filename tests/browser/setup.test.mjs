// A stranger's first minute: set up, load the sample ledger, send, read the mail.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, finished, isError, password, sendButton, stage, yes } from "./harness.mjs";
import { kept } from "./mails.mjs";

const at = stage(() => {});

test("without the token there is no set-up", async () => {
  const page = await (await at.browser.newContext()).newPage();
  for (const address of ["/setup", "/setup?token=guess"]) {
    const answer = await page.goto(at.app.url + address);
    assert.ok(answer.status() >= 400, `${address}: ${answer.status()}`);
    assert.equal(await page.getByLabel("Organisation name").count(), 0);
  }
  await page.context().close();
});

test("a stranger sets up, loads the sample ledger and reads the first reminder", async () => {
  assert.ok(at.app.setup.startsWith(`${at.app.url}/setup?token=`), at.app.setup);
  const page = await (await at.browser.newContext()).newPage();
  await page.goto(at.app.setup);
  await accessible(page, "set-up");
  await page.getByLabel("Organisation name").fill("Acme Receivables");
  await page.getByLabel("Time zone").fill("Europe/Vienna");
  await page.getByLabel("Currency").fill("EUR");
  await page.getByLabel("Your name").fill("Ada Admin");
  await page.getByLabel("Email", { exact: true }).fill("ada@acme.example");
  await page.getByLabel("Password").fill("short");
  await page.getByRole("button", { name: "Set up" }).click();
  await isError(page);
  await accessible(page, "set-up with a mistake");
  assert.equal(await page.getByLabel("Organisation name").inputValue(), "Acme Receivables");
  await page.getByLabel("Password").fill(password);
  await page.getByLabel("Start with the sample ledger").uncheck();
  await page.getByRole("button", { name: "Set up" }).click();
  await page.getByRole("button", { name: "Load the sample ledger" }).waitFor();
  await accessible(page, "no invoices yet");
  await page.getByRole("button", { name: "Load the sample ledger" }).click();
  await page.getByRole("table", { name: "Invoices" }).waitFor();
  await page.goto(`${at.app.url}/invoices`);
  const first = page.getByRole("table", { name: "Invoices" }).getByRole("checkbox", { name: /^Select invoice / }).first();
  await first.check();
  await sendButton(page).click();
  await yes(page).click();
  await finished(page);
  const mails = kept(at.app);
  assert.equal(mails.length, 1);
  await page.getByRole("link", { name: "Sent" }).first().click();
  await page.frameLocator("iframe").getByText("Acme Receivables").first().waitFor();
  await page.getByText(mails[0].subject).first().waitFor();
  await page.goto(`${at.app.url}/settings/users`);
  const self = page.getByRole("table", { name: "Users" }).getByRole("row", { name: /Ada Admin/ });
  assert.doesNotMatch(await self.innerText(), /Never/, "who set up has signed in");
  await page.context().close();
});

test("once there is an admin, nobody sets up again", async () => {
  const page = await (await at.browser.newContext()).newPage();
  await page.goto(at.app.setup);
  assert.equal(await page.getByLabel("Organisation name").count(), 0);
  await page.getByRole("heading", { name: "Sign in", level: 1 }).waitFor();
  assert.equal(await page.getByText("Not set up yet?").count(), 0, "nobody is told to set up what is set up");
  await page.context().close();
});
