//! Keeping a copy from sending: the installation's mark is written once, raised at each start, and written anew when a
//! person confirms that a copy takes the place of the original (design: "Clones").

use super::{ActionError, Actions};
use crate::domain::instance::{Copied, Mark, Verdict};
use crate::store::{MarkKeeper, StoreError, Tx};

impl Actions {
    /// Gives an installation that has none its mark; any other is left as it is.
    ///
    /// # Errors
    /// When the database refuses or the file beside it cannot be written.
    pub async fn mark_new(&self) -> Result<(), ActionError> {
        let is_new = matches!(self.look().await?, Some(Verdict::New(_)));
        if is_new {
            self.in_turn(|actions, tx, keeper| actions.judge(tx, keeper)).await?;
        }
        Ok(())
    }

    /// Counts a start of a process that serves or sends. A copy is not counted: it pauses all sending until somebody
    /// resumes it, and this says why.
    ///
    /// # Errors
    /// As [`Actions::mark_new`]; nothing may be sent then.
    pub async fn begin(&self) -> Result<Option<Copied>, ActionError> {
        let begun = self.in_turn(|actions, tx, keeper| match actions.judge(tx, keeper)? {
            Ok(mark) => {
                let raised = Mark { starts: mark.starts + 1, ..mark };
                tx.set_mark(&raised)?;
                Ok(Ok(raised))
            }
            Err(copied) => {
                let reason = copied.sentence();
                if tx.pause_copy(&reason, actions.clock().now())? {
                    actions.record_everywhere(tx, None, "sending.paused", &reason)?;
                }
                Ok(Err(copied))
            }
        });
        match (begun.await?, &self.0.keeper) {
            // After the database: a process that ends in between leaves the file behind it, which is no sign of a copy.
            (Some(Ok(raised)), Some(keeper)) => {
                keeper.keep(&raised).map(|()| None).map_err(ActionError::from)
            }
            (Some(Err(copied)), _) => Ok(Some(copied)),
            (Some(Ok(_)) | None, _) => Ok(None),
        }
    }

    /// Why this installation looks like a copy, if it does.
    ///
    /// # Errors
    /// When the database or the file beside it cannot be read.
    pub async fn copied(&self) -> Result<Option<Copied>, ActionError> {
        Ok(match self.look().await? {
            Some(Verdict::Copy(copied)) => Some(copied),
            Some(Verdict::Same(_) | Verdict::New(_)) | None => None,
        })
    }

    /// Writes the mark of a copy anew, so that it is an original from now on; says whether it was one.
    pub(super) fn confirm(&self, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
        let Some(keeper) = &self.0.keeper else { return Ok(false) };
        tx.lock_installation()?;
        let seen = keeper.seen(tx)?;
        let is_copy = matches!(seen.verdict(), Verdict::Copy(_));
        if is_copy {
            self.write_both(
                tx,
                keeper,
                Mark { id: self.0.ids.next(), starts: seen.starts, place: seen.place },
            )?;
        }
        Ok(is_copy)
    }

    async fn look(&self) -> Result<Option<Verdict>, StoreError> {
        let Some(keeper) = self.0.keeper.clone() else { return Ok(None) };
        self.0.store.read(move |snapshot| Ok(Some(keeper.seen(snapshot)?.verdict()))).await
    }

    /// Runs one step with the mark while no other process runs one; `None` where there is no mark.
    async fn in_turn<T: Send + 'static>(
        &self,
        step: impl FnOnce(&Self, &mut Tx<'_>, &MarkKeeper) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<Option<T>, StoreError> {
        let Some(keeper) = self.0.keeper.clone() else { return Ok(None) };
        let actions = self.clone();
        let locked = move |tx: &mut Tx<'_>| {
            tx.lock_installation()?;
            step(&actions, tx, &keeper).map(Some)
        };
        self.0.store.write(locked).await
    }

    /// The mark of the original, made now if there was none; or why this is a copy.
    fn judge(&self, tx: &mut Tx<'_>, keeper: &MarkKeeper) -> Result<Result<Mark, Copied>, StoreError> {
        let seen = keeper.seen(tx)?;
        match seen.verdict() {
            Verdict::Same(mark) => Ok(Ok(mark)),
            Verdict::Copy(copied) => Ok(Err(copied)),
            Verdict::New(begun) => {
                let id = begun.unwrap_or_else(|| self.0.ids.next());
                self.write_both(tx, keeper, Mark { id, starts: 0, place: seen.place }).map(Ok)
            }
        }
    }

    /// Writes both halves of a new mark. The file comes first and within the transaction: an end in between leaves a
    /// database without a mark, or a copy that is still paused. It is a hundred bytes, once in a long while.
    fn write_both(&self, tx: &mut Tx<'_>, keeper: &MarkKeeper, mark: Mark) -> Result<Mark, StoreError> {
        keeper.keep(&mark)?;
        tx.set_mark(&mark)?;
        Ok(mark)
    }
}
