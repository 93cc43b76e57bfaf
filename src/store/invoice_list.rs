//! The Invoices page: rows by keyset, in the order of an index.

use std::borrow::Cow;
use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Date, Text};

use super::balances::{comparable, comparable_column};
use super::columns::{count, parsed};
use super::invoice_counts::Matching;
use super::invoice_filter::push_filter;
use super::invoices::{COLUMNS, InvoiceRow, Row};
use super::sql::Sql;
use super::{Snapshot, StoreError};
use crate::domain::ids::{InvoiceId, OrganisationId};
use crate::domain::invoice_list::{Cursor, InvoiceFilter, InvoiceList, Place, Sort, SortKey, Tab};
use crate::domain::reminder::SlotHolder;

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoicePage {
    /// Its rows.
    pub rows: Vec<InvoiceRow>,
    /// The reminders that have the slots of these rows.
    pub slots: HashMap<InvoiceId, SlotHolder>,
    /// The place of the first row in the whole list, from 1; 0 when there is none.
    pub first: usize,
    /// Where the rows before these are, if there are any.
    pub previous: Option<Cursor>,
    /// Where the rows after these are, if there are any.
    pub next: Option<Cursor>,
    /// All that match.
    pub matching: Matching,
}

#[derive(QueryableByName)]
pub(super) struct CountRow {
    #[diesel(sql_type = BigInt)]
    pub(super) number: i64,
}

#[derive(QueryableByName)]
struct IdRow {
    #[diesel(sql_type = Text)]
    id: String,
}

#[derive(QueryableByName)]
struct DayRow {
    #[diesel(sql_type = Date)]
    due_on: NaiveDate,
}

const FROM: &str = " FROM invoice i JOIN customer c ON c.id = i.customer_id ";
/// For the order by customer: customers in order, then each one's invoices. SQLite keeps to a `CROSS JOIN`'s order.
const FROM_CUSTOMERS: &str = " FROM customer c CROSS JOIN invoice i ";

impl Snapshot<'_> {
    /// One page of an organisation's invoices as of a day.
    pub fn invoice_page(
        &mut self,
        organisation: OrganisationId,
        list: &InvoiceList,
        today: NaiveDate,
    ) -> Result<InvoicePage, StoreError> {
        let (mut rows, has_more) = self.rows_at(organisation, list, today)?;
        let is_backwards = matches!(list.place, Place::Before(_));
        if is_backwards {
            rows.reverse();
        }
        let matching = self.matching(organisation, &list.filter, today)?;
        let first_cursor = rows.first().map(|row| cursor_of(row, list.sort.key));
        let last_cursor = rows.last().map(|row| cursor_of(row, list.sort.key));
        let first = match (&list.place, &first_cursor) {
            (_, None) => 0,
            (Place::Start, Some(_)) => 1,
            (_, Some(cursor)) => 1 + self.rows_before(organisation, list, cursor, today)?,
        };
        let has_next = first + rows.len() <= matching.count && (has_more || is_backwards);
        Ok(InvoicePage {
            previous: first_cursor.filter(|_| first > 1),
            next: last_cursor.filter(|_| has_next),
            slots: self.slots(&rows.iter().map(|row| row.invoice.id).collect::<Vec<_>>())?,
            rows,
            first,
            matching,
        })
    }

    /// The ids of all that match, in order of id; at most `limit` of them.
    pub fn matching_ids(
        &mut self,
        organisation: OrganisationId,
        filter: &InvoiceFilter,
        today: NaiveDate,
        limit: usize,
    ) -> Result<Vec<InvoiceId>, StoreError> {
        let mut sql = Sql::new("SELECT i.id FROM invoice i WHERE ");
        push_filter(&mut sql, organisation, filter, today);
        sql.push(" ORDER BY i.id LIMIT ").value(limit as i64);
        let rows = sql.load::<IdRow>(self.connection())?;
        rows.iter().map(|row| parsed("invoice.id", &row.id)).collect()
    }

    /// Matching invoices in order of id, after an id, at most `limit`.
    pub fn invoices_by_id(
        &mut self,
        organisation: OrganisationId,
        filter: &InvoiceFilter,
        after: Option<InvoiceId>,
        limit: usize,
        today: NaiveDate,
    ) -> Result<Vec<InvoiceRow>, StoreError> {
        let mut sql = Sql::new(&format!("SELECT {COLUMNS}{FROM}WHERE "));
        push_filter(&mut sql, organisation, filter, today);
        if let Some(after) = after {
            sql.push(" AND i.id > ").value(after.to_string());
        }
        sql.push(" ORDER BY i.id LIMIT ").value(limit as i64);
        sql.load::<Row>(self.connection())?.into_iter().map(InvoiceRow::try_from).collect()
    }

    /// The earliest due day of what is upcoming: what "all clear" speaks of.
    pub fn next_due_day(
        &mut self,
        organisation: OrganisationId,
        today: NaiveDate,
    ) -> Result<Option<NaiveDate>, StoreError> {
        let mut sql = Sql::new("SELECT i.due_on FROM invoice i WHERE ");
        push_filter(&mut sql, organisation, &InvoiceFilter::tab(Tab::Upcoming), today);
        sql.push(" ORDER BY i.due_on LIMIT 1");
        Ok(sql.first::<DayRow>(self.connection())?.map(|row| row.due_on))
    }

    fn rows_at(
        &mut self,
        organisation: OrganisationId,
        list: &InvoiceList,
        today: NaiveDate,
    ) -> Result<(Vec<InvoiceRow>, bool), StoreError> {
        let is_backwards = matches!(list.place, Place::Before(_));
        let is_descending = list.sort.is_descending != is_backwards;
        let mut sql = Sql::new(&format!("SELECT {COLUMNS}{}WHERE ", from(list.sort)));
        push_filter(&mut sql, organisation, &list.filter, today);
        push_customers(&mut sql, organisation, list.sort);
        if let Place::After(cursor) | Place::Before(cursor) = &list.place {
            push_beyond(&mut sql, list.sort.key, cursor, is_descending)?;
        }
        let way = if is_descending { "DESC" } else { "ASC" };
        sql.push(&format!(" ORDER BY {} {way}, i.id {way} LIMIT ", key_column(list.sort.key)))
            .value(list.per as i64 + 1);
        let mut rows = sql.load::<Row>(self.connection())?;
        let has_more = rows.len() > list.per;
        rows.truncate(list.per);
        Ok((rows.into_iter().map(InvoiceRow::try_from).collect::<Result<_, _>>()?, has_more))
    }

    fn rows_before(
        &mut self,
        organisation: OrganisationId,
        list: &InvoiceList,
        first: &Cursor,
        today: NaiveDate,
    ) -> Result<usize, StoreError> {
        let from = match list.sort.key {
            SortKey::Customer => from(list.sort),
            SortKey::Number | SortKey::Due | SortKey::Balance => " FROM invoice i ",
        };
        let mut sql = Sql::new(&format!("SELECT COUNT(*) AS number{from}WHERE "));
        push_filter(&mut sql, organisation, &list.filter, today);
        push_customers(&mut sql, organisation, list.sort);
        push_beyond(&mut sql, list.sort.key, first, !list.sort.is_descending)?;
        let row = sql.first::<CountRow>(self.connection())?.ok_or(StoreError::Missing("count"))?;
        count("count", row.number)
    }
}

