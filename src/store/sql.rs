//! A statement as text and values, for what both databases understand alike but diesel's common language does not:
//! lists whose filters vary, `RETURNING`, `ON CONFLICT`, many rows at once.
//!
//! Values are numbered `$1`, `$2` ... in the order in which they are pushed, on both databases.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use diesel::connection::DefaultLoadingMode;
use diesel::deserialize::QueryableByName;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Binary, Bool, Date, Nullable, Text, Timestamp, Untyped};
use diesel::sqlite::Sqlite;
use diesel::{QueryResult, RunQueryDsl};

use super::StoreError;
use super::connection::{AnyConnection, each_backend};
use crate::domain::search::Search;

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

impl Value {
    /// Whether there is one.
    pub(super) fn is_some(&self) -> bool {
        match self {
            Self::Text(text) => text.is_some(),
            Self::Integer(number) => number.is_some(),
            Self::Instant(instant) => instant.is_some(),
            Self::Day(day) => day.is_some(),
            Self::Flag(_) => true,
            Self::Bytes(bytes) => bytes.is_some(),
        }
    }

    /// SQLite keeps an instant as a text, which diesel would write anew for each place that it stands in.
    pub(super) fn into_sqlite(self) -> Self {
        match self {
            Self::Instant(instant) => Self::Text(instant.map(|at| at.format("%F %T%.f").to_string())),
            other => other,
        }
    }
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
pub(super) fn containing(search: &Search) -> String {
    format!("%{}%", search.as_str().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"))
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
            let pieces = between_places(&self.text, self.values.len());
            let kept = Kept { pieces: &pieces, values: self.values.iter().collect() };
            return each_backend!(connection, bare => kept.load(bare));
        }
        let numbered = self.numbered_for(connection);
        each_backend!(connection, bare => bound!(numbered).load(bare))
    }

    /// Runs it and makes something of each row as it comes: of many rows, which take more room than what is made of them,
    /// few are there at a time.
    pub(super) fn load_as<R, T>(
        self,
        connection: &mut AnyConnection,
        make: impl Fn(R) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError>
    where
        R: QueryableByName<Sqlite> + QueryableByName<Pg> + 'static,
    {
        let numbered = self.numbered_for(connection);
        each_backend!(connection, bare => {
            let rows = bound!(numbered).load_iter::<R, DefaultLoadingMode>(bare)?;
            rows.map(|row| make(row?)).collect()
        })
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
            let pieces = between_places(&self.text, self.values.len());
            let kept = Kept { pieces: &pieces, values: self.values.iter().collect() };
            return each_backend!(connection, bare => kept.execute(bare));
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
#[derive(Debug)]
pub(super) struct Kept<'a> {
    /// What stands before each value, and behind the last.
    pub(super) pieces: &'a [&'a str],
    pub(super) values: Vec<&'a Value>,
}

/// The pieces of a text between its places `$1`, `$2` ..., which stand in their order, each once.
fn between_places(text: &str, places: usize) -> Vec<&str> {
    let mut pieces = Vec::with_capacity(places + 1);
    let mut rest = text;
    for number in 1..=places {
        let (before, after) = rest.split_once(&format!("${number}")).unwrap_or((rest, ""));
        pieces.push(before);
        rest = after;
    }
    pieces.push(rest);
    pieces
}

impl Query for Kept<'_> {
    type SqlType = Untyped;
}

impl QueryId for Kept<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Conn> RunQueryDsl<Conn> for Kept<'_> {}

macro_rules! kept_on {
    ($($backend:ty),+) => {$(
        impl QueryFragment<$backend> for Kept<'_> {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, $backend>) -> QueryResult<()> {
                let (Some(end), values) = (self.pieces.last(), self.pieces.iter().zip(self.values.iter().copied())) else {
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
