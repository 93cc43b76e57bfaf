// node pool.mjs PORT COUNT MAIL [raw]: sends COUNT mails through a pool of 10 connections, which says when it is idle
// and is given as many as it takes. With `raw` finished bytes, else texts. Prints seconds and CPU seconds as JSON.
import { readFileSync } from "node:fs";
import nodemailer from "nodemailer";

const [port, count, file, isRaw] = process.argv.slice(2);
const { sender, subject, text, html, raw } = JSON.parse(readFileSync(file, "utf8"));
const mails = Array.from({ length: Number(count) }, (_, i) => {
    const to = `c${i}@customer.example`;
    return isRaw ? { envelope: { from: sender, to }, raw } : { from: sender, to, subject, text, html };
});
const pool = nodemailer.createTransport({
    pool: true, maxConnections: 10, maxMessages: Infinity,
    host: "127.0.0.1", port: Number(port), secure: false, ignoreTLS: true,
});

const started = process.hrtime.bigint(), before = process.cpuUsage();
let next = 0, sent = 0;
await new Promise((resolve, reject) => {
    const give = () => {
        while (pool.isIdle() && next < mails.length) {
            pool.sendMail(mails[next++]).then(() => { if (++sent === mails.length) resolve(); }, reject);
        }
    };
    pool.on("idle", give);
    give();
});
const seconds = Number(process.hrtime.bigint() - started) / 1e9, { user, system } = process.cpuUsage(before);
console.log(JSON.stringify({ seconds, cpu: (user + system) / 1e6 }));
pool.close();
