//! What a person was shown before saying yes: the exact text that is signed, carried by the page and read again.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::ids::{BatchId, OrganisationId, TemplateVersionId, UserId};
use super::money::{Currency, Money};
use super::organisation::Sender;
use super::proposal::Seen;

/// Everything that "Yes" accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    /// The batch that yes makes, once.
    pub batch_id: BatchId,
    /// Who was shown it.
    pub user_id: UserId,
    /// For which organisation.
    pub organisation_id: OrganisationId,
    /// Which text would be sent.
    pub template_version_id: TemplateVersionId,
    /// Who the mails would come from.
    pub sender: Sender,
    /// The batch whose failed rows would be repeated.
    pub retry_of: Option<BatchId>,
    /// The invoices, as shown.
    pub seen: Vec<Seen>,
}

/// A text that is not a confirmation.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("the confirmation cannot be read")]
pub struct Unreadable;

/// One line for the head, then one for each invoice; fields are separated by tabs, which none of them can hold.
impl fmt::Display for Confirmation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
            self.batch_id,
            self.user_id,
            self.organisation_id,
            self.template_version_id,
            self.sender.name,
            self.sender.from,
            self.sender.reply_to.as_ref().map_or("", |address| address.as_str()),
            self.sender.letterhead.map(|id| id.to_string()).unwrap_or_default(),
            self.retry_of.map(|id| id.to_string()).unwrap_or_default(),
        )?;
        for seen in &self.seen {
            write!(
                f,
                "\n{}\t{}\t{}\t{}\t{}",
                seen.invoice_id,
                seen.balance.minor(),
                seen.balance.currency(),
                seen.due_on,
                seen.recipient.as_ref().map_or("", |address| address.as_str()),
            )?;
        }
        Ok(())
    }
}

impl FromStr for Confirmation {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        // A browser sends line breaks as CR LF.
        let mut lines = text.lines();
        let head: Vec<&str> = lines.next().ok_or(Unreadable)?.split('\t').collect();
        let [batch, user, organisation, template, name, from, reply_to, letterhead, retry_of] = head[..]
        else {
            return Err(Unreadable);
        };
        Ok(Self {
            batch_id: read(batch)?,
            user_id: read(user)?,
            organisation_id: read(organisation)?,
            template_version_id: read(template)?,
            sender: Sender {
                name: read(name)?,
                from: read(from)?,
                reply_to: read_option(reply_to)?,
                letterhead: read_option(letterhead)?,
            },
            retry_of: read_option(retry_of)?,
            seen: lines.map(seen).collect::<Result<_, _>>()?,
        })
    }
}

fn seen(line: &str) -> Result<Seen, Unreadable> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [invoice, balance, currency, due_on, recipient] = fields[..] else { return Err(Unreadable) };
    Ok(Seen {
        invoice_id: read(invoice)?,
        balance: Money::from_minor(read(balance)?, read::<Currency>(currency)?),
        due_on: read(due_on)?,
        recipient: read_option(recipient)?,
    })
}

fn read<T: FromStr>(text: &str) -> Result<T, Unreadable> {
    text.parse().map_err(|_| Unreadable)
}

fn read_option<T: FromStr>(text: &str) -> Result<Option<T>, Unreadable> {
    if text.is_empty() { Ok(None) } else { read(text).map(Some) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_confirmation_is_read_as_it_was_written_also_with_a_browsers_line_breaks() {
        let confirmation = Confirmation {
            batch_id: Uuid::from_u128(1).into(),
            user_id: Uuid::from_u128(2).into(),
            organisation_id: Uuid::from_u128(3).into(),
            template_version_id: Uuid::from_u128(4).into(),
            sender: Sender {
                name: "Acme Receivables".parse().unwrap(),
                from: "ar@acme.example".parse().unwrap(),
                reply_to: None,
                letterhead: Some(Uuid::from_u128(6).into()),
            },
            retry_of: None,
            seen: vec![Seen {
                invoice_id: Uuid::from_u128(5).into(),
                balance: Money::from_minor(1_250, "EUR".parse().unwrap()),
                due_on: chrono::NaiveDate::from_ymd_opt(2025, 12, 1).unwrap(),
                recipient: Some("pay@customer.example".parse().unwrap()),
            }],
        };
        let carried = confirmation.to_string().replace('\n', "\r\n");
        assert_eq!(carried.parse::<Confirmation>().unwrap(), confirmation);
        assert_eq!("".parse::<Confirmation>(), Err(Unreadable));
    }
}
