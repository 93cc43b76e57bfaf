//! One change of many rows, and what goes with each of them: one statement a row on SQLite, one for all on PostgreSQL.

use diesel::result::Error;
use diesel::sql_types::Text;
use diesel::{QueryResult, QueryableByName, RunQueryDsl, SqliteConnection};

use super::connection::AnyConnection;
use super::sql::{IntoValue, Kept, Sql, Value};

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
    Update {
        set: &'static str,
        condition: &'static str,
    },
    /// Where there is a place `with`, only for rows that have a value there.
    Insert {
        into: &'static str,
        values: &'static str,
        with: Option<usize>,
        on_conflict: &'static str,
    },
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

    /// Runs `INSERT INTO into` with these values as well for each row that was changed.
    pub(super) fn then_insert(mut self, into: &'static str, values: &'static str) -> Self {
        self.then.push(Then::Insert { into, values, with: None, on_conflict: "" });
        self
    }

    /// The same, but only for rows that have a value at place `with`, and with what is done if the key is taken.
    pub(super) fn then_insert_with(
        mut self,
        with: usize,
        into: &'static str,
        values: &'static str,
        on_conflict: &'static str,
    ) -> Self {
        self.then.push(Then::Insert { into, values, with: Some(with), on_conflict });
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
            AnyConnection::Sqlite(embedded) => self.run_one_by_one(embedded),
            AnyConnection::Postgres(_) => self.run_at_once(connection),
        }
    }

    fn run_one_by_one(self, embedded: &mut SqliteConnection) -> QueryResult<Vec<bool>> {
        let change = format!("UPDATE {} WHERE {}", self.set, self.condition);
        let change = OfARow::new(&change);
        let then: Vec<(Option<usize>, String)> = self.then.iter().map(Then::of_a_row).collect();
        let then: Vec<(Option<usize>, OfARow)> =
            then.iter().map(|(with, text)| (*with, OfARow::new(text))).collect();
        let run = |row: Vec<Value>| {
            let row: Vec<Value> = row.into_iter().map(Value::into_sqlite).collect();
            let is_changed = change.execute(&row, embedded)? == 1;
            for (with, then) in then.iter().filter(|_| is_changed) {
                if with.is_none_or(|place| row.get(place - 1).is_some_and(Value::is_some)) {
                    then.execute(&row, embedded)?;
                }
            }
            Ok(is_changed)
        };
        self.rows.into_iter().map(run).collect()
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
    fn of_a_row(&self) -> (Option<usize>, String) {
        match self {
            Self::Update { set, condition } => (None, format!("UPDATE {set} WHERE {condition}")),
            Self::Insert { into, values, with, on_conflict } => {
                (*with, format!("INSERT INTO {into} VALUES ({values}) {on_conflict}"))
            }
        }
    }

    fn of_changed_rows(&self) -> String {
        match self {
            Self::Update { set, condition } => {
                format!("UPDATE {} FROM changed WHERE {}", of_columns(set), of_columns(condition))
            }
            Self::Insert { into, values, with, on_conflict } => {
                let condition =
                    with.map_or("TRUE".to_owned(), |place| format!("changed.column{place} IS NOT NULL"));
                let values = of_columns(values);
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

/// A statement for one row at a time.
struct OfARow<'a> {
    pieces: Vec<&'a str>,
    /// Which of the row's values stands behind each piece but the last.
    places: Vec<usize>,
}

impl<'a> OfARow<'a> {
    fn new(text: &'a str) -> Self {
        let (mut pieces, mut places) = (Vec::new(), Vec::new());
        let mut parts = text.split('@');
        pieces.extend(parts.next());
        for part in parts {
            let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (number, rest) = part.split_at(digits);
            places.push(number.parse::<usize>().unwrap_or_default().wrapping_sub(1));
            pieces.push(rest);
        }
        Self { pieces, places }
    }

    fn execute(&self, row: &[Value], embedded: &mut SqliteConnection) -> QueryResult<usize> {
        // A place without a value would leave out what stands before it, perhaps a condition.
        let missing = || Error::QueryBuilderError("a place without a value".into());
        let values = self.places.iter().map(|place| row.get(*place)).collect::<Option<_>>();
        let values = values.ok_or_else(missing)?;
        Kept { pieces: &self.pieces, values }.execute(embedded)
    }
}
