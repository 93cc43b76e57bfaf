// Reads mails: those that the program keeps in files, and those that a mail server of our own on loopback takes.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

// What a person sees of a mail: its headers' plain values, its text and its HTML.
export function read(raw) {
  const [headers, body] = split(raw);
  const mail = { headers, subject: words(headers.subject || ""), to: headers.to, reminder: headers["x-dunlin-reminder"], text: "", html: "" };
  const visit = (headers, body) => {
    const boundary = /boundary="?([^";]+)"?/i.exec(headers["content-type"] || "");
    if (boundary) body.split(`--${boundary[1]}`).slice(1, -1).forEach((part) => visit(...split(part.replace(/^\r?\n/, ""))));
    else mail[/html/i.test(headers["content-type"]) ? "html" : "text"] += decoded(headers["content-transfer-encoding"], body);
  };
  visit(headers, body);
  return mail;
}

function split(raw) {
  const [head, ...rest] = raw.split(/\r?\n\r?\n/);
  const headers = {};
  for (const line of head.replace(/\r?\n[ \t]+/g, " ").split(/\r?\n/)) {
    const at = line.indexOf(":");
    if (at > 0) headers[line.slice(0, at).toLowerCase()] = line.slice(at + 1).trim();
  }
  return [headers, rest.join("\r\n\r\n")];
}

function decoded(encoding = "", body) {
  if (/base64/i.test(encoding)) return Buffer.from(body, "base64").toString("utf8");
  if (/quoted-printable/i.test(encoding)) return quoted(body.replace(/=\r?\n/g, ""));
  return Buffer.from(body, "latin1").toString("utf8");
}

const quoted = (text) => Buffer.from(text.replace(/=([0-9A-F]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16))), "latin1").toString("utf8");

const words = (text) =>
  text.replace(/\?=\s+=\?/g, "?==?").replace(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_, kind, word) =>
    /b/i.test(kind) ? Buffer.from(word, "base64").toString("utf8") : quoted(word.replace(/_/g, " ")));

// The mails that a program with `capture:` kept.
export const kept = (app) =>
  readdirSync(join(app.data, "mail")).filter((name) => /^[0-9a-f-]{36}\.eml$/.test(name)).map((name) => read(readFileSync(join(app.data, "mail", name), "latin1")));

// A mail server that takes everything but for the addresses in `sink.unknown`, which it answers with `sink.refusal`: `sink.url` for DUNLIN_MAIL_URL,
// `sink.mails` as they came.
export function smtpSink() {
  const sink = { mails: [], unknown: new Set(), refusal: "550 5.1.1 nobody of that name" };
  const server = createServer((socket) => {
    socket.setEncoding("latin1");
    socket.on("error", () => {});
    let pending = "";
    let recipients = [];
    let inData = false;
    const say = (line) => socket.write(`${line}\r\n`);
    say("220 sink.example ready");
    socket.on("data", (chunk) => {
      pending += chunk;
      for (let end; (end = pending.indexOf(inData ? "\r\n.\r\n" : "\r\n")) >= 0; ) {
        const piece = pending.slice(0, end);
        pending = pending.slice(end + (inData ? 5 : 2));
        if (inData) {
          sink.mails.push({ recipients, ...read(piece.replace(/\r\n\./g, "\r\n")) });
          inData = false;
          recipients = [];
          say("250 2.0.0 kept");
          continue;
        }
        const verb = piece.slice(0, 4).toUpperCase();
        if (verb === "EHLO") socket.write("250-sink.example\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n");
        else if (verb === "RCPT" && sink.unknown.has(/<([^>]*)>/.exec(piece)[1])) say(sink.refusal);
        else if (verb === "RCPT") recipients.push(/<([^>]*)>/.exec(piece)[1]), say("250 2.1.5 known");
        else if (verb === "DATA") (inData = true), say("354 go on");
        else if (verb === "QUIT") say("221 bye"), socket.end();
        else say("250 2.0.0 as you wish");
        if (verb === "RSET") recipients = [];
      }
    });
  });
  sink.close = () => new Promise((done) => server.close(done));
  return new Promise((done) => server.listen(0, "127.0.0.1", () => {
    sink.url = `smtp://127.0.0.1:${server.address().port}`;
    done(sink);
  }));
}

// What is to be read in a piece of HTML.
export const visible = (html) =>
  html.replace(/<(head|style)[\s\S]*?<\/\1>/g, "").replace(/<[^>]+>/g, " ").replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&quot;/g, '"')
    .replace(/&#0?39;|&#x27;/g, "'").replace(/&nbsp;/g, " ").replace(/&amp;/g, "&").replace(/\s+/g, " ");

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

// As the program writes them: "27 Oct 2025" and "1,959.50 EUR".
export const dayInWords = (iso) => `${Number(iso.slice(8))} ${months[Number(iso.slice(5, 7)) - 1]} ${iso.slice(0, 4)}`;
export const money = (amount, currency) => `${Number(amount).toLocaleString("en", { minimumFractionDigits: 2 })} ${currency}`;

// The mail tells its reader what is owed, in text and in HTML, and goes to nobody else.
export function assertTells(mail, invoice) {
  for (const body of [mail.text, visible(mail.html)])
    for (const fact of [invoice.name, invoice.number, money(invoice.balance, invoice.currency), dayInWords(invoice.dueOn)])
      assert.ok(body.includes(fact), `the mail about ${invoice.number} says ${fact}:\n${body}`);
  assert.ok(mail.to.includes(`<${invoice.email}>`), `${mail.to} is ${invoice.email}`);
}
