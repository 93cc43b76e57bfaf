//! Pages of a list, in order of id.

use std::fmt::Display;
use std::str::FromStr;

use serde::Serialize;

use super::Problem;

/// Which page was asked for.
pub(super) struct Paging<I> {
    /// The last item of the page before it.
    pub(super) after: Option<I>,
    limit: usize,
}

impl<I: FromStr> Paging<I> {
    /// Reads `limit` and `cursor` of an address; an empty cursor is none.
    pub(super) fn read(limit: Option<&str>, cursor: Option<&str>) -> Result<Self, Problem> {
        let limit =
            limit.map_or(Some(50), |text| text.parse().ok()).filter(|limit| (1..=100).contains(limit));
        let limit = limit.ok_or_else(|| Problem::malformed("limit is a number from 1 to 100."))?;
        let not_ours = |_| Problem::malformed("cursor is not one of this API\u{2019}s.");
        let after = cursor.filter(|text| !text.is_empty()).map(|text| text.parse().map_err(not_ours));
        Ok(Self { after: after.transpose()?, limit })
    }

    /// How many items to read: one more than the page holds tells whether there is another page.
    pub(super) fn reach(&self) -> usize {
        self.limit + 1
    }

    /// The page of what was read.
    pub(super) fn page<T, B>(&self, mut items: Vec<T>, id: fn(&T) -> I, body: impl Fn(T) -> B) -> Page<B>
    where
        I: Display,
    {
        let has_more = items.len() > self.limit;
        items.truncate(self.limit);
        let next_cursor = items.last().filter(|_| has_more).map(|item| id(item).to_string());
        Page { data: items.into_iter().map(body).collect(), next_cursor, has_more }
    }
}

/// A page.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page<B> {
    data: Vec<B>,
    next_cursor: Option<String>,
    has_more: bool,
}
