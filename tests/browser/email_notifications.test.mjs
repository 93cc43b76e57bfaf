// The text editor with JavaScript, and without.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, furnish, isError, launch, signIn, start } from "./harness.mjs";

const editor = "/automations/email-notifications/invoice-reminder";
let app, browser;
before(async () => {
  app = await start();
  furnish(app);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await app?.stop();
});

async function open(role, options = {}) {
  const page = await (await browser.newContext(options)).newPage();
  await signIn(page, app, role);
  return page;
}

test("the preview follows the text, and stays when the text has a problem", async () => {
  const page = await open("admin");
  await page.goto(app.url + editor);
  const preview = page.getByRole("region", { name: "Preview" });
  const mail = page.frameLocator("iframe");
  const message = page.getByLabel("Message", { exact: true });
  await message.fill("Hello ");
  await page.getByLabel("Search fields").fill("customer");
  await page.getByRole("button", { name: "Insert customer.name" }).click();
  assert.equal(await message.inputValue(), "Hello {{ customer.name }}");
  await mail.getByText("Hello Northwind Traders").waitFor();

  await message.fill("Hello {{ custmer.name }}");
  await preview.getByText("Did you mean `customer.name`?").waitFor();
  await mail.getByText("Hello Northwind Traders").waitFor();

  await preview.getByRole("radio", { name: "Plain text" }).check();
  await preview.getByText("Amount due: 1,240.00").waitFor();
  await page.context().close();
});

test("a problem is linked to its line and column", async () => {
  const page = await open("admin");
  await page.goto(app.url + editor);
  const message = page.getByLabel("Message", { exact: true });
  await message.fill("First line\n  {{ custmer.name }}");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await isError(page);
  await accessible(page, "the editor with an error");
  await page.getByRole("alert").getByRole("link").click();
  assert.equal(await message.evaluate((area) => area.selectionStart), "First line\n  ".length);
  await page.context().close();
});

for (const javaScriptEnabled of [true, false])
  test(`an admin saves, compares and restores a text ${javaScriptEnabled ? "with" : "without"} JavaScript`, async () => {
    const page = await open("admin", { javaScriptEnabled });
    await page.goto(`${app.url}/automations/email-notifications`);
    await page.getByRole("link", { name: "Invoice reminder (default)" }).click();
    await page.getByLabel("Subject", { exact: true }).fill(`Reminder ${javaScriptEnabled}`);
    await page.getByLabel("Message", { exact: true }).fill("Dear {{ customer.name }}");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByText("Saved. The next mails go out with this text.").waitFor();
    await page.getByRole("button", { name: "History" }).click();
    await page.getByRole("link", { name: "Compare version 1" }).click();
    await page.getByRole("heading", { name: /^Version 1 compared with/ }).waitFor();
    await page.getByRole("button", { name: "Restore version 1", exact: true }).click();
    await page.getByText("Restored. The next mails go out with this text.").waitFor();
    await page.getByRole("button", { name: "Send test email" }).click();
    await page.getByText(/^The test is kept in .*, not delivered\.$/).waitFor();
    await page.context().close();
  });

test("axe finds nothing on the list, the editor and the history, light and dark", async () => {
  for (const colorScheme of ["light", "dark"]) {
    const page = await open("admin", { colorScheme });
    for (const path of ["/automations/email-notifications", editor, `${editor}/history?compare=1`]) {
      await page.goto(app.url + path);
      await accessible(page, `${path}, ${colorScheme}`);
    }
    await page.context().close();
  }
});
