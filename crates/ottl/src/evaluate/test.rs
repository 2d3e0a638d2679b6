//! Conditions: which rows.
//!
//! Each is decided where its fields are: of resources once per resource. The
//! right side of `and` and `or` is **only evaluated for rows that the left side
//! leaves open**, as if each row were decided by itself.

use tracewell_model::RowSet;

use super::comparison::compared;
use super::{Decided, Failures, Scene, owners, projected, without};
use crate::context::Context;
use crate::plan::{Test, TestKind};

impl<'b> Scene<'b> {
    /// Those of the rows of `at` for which the test holds.
    pub(crate) fn decide(self, test: &'b Test, at: Context, rows: &RowSet) -> Decided {
        match test.at {
            Some(upper) if upper != at => {
                let owners = owners(self.batch, at, upper);
                let len = self.batch.level_len(upper.level());
                let decided = self.decide(test, upper, &projected(rows, &owners, len));
                decided.spread(&owners, rows)
            }
            _ => self.decide_here(test, at, rows),
        }
    }

    fn decide_here(self, test: &'b Test, at: Context, rows: &RowSet) -> Decided {
        let len = rows.table_len();
        match &test.kind {
            TestKind::Constant(true) => Decided {
                rows: rows.clone(),
                failures: Failures::none(len),
            },
            TestKind::Constant(false) => Decided {
                rows: RowSet::none(len),
                failures: Failures::none(len),
            },
            TestKind::Not(of) => {
                let decided = self.decide(of, at, rows);
                let failures = decided.failures;
                let rest = without(rows, &decided.rows);
                Decided {
                    rows: without(&rest, &failures.rows),
                    failures,
                }
            }
            TestKind::And(parts) => {
                let mut all = Decided {
                    rows: rows.clone(),
                    failures: Failures::none(len),
                };
                for part in parts {
                    if all.rows.is_empty() {
                        break;
                    }
                    let decided = self.decide(part, at, &all.rows);
                    all.rows = decided.rows;
                    all.failures.unite(decided.failures);
                }
                all
            }
            TestKind::Or(parts) => {
                let mut open = rows.clone();
                let mut any = Decided {
                    rows: RowSet::none(len),
                    failures: Failures::none(len),
                };
                for part in parts {
                    if open.is_empty() {
                        break;
                    }
                    let decided = self.decide(part, at, &open);
                    open = without(&open, &decided.rows);
                    open = without(&open, &decided.failures.rows);
                    any.rows.unite(&decided.rows);
                    any.failures.unite(decided.failures);
                }
                any
            }
            TestKind::Compare(op, left, right) => compared(self, *op, left, right, at, rows),
            TestKind::Is(value) => self.column(value, at, rows).truths(rows),
        }
    }
}
