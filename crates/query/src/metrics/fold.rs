//! Spans into series: what is kept of them is a few numbers for each series and
//! moment.
//!
//! Folds of parts of the spans are merged afterwards, in any order, so that several
//! threads may fold. **A fold never outgrows its memory**: a series for which there
//! is none is refused, and the answer says so.

use super::answer::{Asked, Exemplar};
use super::exemplars::{Exemplars, Found};
use super::groups::{Groups, NONE};
use super::plan::{Function, SeriesOf, Statistic};
use super::steps::Steps;
use std::borrow::Cow;
use tracewell_model::filter::TraceFacts;
use tracewell_model::store::Weight;
use tracewell_model::trace_state::adjusted_count::AdjustedCounts;
use tracewell_model::values::{CodedValues, Value, coded_values, field_numbers};
use tracewell_model::{Reservation, RowSet, SpanBatch, log2};

/// Bytes that one fold may take, whatever the store would grant.
pub(super) const MAX_BYTES: usize = 256 << 20;

/// Bytes of a series beside its cells and its key, which is kept twice.
const SERIES_BYTES: usize = 160;

/// What spans are folded into.
pub(super) trait Folding: Send {
    /// Counts these rows.
    fn add(&mut self, batch: &SpanBatch, rows: &RowSet, of: Rows<'_>);

    /// Takes over what another has folded of the same query.
    fn merge(&mut self, other: Self);
}

/// What rows are.
#[derive(Clone, Copy)]
pub(super) enum Rows<'a> {
    Spans,
    /// Spans of a batch that is a whole trace.
    OfTrace(&'a TraceFacts),
    /// Sums of spans, and examples with ids.
    Sums(&'a [Weight]),
}

impl Rows<'_> {
    /// What is known of the whole trace.
    pub(super) fn facts(&self) -> Option<&TraceFacts> {
        match self {
            Self::OfTrace(facts) => Some(facts),
            Self::Spans | Self::Sums(_) => None,
        }
    }
}

/// For how many each row counts.
enum Weights<'a> {
    Ones,
    OfSpans(AdjustedCounts<'a>),
    OfSums(&'a [Weight]),
}

impl Weights<'_> {
    fn get(&self, row: usize) -> f64 {
        match self {
            Self::Ones => 1.0,
            Self::OfSpans(counts) => counts.get(row),
            Self::OfSums(weights) => weights[row].adjusted,
        }
    }
}

/// What was folded so far.
pub(super) struct Fold<'q> {
    of: &'q SeriesOf,
    steps: Steps,
    groups: Groups,
    cells: Cells,
    exemplars: Exemplars,
    memory: Reservation,
    most_bytes: usize,
    is_refused: bool,
}

/// The numbers of series: one after another, each by moment.
enum Cells {
    Counts(Vec<f64>),
    Least(Vec<f64>),
    Greatest(Vec<f64>),
    /// With how many there were.
    Sums(Vec<[f64; 2]>),
}

/// Rows that count, with what of them does.
struct Counted {
    rows: Vec<u32>,
    places: Vec<u32>,
}

/// The values of a series, and its number at each moment.
pub(super) struct Folded {
    pub(super) values: Vec<Option<Value<'static>>>,
    pub(super) numbers: Vec<f64>,
    /// With the place of each.
    pub(super) exemplars: Vec<(usize, Exemplar)>,
}

impl<'q> Fold<'q> {
    pub(super) fn new(of: &'q SeriesOf, asked: &Asked, memory: Reservation) -> Self {
        let cells = match &of.function {
            Function::Rate
            | Function::Count
            | Function::Compare(_)
            | Function::Histogram(_)
            | Function::Quantiles(..) => Cells::Counts(Vec::new()),
            Function::OfValues(statistic, _) => match statistic {
                Statistic::Min => Cells::Least(Vec::new()),
                Statistic::Max => Cells::Greatest(Vec::new()),
                Statistic::Mean | Statistic::Sum => Cells::Sums(Vec::new()),
            },
        };
        Self {
            of,
            steps: asked.steps,
            groups: Groups::default(),
            cells,
            exemplars: Exemplars::new(asked.exemplars, asked.steps.count()),
            memory,
            most_bytes: MAX_BYTES,
            is_refused: false,
        }
    }

    /// Were there more series than fit?
    pub(super) fn is_refused(&self) -> bool {
        self.is_refused
    }

