// A ledger of our own, as of 1 December 2025: every third invoice is paid, one in twenty-five archived, the others owed,
// three quarters of them overdue; the last customers have no e-mail address.
const today = Date.UTC(2025, 11, 1);
const day = 86400000;
const iso = (instant) => new Date(instant).toISOString().slice(0, 10);

export function invoices({ invoices = 120, customers = 24, withoutEmail = 2 } = {}) {
  return Array.from({ length: invoices }, (_, index) => {
    const i = index + 1;
    const customer = 1 + ((i * 7) % customers);
    const total = (100 + ((i * 3719) % 90000) / 10).toFixed(2);
    const isPaid = i % 3 === 0;
    const isArchived = i % 25 === 1;
    const due = today - (((i * 11) % 80) - 20) * day;
    const balance = isPaid ? "0.00" : i % 10 === 1 ? (Number(total) / 2).toFixed(2) : total;
    return {
      number: `INV-${String(i).padStart(5, "0")}`,
      customer,
      name: `Customer ${customer} & Sons`,
      email: customer > customers - withoutEmail ? "" : `ar${customer}@customer-${customer}.example`,
      currency: i % 8 === 0 ? "USD" : "EUR",
      total,
      balance,
      issuedOn: iso(Date.UTC(2025, 7, 1 + (i % 28))),
      dueOn: iso(due),
      isPaid,
      isArchived,
      isOpen: !isPaid && !isArchived,
      isOverdue: !isPaid && !isArchived && due < today,
    };
  });
}

export function ledger(options) {
  const header = "customer_id,customer_name,customer_email,invoice_number,currency,total,balance,issue_date,due_date,archived,pay_url";
  const rows = invoices(options).map((row) => [row.customer, row.name, row.email, row.number, row.currency, row.total, row.balance, row.issuedOn,
    row.dueOn, row.isArchived ? "true" : "", `https://pay.acme.example/${row.number}`].join(","));
  return [header, ...rows].join("\n") + "\n";
}
