//! Organisations.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use super::columns::{parsed, parsed_option};
use super::connection::AnyConnection;
use super::schema::organisation;
use super::sql::Sql;
use super::{Snapshot, StoreError, Tx};
use crate::domain::ids::{InvoiceId, OrganisationId, UserId};
use crate::domain::organisation::Organisation;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = organisation)]
struct Row {
    id: String,
    name: String,
    time_zone: String,
    currency: String,
    payment_terms_days: i32,
    from_email: Option<String>,
    reply_to: Option<String>,
    created_at: NaiveDateTime,
    sender_name: Option<String>,
    colour: Option<String>,
    logo_id: Option<String>,
    footer: Option<String>,
    letterhead_id: Option<String>,
    language: String,
}

impl TryFrom<Row> for Organisation {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: parsed("organisation.id", &row.id)?,
            name: parsed("organisation.name", &row.name)?,
            time_zone: parsed("organisation.time_zone", &row.time_zone)?,
            currency: parsed("organisation.currency", &row.currency)?,
            language: parsed("organisation.language", &row.language)?,
            payment_terms_days: parsed(
                "organisation.payment_terms_days",
                &row.payment_terms_days.to_string(),
            )?,
            sender_name: parsed_option("organisation.sender_name", row.sender_name.as_deref())?,
            from: parsed_option("organisation.from_email", row.from_email.as_deref())?,
            reply_to: parsed_option("organisation.reply_to", row.reply_to.as_deref())?,
            colour: parsed_option("organisation.colour", row.colour.as_deref())?,
            logo: parsed_option("organisation.logo_id", row.logo_id.as_deref())?,
            footer: parsed_option("organisation.footer", row.footer.as_deref())?,
            letterhead: parsed_option("organisation.letterhead_id", row.letterhead_id.as_deref())?,
        })
    }
}

impl Snapshot<'_> {
    /// One organisation.
    pub fn organisation(&mut self, id: OrganisationId) -> Result<Organisation, StoreError> {
        organisation::table
            .find(id.to_string())
            .select(Row::as_select())
            .first(self.connection())
            .optional()?
            .ok_or(StoreError::Missing("organisation"))?
            .try_into()
    }

    /// All organisations of the installation, oldest first.
    pub fn organisations(&mut self) -> Result<Vec<Organisation>, StoreError> {
        let rows: Vec<Row> =
            organisation::table.order(organisation::id).select(Row::as_select()).load(self.connection())?;
        rows.into_iter().map(Organisation::try_from).collect()
    }
}

impl Tx<'_> {
    /// Makes other confirmations of the organisation wait for this transaction, so that each sees what the one before it
    /// has queued. SQLite has one writer and needs no lock.
    pub fn lock_organisation(&mut self, id: OrganisationId) -> Result<(), StoreError> {
        self.take_turn(id, "pg_advisory_xact_lock")?;
        if let AnyConnection::Postgres(server) = self.connection() {
            organisation::table
                .find(id.to_string())
                .select(organisation::id)
                .for_no_key_update()
                .first::<String>(server)?;
        }
        Ok(())
    }

    /// Waits for a turn at an organisation. Turns are had in the order in which they are asked for: a row's lock lets those
    /// that share it pass by who waits to have it alone, for as long as others come.
    fn take_turn(&mut self, id: OrganisationId, lock: &str) -> Result<(), StoreError> {
        if let AnyConnection::Postgres(_) = self.connection() {
            // The last 64 bits of a UUIDv7 are chance.
            let (_, number) = id.as_uuid().as_u64_pair();
            Sql::new(&format!("SELECT {lock}($1)")).bind(number.cast_signed()).execute(self.connection())?;
        }
        Ok(())
    }

    /// Lets other transactions about this person's account wait for this one, and those that let them into an organisation.
    pub fn lock_person(&mut self, id: UserId) -> Result<(), StoreError> {
        if let AnyConnection::Postgres(_) = self.connection() {
            Sql::new("SELECT id FROM person WHERE id = $1 FOR UPDATE")
                .bind(id.to_string())
                .execute(self.connection())?;
        }
        Ok(())
    }

    /// Lets other transactions about this invoice, and confirmations of its organisation, wait for this one: of those that
    /// would remind of it each sees what the one before it has queued. Other invoices are free.
    pub fn lock_invoice(&mut self, organisation: OrganisationId, id: InvoiceId) -> Result<(), StoreError> {
        self.take_turn(organisation, "pg_advisory_xact_lock_shared")?;
        if let AnyConnection::Postgres(_) = self.connection() {
            Sql::new("SELECT id FROM invoice WHERE id = $1 AND organisation_id = $2 FOR NO KEY UPDATE")
                .bind(id.to_string())
                .bind(organisation.to_string())
                .execute(self.connection())?;
        }
        Ok(())
    }

    /// Writes what of an organisation can be changed.
    pub fn update_organisation(&mut self, changed: &Organisation) -> Result<(), StoreError> {
        diesel::update(organisation::table.find(changed.id.to_string()))
            .set((
                organisation::name.eq(changed.name.to_string()),
                organisation::time_zone.eq(changed.time_zone.to_string()),
                organisation::currency.eq(changed.currency.to_string()),
                organisation::payment_terms_days.eq(i32::from(changed.payment_terms_days)),
                organisation::sender_name.eq(changed.sender_name.as_ref().map(ToString::to_string)),
                organisation::from_email.eq(changed.from.as_ref().map(ToString::to_string)),
                organisation::reply_to.eq(changed.reply_to.as_ref().map(ToString::to_string)),
                organisation::colour.eq(changed.colour.map(|colour| colour.to_string())),
                organisation::logo_id.eq(changed.logo.map(|logo| logo.to_string())),
                organisation::footer.eq(changed.footer.as_ref().map(ToString::to_string)),
                organisation::language.eq(changed.language.as_str()),
                organisation::letterhead_id.eq(changed.letterhead.map(|id| id.to_string())),
            ))
            .execute(self.connection())?;
        Ok(())
    }

    /// Adds an organisation, whose mails look as they do of themselves.
    pub fn add_organisation(&mut self, added: &Organisation, now: DateTime<Utc>) -> Result<(), StoreError> {
        let row = Row {
            id: added.id.to_string(),
            name: added.name.to_string(),
            time_zone: added.time_zone.to_string(),
            currency: added.currency.to_string(),
            payment_terms_days: i32::from(added.payment_terms_days),
            from_email: added.from.as_ref().map(ToString::to_string),
            reply_to: added.reply_to.as_ref().map(ToString::to_string),
            created_at: now.naive_utc(),
            sender_name: added.sender_name.as_ref().map(ToString::to_string),
            colour: None,
            logo_id: None,
            footer: None,
            letterhead_id: None,
            language: added.language.to_string(),
        };
        diesel::insert_into(organisation::table).values(&row).execute(self.connection())?;
        Ok(())
    }
}
