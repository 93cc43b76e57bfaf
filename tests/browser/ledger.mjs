// A ledger of our own, as of 1 December 2025: every third invoice paid, the others owed, some of them not due yet.
export function ledger({ invoices = 120, customers = 24, withoutEmail = 2 } = {}) {
  const lines = ["customer_id,customer_name,customer_email,invoice_number,currency,total,balance,issue_date,due_date,status,archived,pay_url"];
  for (let i = 1; i <= invoices; i++) {
    const customer = 1 + ((i * 7) % customers);
    const email = customer > customers - withoutEmail ? "" : `ar${customer}@customer-${customer}.example`;
    const number = `INV-${String(i).padStart(5, "0")}`;
    const total = (100 + ((i * 3719) % 90000) / 10).toFixed(2);
    const isPaid = i % 3 === 0;
    const due = new Date(Date.UTC(2025, 11, 1) - ((i * 11) % 80 - 20) * 86400000).toISOString().slice(0, 10);
    const issued = new Date(Date.UTC(2025, 7, 1 + (i % 28))).toISOString().slice(0, 10);
    const balance = isPaid ? "0.00" : i % 10 === 1 ? (Number(total) / 2).toFixed(2) : total;
    const currency = i % 8 === 0 ? "USD" : "EUR";
    lines.push([customer, `Customer ${customer} & Sons`, email, number, currency, total, balance, issued, due, "", i % 25 === 1 ? "true" : "", `https://pay.acme.example/${number}`].join(","));
  }
  return lines.join("\n") + "\n";
}
