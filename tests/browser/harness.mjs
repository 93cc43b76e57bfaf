// Starts the real program on a free port with a folder of its own, and a browser to use it with.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import axe from "axe-core";
import { chromium } from "playwright-core";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const binary = join(process.env.CARGO_TARGET_DIR || join(root, "target"), "debug/dunlin");
export const password = "correct horse battery";

const offline = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"];

// Longest wait for something that must come, also on a busy machine.
const patience = 120000;

export async function launch() {
  const executablePath = process.env.DUNLIN_TEST_CHROMIUM || execFileSync("sh", ["-c", "command -v chromium"], { encoding: "utf8" }).trim();
  const args = process.getuid() === 0 ? [...offline, "--no-sandbox"] : offline;
  const browser = await chromium.launch({ executablePath, args });
  browser.on("context", (context) => context.setDefaultTimeout(patience));
  return browser;
}

// The program, running: `app.url`, `app.setup` (the set-up address), `app.cli(...)`, `app.stop()`.
export async function start(settings = {}) {
  const data = mkdtempSync(join(tmpdir(), "dunlin-browser-"));
  const env = {
    PATH: process.env.PATH,
    DUNLIN_DATA_DIR: data,
    DUNLIN_BIND: "127.0.0.1:0",
    DUNLIN_CLOCK: "2025-12-01T09:00:00Z",
    DUNLIN_UNDO_SECONDS: "0",
    DUNLIN_LOG: "warn",
    ...settings,
  };
  const child = spawn(binary, ["serve"], { env, stdio: ["ignore", "pipe", "inherit"] });
  const app = { data, env };
  await new Promise((done, failed) => {
    child.once("exit", (code) => failed(new Error(`the program ended with ${code}`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const setup = line.match(/^Set up Dunlin: (\S+)$/);
      const listening = line.match(/^Listening on (\S+)$/);
      if (setup) app.setup = setup[1];
      if (listening) {
        app.url = listening[1];
        done();
      }
    });
  });
  app.cli = (args, input = "") => execFileSync(binary, args, { env, input, encoding: "utf8", stdio: ["pipe", "pipe", "pipe"] });
  app.stop = async () => {
    const ended = new Promise((done) => child.once("exit", done));
    child.kill("SIGTERM");
    const code = await ended;
    rmSync(data, { recursive: true, force: true });
    assert.equal(code, 0, "the program stops cleanly");
  };
  return app;
}

// An organisation with a person for each role, made by the commands.
export function furnish(app) {
  app.cli(["organisation", "add", "--name", "Acme Receivables", "--from", "ar@acme.example", "--reply-to", "answers@acme.example"]);
  for (const role of ["admin", "clerk", "support", "viewer"])
    app.cli(["user", "add", "--email", `${role}@acme.example`, "--name", `The ${role}`, "--role", role, "--password-stdin"], password);
}

export async function signIn(page, app, role = "clerk") {
  await page.goto(`${app.url}/sign-in`);
  await page.getByLabel("Email").fill(`${role}@acme.example`);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Invoices", level: 1 }).waitFor();
  // Scripts run once the page is there whole.
  await page.waitForLoadState();
}

// Waits for a page that has something wrong in it.
export const isError = (page) => page.waitForFunction(() => document.title.startsWith("Error: "));

// Off unless it is named: what is read must be in the name that is spoken (WCAG 2.5.3).
const also = { "label-content-name-mismatch": { enabled: true } };
const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

// Nothing that axe-core knows to be wrong.
export async function accessible(page, what) {
  await page.waitForLoadState();
  // A row half under the head that stays in view is no small target: measured from the top.
  await page.evaluate(() => scrollTo(0, 0));
  const violations = [];
  for (const frame of page.frames()) {
    await frame.evaluate(axe.source);
    // A mail in a frame is no page: landmarks and headings are asked of the page alone.
    const runOnly = frame === page.mainFrame() ? [...rules, "best-practice"] : rules;
    violations.push(...(await frame.evaluate((options) => globalThis.axe.run(options), { runOnly, rules: also })).violations);
  }
  const told = violations.map(({ id, help, nodes }) => `${id}: ${help}\n  ${nodes.slice(0, 5).map((node) => node.html.slice(0, 160)).join("\n  ")}`);
  assert.deepEqual(told, [], `${what}: ${told.join("\n")}`);
}

// A program and a browser for the tests of a file, there before the first and gone after the last.
export function stage(prepare = furnish, settings = {}) {
  const stage = {};
  before(async () => {
    const given = typeof settings === "function" ? await settings() : settings;
    stage.app = await start(given);
    await prepare(stage.app);
    stage.browser = await launch();
  });
  after(async () => {
    await stage.browser?.close();
    await stage.app?.stop();
  });
  return stage;
}

// A page of someone who is signed in; `page.context().close()` ends it.
export async function open(browser, app, { role = "clerk", ...options } = {}) {
  const page = await (await browser.newContext(options)).newPage();
  await signIn(page, app, role);
  return page;
}

export function importLedger(app, csv) {
  const file = join(app.data, "ledger.csv");
  writeFileSync(file, csv);
  return app.cli(["import", file]);
}

export const box = (page, number) => page.getByRole("checkbox", { name: `Select invoice ${number}` });
export const sendButton = (page) => page.getByRole("region", { name: "Bulk actions" }).getByRole("button", { name: "Send reminder", exact: true });
export const yes = (page) => page.getByRole("button", { name: "Yes, send reminders" });

// Waits for the batch page to say that it is done, with the sentence that it says it with.
export async function finished(page) {
  const status = page.locator("main").getByRole("status").filter({ hasText: "Finished." });
  await status.waitFor();
  return status.innerText();
}

// Presses Tab (or Shift+Tab) until the focus is there.
export async function tabTo(page, target, key = "Tab") {
  for (let presses = 0; presses < 400; presses++) {
    await page.keyboard.press(key);
    if (await target.evaluate((element) => element === document.activeElement)) return;
  }
  assert.fail(`${key} does not lead to ${target}`);
}
