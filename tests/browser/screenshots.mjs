// Pictures of the main pages at 1280 and 375 px, light and dark: node screenshots.mjs FOLDER
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { furnish, launch, signIn, start } from "./harness.mjs";
import { ledger } from "./ledger.mjs";

const folder = process.argv[2] || "pictures";
mkdirSync(folder, { recursive: true });
const app = await start();
const setup = app.setup;
const browser = await launch();
const looks = [[1280, "light"], [1280, "dark"], [375, "light"], [375, "dark"]];
const take = async (page, name) => {
  for (const [width, colorScheme] of looks) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}.png`) });
  }
};
const page = await (await browser.newContext()).newPage();
await page.goto(setup);
await take(page, "setup");
furnish(app);
await page.goto(`${app.url}/sign-in`);
await take(page, "sign-in");
await signIn(page, app, "admin");
await take(page, "invoices-empty");
writeFileSync(join(app.data, "ledger.csv"), ledger());
app.cli(["import", join(app.data, "ledger.csv")]);
for (const [name, path] of [["invoices", "/invoices"], ["invoices-all", "/invoices?tab=all"], ["customers", "/customers"], ["log-empty", "/reminders"], ["imports", "/imports"],
  ["texts", "/automations/email-notifications"], ["editor", "/automations/email-notifications/invoice-reminder"], ["not-found", "/nowhere"]]) {
  await page.goto(app.url + path);
  await page.waitForLoadState("networkidle");
  await take(page, name);
}
await page.setViewportSize({ width: 1280, height: 900 });
await page.goto(`${app.url}/invoices`);
for (const box of (await page.locator("input[name=invoice]").all()).slice(0, 3)) await box.check();
await take(page, "selected");
await page.getByRole("button", { name: "Send reminder", exact: true }).click();
await page.getByRole("dialog").waitFor();
await take(page, "dialog");
await page.getByRole("button", { name: "Yes, send reminders" }).click();
await page.getByText("Finished.").waitFor();
await take(page, "batch");
await page.goto(`${app.url}/invoices?tab=all`);
await page.locator("input[name=invoice]").nth(0).check();
await page.locator("tr[data-why=paid] input[name=invoice]").first().check();
await take(page, "ineligible");
await page.goto(`${app.url}/reminders`);
await take(page, "log");
await page.locator("tbody a").first().click();
await take(page, "reminder");
await page.goto(`${app.url}/invoices`);
await page.locator("tbody th a").first().click();
await take(page, "invoice");
await browser.close();
await app.stop();