    /// The rows that start in the range and have a number where one is wanted.
    fn counted(&self, batch: &SpanBatch, rows: &RowSet, numbers: Option<&[f64]>) -> Counted {
        let starts_ns = &batch.spans().start_ns;
        let most = rows.count();
        let mut counted = Counted {
            rows: Vec::with_capacity(most),
            places: Vec::with_capacity(most),
        };
        for row in rows.iter() {
            if numbers.is_some_and(|numbers| numbers[row].is_nan()) {
                continue;
            }
            if let Some(place) = self.steps.place(starts_ns[row]) {
                counted.rows.push(row as u32);
                counted.places.push(place as u32);
            }
        }
        counted
    }

    /// The series of each of these rows.
    fn series(&mut self, columns: &[CodedValues<'_>], rows: &[u32]) -> Vec<u32> {
        let mut room = Room {
            each_bytes: self.cells.series_bytes(self.steps.count()) + self.exemplars.series_bytes(),
            most_bytes: self.most_bytes,
            memory: &mut self.memory,
            is_refused: &mut self.is_refused,
        };
        let series = self
            .groups
            .numbers(columns, rows, &mut |key_bytes| room.take(key_bytes));
        self.cells.grow(self.groups.len() * self.steps.count());
        self.exemplars.grow(self.groups.len());
        series
    }

    /// The numbers of all series.
    pub(super) fn finish(self) -> Vec<Folded> {
        let (count, unit) = (self.steps.count(), self.of.function.unit());
        let seconds = self.steps.seconds();
        let function = &self.of.function;
        let numbers = move |cells: &Cells, place: usize| match cells {
            Cells::Counts(counts) => match function {
                Function::Rate => counts[place] / seconds,
                _ => counts[place],
            },
            Cells::Least(numbers) | Cells::Greatest(numbers) => numbers[place] * unit,
            Cells::Sums(sums) => match (sums[place], function) {
                ([_, 0.0], _) => f64::NAN,
                ([sum, count], Function::OfValues(Statistic::Mean, _)) => sum / count * unit,
                ([sum, _], _) => sum * unit,
            },
        };
        let (cells, exemplars) = (&self.cells, &self.exemplars);
        let measures = function.field().is_some();
        let all = self.groups.into_values().into_iter().enumerate();
        let folded = all.map(|(series, values)| {
            let places = series * count..(series + 1) * count;
            let numbers: Vec<f64> = places.map(|place| numbers(cells, place)).collect();
            let exemplar = |found: &Found| {
                let place = found.place();
                let counted = numbers[place];
                let value = if measures {
                    found.number() * unit
                } else {
                    counted
                };
                (place, found.exemplar(value))
            };
            Folded {
                exemplars: exemplars.of(series).map(exemplar).collect(),
                values,
                numbers,
            }
        });
        folded.collect()
    }
}

impl Folding for Fold<'_> {
    fn add(&mut self, batch: &SpanBatch, rows: &RowSet, of: Rows<'_>) {
        let facts = of.facts();
        let field = self.of.function.field();
        let numbers = field.map(|field| field_numbers(batch, field, facts));
        let counted = self.counted(batch, rows, numbers.as_deref());
        if counted.rows.is_empty() {
            return;
        }
        let by = self.of.by.iter();
        let mut columns: Vec<CodedValues<'_>> = by
            .map(|(_, field)| coded_values(batch, field, facts))
            .collect();
        if let Function::Histogram(_) | Function::Quantiles(..) = self.of.function {
            columns.push(buckets(numbers.as_deref().unwrap_or_default()));
        }
        let series = self.series(&columns, &counted.rows);
        let count = self.steps.count();
        let places = counted.rows.iter().zip(&counted.places);
        let of_series = || series.iter().zip(places.clone()).filter(|of| *of.0 != NONE);
        let number = |row: usize| numbers.as_ref().map_or(f64::NAN, |numbers| numbers[row]);
        if self.exemplars.are_wanted() {
            let is_example = |row: u32| match of {
                Rows::Sums(weights) => weights[row as usize].spans == 0,
                Rows::Spans | Rows::OfTrace(_) => true,
            };
            for (series, (row, place)) in of_series().filter(|of| is_example(*of.1.0)) {
                let found = Found::new(batch, *row as usize, *place, number(*row as usize));
                self.exemplars.offer(*series as usize, found);
            }
        }
        let cells = of_series().map(|(series, (row, place))| {
            (*series as usize * count + *place as usize, *row as usize)
        });
        let weights = match of {
            Rows::Sums(weights) => Weights::OfSums(weights),
            Rows::Spans | Rows::OfTrace(_) => match AdjustedCounts::of(batch) {
                counts if counts.are_ones() => Weights::Ones,
                counts => Weights::OfSpans(counts),
            },
        };
        match (&mut self.cells, &weights) {
            (Cells::Counts(counts), Weights::Ones) => {
                cells.for_each(|(cell, _)| counts[cell] += 1.0);
            }
            (Cells::Counts(counts), weights) => {
                cells.for_each(|(cell, row)| counts[cell] += weights.get(row));
            }
            (Cells::Least(least), _) => {
                cells.for_each(|(cell, row)| least[cell] = least[cell].min(number(row)));
            }
            (Cells::Greatest(greatest), _) => {
                cells.for_each(|(cell, row)| greatest[cell] = greatest[cell].max(number(row)));
            }
            (Cells::Sums(sums), weights) => cells.for_each(|(cell, row)| {
                let ([sum, count], weight) = (&mut sums[cell], weights.get(row));
                *sum += number(row) * weight;
                *count += weight;
            }),
        }
    }

