//! The form letters in use: each is made once and then filled for every mail that its text makes the same way.

use std::collections::HashMap;
use std::sync::Arc;

use super::fields::{Facts, MergeField};
use super::form_letter::FormLetter;
use super::{MailTooLong, Template, filled, one_line, with_places};
use crate::domain::ids::{FormLetterId, LetterheadId};
use crate::domain::letterhead::Letterhead;
use crate::domain::mail_message::{KeptMail, RenderedMail};
use crate::domain::own_words::OwnWords;

/// Letters that are remembered; more than these are different branches of few texts.
const REMEMBERED: usize = 200;

/// Letters by the text that they were made from.
#[derive(Clone, Debug, Default)]
pub struct FormLetters {
    known: HashMap<Source, Arc<FormLetter>>,
    new: Vec<Arc<FormLetter>>,
}

/// What a letter is made of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Source {
    message: String,
    /// A program's own words, without Markdown or fields.
    is_plain: bool,
    has_button: bool,
    letterhead: Option<LetterheadId>,
}

impl Source {
    fn letter(&self, id: FormLetterId, letterhead: Option<&Letterhead>) -> FormLetter {
        match self.is_plain {
            true => FormLetter::plain(id, &self.message, self.has_button, letterhead),
            false => FormLetter::new(id, &self.message, self.has_button, letterhead),
        }
    }
}

/// A mail and its letter.
#[derive(Clone, Debug)]
pub struct Composed {
    /// What is kept of it.
    pub kept: KeptMail,
    letter: Arc<FormLetter>,
}

impl Composed {
    /// The whole mail.
    pub fn rendered(&self) -> RenderedMail {
        self.letter.rendered(self.kept.subject.clone(), &self.kept.filled)
    }
}

impl FormLetters {
    /// Letters that are not known to be kept; they are to be before a mail refers to them.
    pub fn unkept(&self) -> Vec<Arc<FormLetter>> {
        self.new.clone()
    }

    /// These are kept now.
    pub fn note_kept(&mut self, kept: &[Arc<FormLetter>]) {
        self.new.retain(|letter| kept.iter().all(|known| known.id != letter.id));
    }
}

impl Template {
    /// The mail for one invoice, by a letter that is known already or made now; own words stand in place of the text's.
    ///
    /// # Errors
    /// When a part of it would be longer than [`super::MAX_PART_BYTES`].
    pub fn compose(
        &self,
        facts: &Facts<'_>,
        words: &OwnWords,
        letters: &mut FormLetters,
        new_id: impl FnOnce() -> FormLetterId,
    ) -> Result<Composed, MailTooLong> {
        let (mut subject, mut message) = (String::new(), String::new());
        match &words.subject {
            Some(own) => subject.push_str(own.as_str()),
            None => filled(&self.subject, facts, &mut subject),
        }
        match &words.message {
            Some(own) => message.push_str(own.as_str()),
            None => with_places(&self.message, facts, &mut message),
        }
        let source = Source {
            message,
            is_plain: words.message.is_some(),
            has_button: !MergeField::InvoicePayUrl.value(facts).is_empty(),
            letterhead: facts.letterhead.map(|letterhead| letterhead.id),
        };
        let letter = match letters.known.get(&source) {
            Some(letter) => letter.clone(),
            None => {
                let letter = Arc::new(source.letter(new_id(), facts.letterhead));
                if letters.known.len() >= REMEMBERED {
                    letters.known.clear();
                }
                letters.new.push(letter.clone());
                letters.known.insert(source, letter.clone());
                letter
            }
        };
        let filled = letter.filled(facts)?;
        let kept = KeptMail { letter_id: letter.id, subject: one_line(&subject), filled };
        Ok(Composed { kept, letter })
    }
}