fn from(sort: Sort) -> &'static str {
    match sort.key {
        SortKey::Customer => FROM_CUSTOMERS,
        SortKey::Number | SortKey::Due | SortKey::Balance => FROM,
    }
}

fn push_customers(sql: &mut Sql, organisation: OrganisationId, sort: Sort) {
    if sort.key == SortKey::Customer {
        sql.push(" AND i.customer_id = c.id AND c.organisation_id = ").value(organisation.to_string());
    }
}

fn key_column(key: SortKey) -> Cow<'static, str> {
    match key {
        SortKey::Number => "i.number_folded".into(),
        SortKey::Customer => "c.name_folded".into(),
        SortKey::Due => "i.due_on".into(),
        SortKey::Balance => comparable_column().into(),
    }
}

fn cursor_of(row: &InvoiceRow, key: SortKey) -> Cursor {
    let key = match key {
        SortKey::Number => row.invoice.number.folded(),
        SortKey::Customer => row.customer_name.folded(),
        SortKey::Due => row.invoice.due_on.to_string(),
        SortKey::Balance => comparable(row.invoice.balance).to_string(),
    };
    Cursor { key, id: row.invoice.id }
}

fn push_beyond(sql: &mut Sql, key: SortKey, cursor: &Cursor, is_descending: bool) -> Result<(), StoreError> {
    let (column, beyond) = (key_column(key), if is_descending { "<" } else { ">" });
    if key == SortKey::Balance {
        // SQLite finds the place in an index of columns by the pair, but in one of an expression only by itself.
        sql.push(&format!(" AND {column} {beyond}= ")).value(parsed::<i64>("cursor", &cursor.key)?);
    }
    sql.push(&format!(" AND ({column}, i.id) {beyond} ("));
    match key {
        SortKey::Number | SortKey::Customer => sql.value(cursor.key.as_str()),
        SortKey::Due => sql.value(parsed::<NaiveDate>("cursor", &cursor.key)?),
        SortKey::Balance => sql.value(parsed::<i64>("cursor", &cursor.key)?),
    };
    sql.push(", ").value(cursor.id.to_string()).push(")");
    Ok(())
}