    fn merge(&mut self, other: Self) {
        self.is_refused |= other.is_refused;
        let count = self.steps.count();
        for (number, values) in other.groups.into_values().iter().enumerate() {
            let mut room = Room {
                each_bytes: self.cells.series_bytes(count) + self.exemplars.series_bytes(),
                most_bytes: self.most_bytes,
                memory: &mut self.memory,
                is_refused: &mut self.is_refused,
            };
            let values = values.iter().map(Option::as_ref);
            let mine = self
                .groups
                .number(values, &mut |key_bytes| room.take(key_bytes));
            if mine != NONE {
                self.cells.grow(self.groups.len() * count);
                let theirs = number * count..(number + 1) * count;
                self.cells.add(mine as usize * count, &other.cells, theirs);
                self.exemplars.grow(self.groups.len());
                let theirs = other.exemplars.of(number);
                theirs.for_each(|found| self.exemplars.offer(mine as usize, *found));
            }
        }
    }
}

/// The bucket of each number, as a column to group by.
fn buckets(numbers: &[f64]) -> CodedValues<'static> {
    let mut known = vec![NONE; log2::COUNT];
    let mut values = Vec::new();
    let code = |number: &f64| {
        // Spans without a number do not count; any will do.
        let bucket = log2::bucket(if number.is_nan() { 0.0 } else { *number });
        let code = &mut known[log2::place(bucket)];
        if *code == NONE {
            *code = values.len() as u32;
            values.push(Some(Value::Int(bucket.into())));
        }
        *code
    };
    CodedValues {
        codes: Cow::Owned(numbers.iter().map(code).collect()),
        values,
    }
}

/// Memory for one more series.
struct Room<'f> {
    each_bytes: usize,
    most_bytes: usize,
    memory: &'f mut Reservation,
    is_refused: &'f mut bool,
}

impl Room<'_> {
    fn take(&mut self, key_bytes: usize) -> bool {
        let bytes = self.each_bytes + SERIES_BYTES + 2 * key_bytes;
        let fits =
            self.memory.bytes() + bytes <= self.most_bytes && self.memory.grow(bytes).is_ok();
        *self.is_refused |= !fits;
        fits
    }
}

impl Cells {
    fn series_bytes(&self, count: usize) -> usize {
        match self {
            Self::Counts(_) | Self::Least(_) | Self::Greatest(_) => count * 8,
            Self::Sums(_) => count * 16,
        }
    }

    fn grow(&mut self, len: usize) {
        match self {
            Self::Counts(counts) => counts.resize(len, 0.0),
            Self::Least(numbers) | Self::Greatest(numbers) => numbers.resize(len, f64::NAN),
            Self::Sums(sums) => sums.resize(len, [0.0; 2]),
        }
    }

    /// Adds a series of another, from a place on.
    fn add(&mut self, from: usize, other: &Self, theirs: std::ops::Range<usize>) {
        match (self, other) {
            (Self::Counts(mine), Self::Counts(other)) => {
                let both = mine[from..].iter_mut().zip(&other[theirs]);
                both.for_each(|(mine, theirs)| *mine += theirs);
            }
            (Self::Least(mine), Self::Least(other)) => {
                let both = mine[from..].iter_mut().zip(&other[theirs]);
                both.for_each(|(mine, theirs)| *mine = mine.min(*theirs));
            }
            (Self::Greatest(mine), Self::Greatest(other)) => {
                let both = mine[from..].iter_mut().zip(&other[theirs]);
                both.for_each(|(mine, theirs)| *mine = mine.max(*theirs));
            }
            (Self::Sums(mine), Self::Sums(other)) => {
                let both = mine[from..].iter_mut().zip(&other[theirs]);
                both.for_each(|([sum, count], [more, of])| {
                    *sum += more;
                    *count += of;
                });
            }
            _ => debug_assert!(false, "folds of one query have the same cells"),
        }
    }
}
