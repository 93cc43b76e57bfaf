//! What programs say instead of the text of the stage.

use std::collections::HashMap;

use diesel::QueryableByName;
use diesel::sql_types::{Nullable, Text};

use super::candidates::id_list;
use super::columns::parsed;
use super::sql::Sql;
use super::{Snapshot, StoreError, Tx};
use crate::domain::ids::ReminderId;
use crate::domain::own_words::OwnWords;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    mail_id: String,
    #[diesel(sql_type = Nullable<Text>)]
    subject: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    message: Option<String>,
}

impl Snapshot<'_> {
    /// The own words of those of some mails that have any.
    pub fn own_words(&mut self, mails: &[ReminderId]) -> Result<HashMap<ReminderId, OwnWords>, StoreError> {
        let chosen = self.connection().listed("$1");
        Sql::new(&format!("SELECT mail_id, subject, message FROM own_words WHERE mail_id IN ({chosen})"))
            .bind(id_list(mails))
            .kept_for(1)
            .load::<Row>(self.connection())?
            .into_iter()
            .map(|row| {
                let words = OwnWords::read(row.subject.as_deref(), row.message.as_deref());
                let words = words.map_err(|error| StoreError::Unreadable {
                    column: "own_words.subject",
                    why: error.to_string(),
                })?;
                Ok((parsed("own_words.mail_id", &row.mail_id)?, words))
            })
            .collect()
    }
}

impl Tx<'_> {
    /// Keeps the own words of a mail, if there are any.
    pub fn keep_own_words(&mut self, mail: ReminderId, words: &OwnWords) -> Result<(), StoreError> {
        if words.is_empty() {
            return Ok(());
        }
        Sql::new("INSERT INTO own_words (mail_id, subject, message) VALUES ($1, $2, $3)")
            .bind(mail.to_string())
            .bind(words.subject.as_ref().map(ToString::to_string))
            .bind(words.message.as_ref().map(|message| message.as_str().to_owned()))
            .execute(self.connection())?;
        Ok(())
    }
}
