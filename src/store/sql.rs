//! A statement as text and values, for what both databases understand alike but diesel's common language does not:
//! lists whose filters vary, `RETURNING`, `ON CONFLICT`, many rows at once.
//!
//! Values are numbered `$1`, `$2` ... in the order in which they are pushed, on both databases.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use diesel::deserialize::QueryableByName;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Binary, Bool, Date, Nullable, Text, Timestamp, Untyped};
use diesel::sqlite::Sqlite;
use diesel::{QueryResult, RunQueryDsl};

use super::connection::{AnyConnection, each_backend};

/// A value with its column type; only this module looks inside.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(Option<String>),
    Integer(Option<i64>),
    Instant(Option<NaiveDateTime>),
    Day(Option<NaiveDate>),
    Flag(bool),
    Bytes(Option<Vec<u8>>),
}

/// A Rust value that has a column type.
pub(super) trait IntoValue {
    fn into_value(self) -> Value;
}

macro_rules! into_value {
    ($($from:ty, $value:ident => $into:expr;)+) => {$(
        impl IntoValue for $from {
            fn into_value(self) -> Value {
                let $value = self;
                $into
            }
        }
    )+};
}

into_value! {
    &str, text => Value::Text(Some(without_nul(text.to_owned())));
    String, text => Value::Text(Some(without_nul(text)));
    Option<String>, text => Value::Text(text.map(without_nul));
    i64, number => Value::Integer(Some(number));
    Option<i64>, number => Value::Integer(number);
    DateTime<Utc>, instant => Value::Instant(Some(instant.naive_utc()));
    Option<DateTime<Utc>>, instant => Value::Instant(instant.map(|at| at.naive_utc()));
    NaiveDate, day => Value::Day(Some(day));
    Option<NaiveDate>, day => Value::Day(day);
    bool, flag => Value::Flag(flag);
    Value, value => value;
    Option<Vec<u8>>, bytes => Value::Bytes(bytes);
}

/// PostgreSQL refuses a text with a NUL, and SQLite ends a pattern there: then everything would match.
fn without_nul(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

/// The pattern of a `LIKE ... ESCAPE '\\'` for texts that contain this one, whatever signs are in it.
pub(super) fn containing(text: &str) -> String {
    format!("%{}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"))
}

/// A statement under construction.
#[derive(Clone, Debug, Default)]
pub(super) struct Sql {
    text: String,
    values: Vec<Value>,
    is_kept: bool,
}

impl Sql {
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), values: Vec::new(), is_kept: false }
    }

    /// Appends text.
    pub(super) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends the place of a value, and the value.
    pub(super) fn value(&mut self, value: impl IntoValue) -> &mut Self {
        self.values.push(value.into_value());
        let place = format!("${}", self.values.len());
        self.text.push_str(&place);
        self
    }

    /// Binds the next value of a text that already names its place.
    pub(super) fn bind(mut self, value: impl IntoValue) -> Self {
        self.values.push(value.into_value());
        self
    }

    /// Keeps it prepared in its connection, where reading its text takes longer than running it: for the statements of
    /// the sending. One of many rows is not kept, for each number of rows makes another text. Its values must stand in
    /// their order, each in one place.
    pub(super) fn kept_for(mut self, rows: usize) -> Self {
        self.is_kept = rows <= 16;
        self
    }

    /// Runs it and reads its rows.
    pub(super) fn load<R>(self, connection: &mut AnyConnection) -> QueryResult<Vec<R>>
    where
        R: QueryableByName<Sqlite> + QueryableByName<Pg> + 'static,
    {
        if self.is_kept {
            return each_backend!(connection, bare => Kept::from(self).load(bare));
        }
        let numbered = self.numbered_for(connection);
        each_backend!(connection, bare => bound!(numbered).load(bare))
    }

    /// Runs it and reads its first row, if there is one.
    pub(super) fn first<R>(self, connection: &mut AnyConnection) -> QueryResult<Option<R>>
    where
        R: QueryableByName<Sqlite> + QueryableByName<Pg> + 'static,
    {
        Ok(self.load(connection)?.into_iter().next())
    }

    /// Runs it and says how many rows it changed.
    pub(super) fn execute(self, connection: &mut AnyConnection) -> QueryResult<usize> {
        if self.is_kept {
            return each_backend!(connection, bare => Kept::from(self).execute(bare));
        }
        let numbered = self.numbered_for(connection);
        each_backend!(connection, bare => bound!(numbered).execute(bare))
    }

    /// SQLite takes `$1` for a name and searches all names before it for every place: a statement of 500 rows then takes
    /// a hundred times as long as with `?1`, which is a number.
    fn numbered_for(mut self, connection: &AnyConnection) -> Self {
        if let AnyConnection::Sqlite(_) = connection {
            self.text = self.text.replace('$', "?");
        }
        self
    }
}

