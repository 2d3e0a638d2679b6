//! What an expression gives each row: a few values, and which row has which.

use std::borrow::Cow;

use tracewell_model::RowSet;
use tracewell_model::batch::columns::StrColumn;

use super::{Decided, Failures};
use crate::value::{Outcome, Value};

/// Values by row.
#[derive(Debug)]
pub(crate) struct Column<'b> {
    /// For each row which of the values; `None` where all rows have the first.
    codes: Option<Cow<'b, [u32]>>,
    values: Vec<Outcome<'b>>,
}

impl<'b> Column<'b> {
    /// The same for all.
    pub(crate) fn one(value: Outcome<'b>) -> Self {
        Self {
            codes: None,
            values: vec![value],
        }
    }

    /// One value for each row.
    pub(crate) fn each(values: impl Iterator<Item = Outcome<'b>>) -> Self {
        let values: Vec<_> = values.collect();
        Self {
            codes: Some((0..values.len() as u32).collect()),
            values,
        }
    }

    pub(crate) fn coded(codes: Cow<'b, [u32]>, values: Vec<Outcome<'b>>) -> Self {
        Self {
            codes: Some(codes),
            values,
        }
    }

    /// A column of text; its dictionary may say more than its rows.
    pub(crate) fn texts(column: &'b StrColumn) -> Self {
        if column.dict.len() > 2 * column.len() + 16 {
            let of = |row| Ok(Value::Text(Cow::Borrowed(column.get(row))));
            return Self::each((0..column.len()).map(of));
        }
        let values = column
            .dict
            .iter()
            .map(|text| Ok(Value::Text(Cow::Borrowed(text))));
        Self::coded(Cow::Borrowed(&column.codes), values.collect())
    }

    pub(crate) fn is_one(&self) -> bool {
        self.codes.is_none()
    }

    fn code(&self, row: usize) -> usize {
        self.codes.as_ref().map_or(0, |codes| codes[row] as usize)
    }

    /// The value of a row.
    pub(crate) fn of(&self, row: usize) -> &Outcome<'b> {
        &self.values[self.code(row)]
    }

    /// For rows of another table, by the row that each belongs to.
    pub(crate) fn spread(self, owners: &[u32]) -> Self {
        let Some(codes) = self.codes else {
            return self;
        };
        let codes = owners.iter().map(|owner| codes[*owner as usize]);
        Self {
            codes: Some(codes.collect()),
            values: self.values,
        }
    }

    /// What `of` makes of the values of these rows, called once for each distinct one.
    pub(crate) fn map<'n>(
        &self,
        rows: &RowSet,
        mut of: impl FnMut(&Value<'b>) -> Outcome<'n>,
    ) -> Column<'n> {
        combined(std::slice::from_ref(self), rows, |values| of(values[0]))
    }

    /// The rows whose value is true.
    pub(crate) fn truths(&self, rows: &RowSet) -> Decided {
        let mut holds = RowSet::none(rows.table_len());
        let mut failures = Failures::none(rows.table_len());
        for row in rows.iter() {
            match self.of(row) {
                Ok(Value::Bool(true)) => holds.insert(row),
                Ok(Value::Bool(false)) => {}
                Ok(other) => {
                    let message = format!("expected true or false, found {}", other.type_name());
                    failures.add(row, &message.into());
                }
                Err(fault) => failures.add(row, fault),
            }
        }
        Decided {
            rows: holds,
            failures,
        }
    }
}

/// What `of` makes of the values of several columns: called once where all are
/// the same for all rows, once per distinct value where only one is not, else
/// once per row.
pub(crate) fn combined<'b, 'n>(
    columns: &[Column<'b>],
    rows: &RowSet,
    mut of: impl FnMut(&[&Value<'b>]) -> Outcome<'n>,
) -> Column<'n> {
    let mut at = |row: usize| {
        let values = columns.iter().map(|column| column.of(row).as_ref());
        match values.collect::<Result<Vec<&Value<'b>>, _>>() {
            Ok(values) => of(&values),
            Err(fault) => Err(fault.clone()),
        }
    };
    let mut varying = columns.iter().filter(|column| !column.is_one());
    match (varying.next(), varying.next()) {
        (None, _) => Column::one(at(0)),
        (Some(column), None) => {
            let mut values: Vec<Option<Outcome<'n>>> = Vec::new();
            values.resize_with(column.values.len(), || None);
            for row in rows.iter() {
                values[column.code(row)].get_or_insert_with(|| at(row));
            }
            let values = values
                .into_iter()
                .map(|value| value.unwrap_or(Ok(Value::Nil)));
            Column {
                codes: column
                    .codes
                    .as_ref()
                    .map(|codes| Cow::Owned(codes.to_vec())),
                values: values.collect(),
            }
        }
        _ => {
            let mut codes = vec![0; rows.table_len()];
            let mut values = Vec::with_capacity(rows.count());
            for row in rows.iter() {
                codes[row] = values.len() as u32;
                values.push(at(row));
            }
            Column::coded(Cow::Owned(codes), values)
        }
    }
}

/// The same for each row, whatever the columns share.
pub(crate) fn by_row<'b, 'n>(
    columns: &[Column<'b>],
    rows: &RowSet,
    mut of: impl FnMut(&[&Value<'b>]) -> Outcome<'n>,
) -> Column<'n> {
    let (mut codes, mut made) = (vec![0; rows.table_len()], Vec::with_capacity(rows.count()));
    for row in rows.iter() {
        let values = columns.iter().map(|column| column.of(row).as_ref());
        codes[row] = made.len() as u32;
        made.push(match values.collect::<Result<Vec<&Value<'b>>, _>>() {
            Ok(values) => of(&values),
            Err(fault) => Err(fault.clone()),
        });
    }
    Column::coded(Cow::Owned(codes), made)
}
