//! CSV files: cells that no spreadsheet takes for a formula, and files that are sent while they are read, so that a large
//! one needs no more memory than a small one.

use actix_web::HttpResponse;
use actix_web::web::Bytes;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use tracing::error;

use super::WebError;
use super::session::SignedIn;
use crate::store::{Snapshot, StoreError};

/// Rows read at a time.
const AT_ONCE: usize = 1_000;

/// What a formula begins with, in full width too, which spreadsheets of East Asia read alike.
const FORMULAS: [char; 11] =
    ['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

/// A row of cells, quoted; what a spreadsheet would take for a formula gets an apostrophe before it.
pub(super) fn line(cells: &[impl AsRef<str>]) -> String {
    cells.iter().map(|text| cell(text.as_ref())).collect::<Vec<_>>().join(",") + "\r\n"
}

fn cell(text: &str) -> String {
    let guard = if text.starts_with(FORMULAS) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

/// What is taken out of a list: all of it, or what the query of its address filters.
pub(super) fn part_of(what: &str, query: &str) -> String {
    if query.is_empty() { format!("{what}.") } else { format!("{what}, filtered by {query}.") }
}

/// A file of rows that `page` reads: those after a key, at most so many, each with its key. What changes meanwhile may be in
/// it as it was or as it is, but no row is there twice. When the database refuses on the way, the file breaks off. That
/// somebody takes it out is recorded: `what` says it in a sentence.
pub(super) async fn streamed<Key: Copy + Send + 'static>(
    by: &SignedIn,
    what: String,
    name: &str,
    header: &str,
    page: impl Fn(&mut Snapshot<'_>, Option<Key>, usize) -> Result<Vec<(Key, String)>, StoreError>
    + Clone
    + Send
    + 'static,
) -> Result<HttpResponse, WebError> {
    by.state.actions.note_export(&by.user.principal(), what).await?;
    let reader = by.state.reader.clone();
    let rows = stream::try_unfold(Some(None), move |after: Option<Option<Key>>| {
        let (reader, page) = (reader.clone(), page.clone());
        async move {
            let Some(after) = after else { return Ok(None) };
            let rows = reader.read::<_, StoreError>(move |snapshot| page(snapshot, after, AT_ONCE)).await?;
            let next = rows.last().map(|(key, _)| Some(*key)).filter(|_| rows.len() == AT_ONCE);
            let lines: String = rows.into_iter().map(|(_, line)| line).collect();
            Ok::<_, WebError>((!lines.is_empty()).then(|| (Bytes::from(lines), next)))
        }
    });
    let header = Bytes::from(format!("{header}\r\n"));
    let header = stream::once(async move { Ok(header) });
    let told = |error: &WebError| error!(%error, "a file could not be sent to its end");
    Ok(HttpResponse::Ok()
        .insert_header(("Content-Type", "text/csv; charset=utf-8"))
        .insert_header(("Content-Disposition", format!("attachment; filename=\"{name}\"")))
        .streaming(header.chain(rows).inspect_err(told)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        assert_eq!(line(&["=1+1", "+1", "-1", "@a"]), "\"'=1+1\",\"'+1\",\"'-1\",\"'@a\"\r\n");
        assert_eq!(line(&["\tx", "\rx"]), "\"'\tx\",\"'\rx\"\r\n");
        assert_eq!(line(&["\u{ff1d}1", "\u{ff20}a"]), "\"'\u{ff1d}1\",\"'\u{ff20}a\"\r\n");
        assert_eq!(line(&["a,\"b\"\n", ""]), "\"a,\"\"b\"\"\n\",\"\"\r\n");
    }
}
