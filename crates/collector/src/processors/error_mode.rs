//! What becomes of a batch when a condition or a statement fails on one of its rows.

use tracewell_model::{RowSet, SpanBatch, StoreError};
use tracewell_ottl::{Cache, Condition};

use super::account::ProcessorAccount;
use crate::written::fields::Fields;

/// As `error_mode` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorMode {
    /// The row stays as it was; the first failure is logged.
    Ignore,
    /// The row stays as it was.
    Silent,
    /// The batch is refused, and its sender told why.
    Propagate,
}

impl ErrorMode {
    /// Reads `error_mode`, or takes over that of the section around.
    pub(crate) fn read(fields: &Fields<'_>, default: Self) -> Self {
        fields.value("error_mode", default, |text| match text {
            "ignore" => Ok(Self::Ignore),
            "silent" => Ok(Self::Silent),
            "propagate" => Ok(Self::Propagate),
            _ => Err(format!("{text:?} is not one of ignore, silent, propagate")),
        })
    }

    /// Counts rows on which `text` failed, and decides whether the batch goes on.
    pub(crate) fn heed(
        self,
        account: &ProcessorAccount,
        text: &str,
        failed: &RowSet,
        first_error: Option<&str>,
    ) -> Result<(), StoreError> {
        let Some(why) = first_error else {
            return Ok(());
        };
        let is_first = account.failed(failed.count() as u64);
        match self {
            Self::Silent => Ok(()),
            Self::Ignore => {
                if is_first {
                    tracing::warn!(
                        "{}: {text}: {why}; such rows are left as they are",
                        account.name()
                    );
                }
                Ok(())
            }
            Self::Propagate => Err(StoreError::Refused(format!(
                "{}: {text}: {why}",
                account.name()
            ))),
        }
    }
}

/// Rows among `left` for which any of the conditions holds. A row that was found is not
/// asked again.
pub(super) fn any_holds<'c>(
    conditions: impl Iterator<Item = (&'c Condition, ErrorMode)>,
    batch: &SpanBatch,
    mut left: RowSet,
    account: &ProcessorAccount,
) -> Result<RowSet, StoreError> {
    let mut found = RowSet::none(left.table_len());
    for (condition, mode) in conditions {
        let judged = condition.holds_among(batch, &left, &Cache::default());
        let error = judged.first_error.as_deref();
        mode.heed(account, condition.text(), &judged.failed, error)?;
        judged.rows.iter().for_each(|row| left.remove(row));
        found.unite(&judged.rows);
    }
    Ok(found)
}
