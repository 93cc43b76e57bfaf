//! Letterheads and logos: written once, never changed.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Binary, Integer, Nullable, Text};

use super::columns::{parsed, parsed_option};
use super::sql::Sql;
use super::{Snapshot, StoreError, Tx};
use crate::domain::ids::{LetterheadId, LogoId, OrganisationId};
use crate::domain::letterhead::Letterhead;
use crate::domain::logo::Logo;
use crate::domain::organisation::{Organisation, Sender};

#[derive(QueryableByName)]
struct LogoRow {
    #[diesel(sql_type = Text)]
    picture: String,
    #[diesel(sql_type = Integer)]
    width: i32,
    #[diesel(sql_type = Integer)]
    height: i32,
    #[diesel(sql_type = Binary)]
    content: Vec<u8>,
}

#[derive(QueryableByName)]
struct LetterheadRow {
    #[diesel(sql_type = Text)]
    language: String,
    #[diesel(sql_type = Nullable<Text>)]
    colour: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    logo_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    footer: Option<String>,
}

impl Snapshot<'_> {
    /// A logo of any organisation; its id is known to who may see it.
    pub fn logo(&mut self, id: LogoId) -> Result<Logo, StoreError> {
        let row = Sql::new("SELECT picture, width, height, content FROM logo WHERE id = $1")
            .bind(id.to_string())
            .first::<LogoRow>(self.connection())?
            .ok_or(StoreError::Missing("logo"))?;
        Ok(Logo {
            id,
            picture: parsed("logo.picture", &row.picture)?,
            width: parsed("logo.width", &row.width.to_string())?,
            height: parsed("logo.height", &row.height.to_string())?,
            content: row.content,
        })
    }

    /// How a sender's mails look around their text.
    pub fn letterhead_of(&mut self, sender: &Sender) -> Result<Option<Letterhead>, StoreError> {
        sender.letterhead.map(|id| self.letterhead(id)).transpose()
    }

    /// A letterhead with its logo.
    pub fn letterhead(&mut self, id: LetterheadId) -> Result<Letterhead, StoreError> {
        let row = Sql::new("SELECT language, colour, logo_id, footer FROM letterhead WHERE id = $1")
            .bind(id.to_string())
            .first::<LetterheadRow>(self.connection())?
            .ok_or(StoreError::Missing("letterhead"))?;
        let logo: Option<LogoId> = parsed_option("letterhead.logo_id", row.logo_id.as_deref())?;
        Ok(Letterhead {
            id,
            language: parsed("letterhead.language", &row.language)?,
            colour: parsed_option("letterhead.colour", row.colour.as_deref())?,
            logo: logo.map(|id| self.logo(id)).transpose()?.map(Arc::new),
            footer: parsed_option("letterhead.footer", row.footer.as_deref())?,
        })
    }
}

impl Tx<'_> {
    /// Adds a logo.
    pub fn add_logo(
        &mut self,
        organisation: OrganisationId,
        logo: Logo,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        Sql::new(
            "INSERT INTO logo (id, organisation_id, picture, width, height, content, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(logo.id.to_string())
        .bind(organisation.to_string())
        .bind(logo.picture.as_str())
        .bind(i64::from(logo.width))
        .bind(i64::from(logo.height))
        .bind(Some(logo.content))
        .bind(now)
        .execute(self.connection())?;
        Ok(())
    }

    /// Adds what an organisation's mails look like from now on.
    pub fn add_letterhead(
        &mut self,
        id: LetterheadId,
        of: &Organisation,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        Sql::new(
            "INSERT INTO letterhead (id, organisation_id, language, colour, logo_id, footer, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(id.to_string())
        .bind(of.id.to_string())
        .bind(of.language.as_str())
        .bind(of.colour.map(|colour| colour.to_string()))
        .bind(of.logo.map(|logo| logo.to_string()))
        .bind(of.footer.as_ref().map(ToString::to_string))
        .bind(now)
        .execute(self.connection())?;
        Ok(())
    }
}
