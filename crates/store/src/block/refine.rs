//! Which row groups can hold a match: services and operations first, then
//! tokens, then dictionaries. Rules out, and never decides for a span.

use tracewell_model::batch::columns::ValueType;
use tracewell_model::batch::view::ValueRef;
use tracewell_model::filter::{CompareOp, Condition, Field, Literal, Place};
use tracewell_model::{Level, SpanFilter, TimeRange};

use super::catalogue::SERVICE_KEY;
use super::index::tokens::TokenMaker;
use super::index::{KeyEntry, group_bit};
use super::prune::{self, Fate};
use super::read::Reader;
use super::schema::Fixed;
use super::{Block, BlockError};

/// The filter of a scan as it reads for this block.
#[derive(Debug)]
pub(super) struct Refined {
    filter: SpanFilter,
    /// For each test of the filter, in its order, the row groups where it may
    /// hold; `None` when nothing is known.
    tests: Vec<Option<Vec<bool>>>,
    /// Row groups with a service and operation that may match, as bits.
    groups: u64,
}

impl Refined {
    /// `None` when the block can hold no match.
    pub(super) fn new(block: &Block, filter: &SpanFilter) -> Result<Option<Self>, BlockError> {
        let index = &block.index;
        let by_keys =
            &mut |field: &Field, condition: &Condition| Ok(prune::by_keys(field, condition, index));
        let filter = prune::specialise(filter, by_keys)?;
        let groups = match &filter {
            SpanFilter::None => 0,
            SpanFilter::All => u64::MAX,
            filter => prune::possible_groups(filter, index, block.looks()),
        };
        if groups == 0 {
            return Ok(None);
        }
        let mut tests = Vec::new();
        let mut cancelled = None;
        filter.for_each_test(
            &mut |field, condition| match groups_of(block, field, condition) {
                Ok(known) => tests.push(known),
                // A damaged token filter rules out nothing.
                Err(error) => {
                    cancelled = cancelled.take().or(block.do_without(error).err());
                    tests.push(None);
                }
            },
        );
        match cancelled {
            Some(error) => Err(error),
            None => Ok(Some(Self {
                filter,
                tests,
                groups,
            })),
        }
    }

    /// The filter for a row group, as far as the index file tells;
    /// [`SpanFilter::None`] when nothing of it needs to be read.
    pub(super) fn of_group(
        &self,
        block: &Block,
        group: usize,
        range: TimeRange,
    ) -> Result<SpanFilter, BlockError> {
        let bounds = &block.index.core.row_groups[group];
        if !bounds.reaches(range) || self.groups & group_bit(group) == 0 {
            return Ok(SpanFilter::None);
        }
        let mut tests = self.tests.iter();
        prune::specialise(&self.filter, &mut |_, _| {
            let known = tests.next().and_then(Option::as_ref);
            let is_never = known.is_some_and(|groups| !groups[group]);
            Ok(if is_never { Fate::Never } else { Fate::Open })
        })
    }
}

/// The filter for a row group after a look at the dictionaries of the columns
/// it compares with a text.
pub(super) fn by_dictionaries(
    reader: &Reader<'_>,
    block: &Block,
    group: usize,
    filter: &SpanFilter,
) -> Result<SpanFilter, BlockError> {
    prune::specialise(filter, &mut |field, condition| {
        let Field::Attribute(place, keys) = field else {
            return Ok(Fate::Open);
        };
        let looks_for_text = matches!(
            condition,
            Condition::Compare(CompareOp::Equal, Literal::Str(_)) | Condition::Matches(_)
        );
        if !looks_for_text {
            return Ok(Fate::Open);
        }
        if any_unlisted(block, *place, keys) {
            return Ok(Fate::Open);
        }
        for entry in entries_of(block, *place, keys) {
            match may_stand_in_dictionary(reader, group, entry, condition) {
                Ok(false) => {}
                Ok(true) => return Ok(Fate::Open),
                // Whether spans are lost shows when they are read.
                Err(error) => {
                    block.do_without(error)?;
                    return Ok(Fate::Open);
                }
            }
        }
        Ok(Fate::Never)
    })
}

/// May a text of this key for which `condition` holds be in the row group?
fn may_stand_in_dictionary(
    reader: &Reader<'_>,
    group: usize,
    entry: &KeyEntry,
    condition: &Condition,
) -> Result<bool, BlockError> {
    match entry.key.value_type {
        ValueType::Str => {}
        // An array may hold the text.
        ValueType::Other => return Ok(true),
        _ => return Ok(false),
    }
    let column = match (entry.column, entry.key.level) {
        (Some(column), Level::Span) if entry.elsewhere == 0 => column,
        _ => return Ok(true),
    };
    let Some(dictionary) = reader.dictionary(group, column)? else {
        return Ok(true);
    };
    Ok(dictionary.byte_arrays().any(|text| {
        std::str::from_utf8(text).is_ok_and(|text| condition.holds(ValueRef::Str(text)))
    }))
}

fn entries_of<'a>(
    block: &'a Block,
    place: Place,
    keys: &'a [Box<str>],
) -> impl Iterator<Item = &'a KeyEntry> {
    let levels = place.levels().iter();
    let entries = levels.flat_map(move |level| {
        let of_level = keys.iter();
        of_level.flat_map(move |key| block.index.entries(*level, key))
    });
    entries.filter(|entry| entry.count > 0)
}

/// May any of the keys occur without being listed?
fn any_unlisted(block: &Block, place: Place, keys: &[Box<str>]) -> bool {
    let mut levels = place.levels().iter();
    levels.any(|level| {
        let mut keys = keys.iter();
        keys.any(|key| block.index.may_be_unlisted(*level, key))
    })
}

/// The row groups where a test for one value may hold; `None` when any may.
fn groups_of(
    block: &Block,
    field: &Field,
    condition: &Condition,
) -> Result<Option<Vec<bool>>, BlockError> {
    let (Field::Attribute(place, keys), Condition::Compare(CompareOp::Equal, literal)) =
        (field, condition)
    else {
        return Ok(None);
    };
    if any_unlisted(block, *place, keys) {
        return Ok(None);
    }
    let mut groups = vec![false; block.index.core.row_groups.len()];
    for entry in entries_of(block, *place, keys) {
        let is_service_column = entry.key.level == Level::Resource
            && entry.key.key == SERVICE_KEY
            && block.index.core.services_exact;
        let maker = TokenMaker::new(entry.key.level, &entry.key.key);
        let token = match (entry.key.value_type, literal) {
            // Services are known row group by row group already.
            _ if is_service_column => return Ok(None),
            (ValueType::Str, Literal::Str(text)) => maker.text(text),
            (ValueType::Int, Literal::Int(value)) => maker.int(*value),
            // An array may hold the value; other numbers compare across types.
            (ValueType::Other, _)
            | (ValueType::Double, Literal::Int(_) | Literal::Double(_))
            | (ValueType::Int, Literal::Double(_))
            | (ValueType::Bool, Literal::Bool(_)) => return Ok(None),
            _ => continue,
        };
        if block.index.block_has_token(token)? {
            return Ok(None);
        }
        for (group, may_hold) in groups.iter_mut().enumerate() {
            *may_hold = *may_hold || block.index.group_has_token(group, token)?;
        }
    }
    Ok(Some(groups))
}

/// Does reading this column cost more than one with plain values?
pub(super) fn is_costly(column: usize) -> bool {
    matches!(
        Fixed::ALL.get(column),
        Some(Fixed::Attributes | Fixed::Events | Fixed::Links | Fixed::Resource | Fixed::Scope)
    )
}