macro_rules! bound {
    ($sql:expr) => {{
        let mut query = diesel::sql_query($sql.text).into_boxed();
        for value in $sql.values {
            query = match value {
                Value::Text(text) => query.bind::<Nullable<Text>, _>(text),
                Value::Integer(number) => query.bind::<Nullable<BigInt>, _>(number),
                Value::Instant(instant) => query.bind::<Nullable<Timestamp>, _>(instant),
                Value::Day(day) => query.bind::<Nullable<Date>, _>(day),
                Value::Flag(flag) => query.bind::<Bool, _>(flag),
                Value::Bytes(bytes) => query.bind::<Nullable<Binary>, _>(bytes),
            };
        }
        query
    }};
}
use bound;

/// A statement that a connection keeps prepared: diesel does so by its text, which `sql_query` forbids.
#[derive(Clone, Debug)]
struct Kept {
    /// What stands before each value, and behind the last.
    pieces: Vec<String>,
    values: Vec<Value>,
}

impl From<Sql> for Kept {
    fn from(sql: Sql) -> Self {
        let mut pieces = Vec::with_capacity(sql.values.len() + 1);
        let mut rest = sql.text.as_str();
        for number in 1..=sql.values.len() {
            let (before, after) = rest.split_once(&format!("${number}")).unwrap_or((rest, ""));
            pieces.push(before.to_owned());
            rest = after;
        }
        pieces.push(rest.to_owned());
        Self { pieces, values: sql.values }
    }
}

impl Query for Kept {
    type SqlType = Untyped;
}

impl QueryId for Kept {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Conn> RunQueryDsl<Conn> for Kept {}

macro_rules! kept_on {
    ($($backend:ty),+) => {$(
        impl QueryFragment<$backend> for Kept {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, $backend>) -> QueryResult<()> {
                let (Some(end), values) = (self.pieces.last(), self.pieces.iter().zip(&self.values)) else {
                    return Ok(());
                };
                for (before, value) in values {
                    out.push_sql(before);
                    match value {
                        Value::Text(text) => out.push_bind_param::<Nullable<Text>, _>(text)?,
                        Value::Integer(number) => out.push_bind_param::<Nullable<BigInt>, _>(number)?,
                        Value::Instant(instant) => out.push_bind_param::<Nullable<Timestamp>, _>(instant)?,
                        Value::Day(day) => out.push_bind_param::<Nullable<Date>, _>(day)?,
                        Value::Flag(flag) => out.push_bind_param::<Bool, _>(flag)?,
                        Value::Bytes(bytes) => out.push_bind_param::<Nullable<Binary>, _>(bytes)?,
                    }
                }
                out.push_sql(end);
                Ok(())
            }
        }
    )+};
}
kept_on!(Sqlite, Pg);

/// One change of many rows, with values of its own for each, and what goes with it for each row that it changed; `@1`,
/// `@2` ... in its texts stand for a row's values.
///
/// SQLite runs it row by row, prepared: there an `UPDATE FROM` and a `RETURNING` go through tables of their own, which
/// takes three times as long. PostgreSQL runs all of it as one statement, for each one is a journey.
pub(super) struct RowChange {
    set: &'static str,
    condition: &'static str,
    then: Vec<Then>,
    rows: Vec<Vec<Value>>,
}

/// What goes with a changed row.
enum Then {
    Update { set: &'static str, condition: &'static str },
    Insert { into: &'static str, values: &'static str, condition: &'static str, on_conflict: &'static str },
}

#[derive(QueryableByName)]
struct ChangedRow {
    #[diesel(sql_type = Text)]
    key: String,
}

impl RowChange {
    /// A change `UPDATE set WHERE condition`, whose first value is the row's text key.
    pub(super) fn new(set: &'static str, condition: &'static str) -> Self {
        Self { set, condition, then: Vec::new(), rows: Vec::new() }
    }

    /// Runs `UPDATE set WHERE condition` as well for each row that was changed.
    pub(super) fn then_update(mut self, set: &'static str, condition: &'static str) -> Self {
        self.then.push(Then::Update { set, condition });
        self
    }

    /// Runs `INSERT INTO into SELECT values WHERE condition on_conflict` as well for each row that was changed.
    pub(super) fn then_insert(
        mut self,
        into: &'static str,
        values: &'static str,
        condition: &'static str,
        on_conflict: &'static str,
    ) -> Self {
        self.then.push(Then::Insert { into, values, condition, on_conflict });
        self
    }

    /// One more row.
    pub(super) fn row(&mut self) -> Row<'_> {
        self.rows.push(Vec::new());
        Row(self)
    }

    /// Runs it; says of each row whether it was changed.
    pub(super) fn run(self, connection: &mut AnyConnection) -> QueryResult<Vec<bool>> {
        if self.rows.is_empty() {
            return Ok(Vec::new());
        }
        match connection {
            AnyConnection::Sqlite(embedded) => {
                let text = format!("UPDATE {} WHERE {}", self.set, self.condition);
                let then: Vec<String> = self.then.iter().map(Then::of_a_row).collect();
                let change = |row: Vec<Value>| {
                    let is_changed = Kept::of_row(&text, &row).execute(embedded)? == 1;
                    for text in then.iter().filter(|_| is_changed) {
                        Kept::of_row(text, &row).execute(embedded)?;
                    }
                    Ok(is_changed)
                };
                self.rows.into_iter().map(change).collect()
            }
            AnyConnection::Postgres(_) => self.run_at_once(connection),
        }
    }

    fn run_at_once(self, connection: &mut AnyConnection) -> QueryResult<Vec<bool>> {
        let [set, condition] = [self.set, self.condition].map(of_columns);
        let mut sql = Sql::new("WITH asked AS (VALUES ");
        for (index, row) in self.rows.iter().enumerate() {
            sql.push(if index == 0 { "(" } else { ", (" });
            for (place, value) in row.iter().enumerate() {
                sql.push(if place == 0 { "" } else { ", " }).value(value.clone());
            }
            sql.push(")");
        }
        sql.push(&format!(
            "), changed AS (UPDATE {set} FROM asked AS changed WHERE {condition} RETURNING changed.*)"
        ));
        for (number, then) in self.then.iter().enumerate() {
            sql.push(&format!(", then{number} AS ({})", then.of_changed_rows()));
        }
        sql.push(" SELECT column1 AS key FROM changed");
        let changed = sql.kept_for(self.rows.len()).load::<ChangedRow>(connection)?;
        let is_changed = |row: &Vec<Value>| match row.first() {
            Some(Value::Text(Some(key))) => changed.iter().any(|row| row.key == *key),
            _ => false,
        };
        Ok(self.rows.iter().map(is_changed).collect())
    }
}

impl Then {
    fn of_a_row(&self) -> String {
        match self {
            Self::Update { set, condition } => format!("UPDATE {set} WHERE {condition}"),
            Self::Insert { into, values, condition, on_conflict } => {
                format!("INSERT INTO {into} SELECT {values} WHERE {condition} {on_conflict}")
            }
        }
    }

    fn of_changed_rows(&self) -> String {
        match self {
            Self::Update { set, condition } => {
                format!("UPDATE {} FROM changed WHERE {}", of_columns(set), of_columns(condition))
            }
            Self::Insert { into, values, condition, on_conflict } => {
                let [values, condition] = [*values, *condition].map(of_columns);
                format!("INSERT INTO {into} SELECT {values} FROM changed WHERE {condition} {on_conflict}")
            }
        }
    }
}

fn of_columns(text: &str) -> String {
    text.replace('@', "changed.column")
}

/// The values of a row, in their order.
pub(super) struct Row<'a>(&'a mut RowChange);

impl Row<'_> {
    pub(super) fn value(self, value: impl IntoValue) -> Self {
        if let Some(row) = self.0.rows.last_mut() {
            row.push(value.into_value());
        }
        self
    }
}

impl Kept {
    fn of_row(text: &str, row: &[Value]) -> Self {
        let (mut pieces, mut values) = (Vec::new(), Vec::new());
        let mut parts = text.split('@');
        pieces.push(parts.next().unwrap_or_default().to_owned());
        for part in parts {
            let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (number, rest) = part.split_at(digits);
            let place = number.parse::<usize>().unwrap_or_default().wrapping_sub(1);
            values.extend(row.get(place).cloned());
            pieces.push(rest.to_owned());
        }
        Self { pieces, values }
    }
}
