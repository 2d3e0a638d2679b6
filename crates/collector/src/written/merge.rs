//! Several files as one tree, as the Collector merges them: from left to right and
//! key by key; lists and values are replaced.
//!
//! | written | becomes |
//! |---|---|
//! | a section in both files | one, in which the later file's keys replace the earlier's |
//! | a section without a value in the later file | the same without one: its defaults |
//! | `a::b: 1` | `a: {b: 1}` |
//!
//! A key that one file has twice stays there twice, **for whoever reads it to say
//! so**: only what stands in another file is replaced.

use super::yaml::{Entry, Location, Node, Spanned};

/// Between the names of sections within one key.
const SEPARATOR: &str = "::";

/// Makes the tree that was read of one file that of the file with this number, with
/// a section for each part of a key.
pub fn of_file(node: &mut Spanned<Node>, file: usize) {
    node.referenced.file = file;
    match &mut node.value {
        Node::Null | Node::Scalar(..) => {}
        Node::List(items) => items.iter_mut().for_each(|item| of_file(item, file)),
        Node::Mapping(entries) => {
            for (key, value) in entries.iter_mut() {
                key.referenced.file = file;
                of_file(value, file);
            }
            unfold(entries);
        }
    }
}

/// Lays a later file over an earlier one.
pub fn merge(base: &mut Spanned<Node>, over: Spanned<Node>) {
    match (&mut base.value, over.value) {
        (Node::Mapping(entries), Node::Mapping(later)) => {
            base.referenced = over.referenced;
            later.into_iter().for_each(|entry| put(entries, entry));
        }
        (value, later) => {
            *value = later;
            base.referenced = over.referenced;
        }
    }
}

fn put(entries: &mut Vec<Entry>, (key, value): Entry) {
    let is_it = |(other, _): &&mut Entry| {
        other.value == key.value && other.referenced.file != key.referenced.file
    };
    match entries.iter_mut().find(is_it) {
        Some((place, earlier)) => {
            merge(earlier, value);
            // From now on it is the later file's, too.
            *place = key;
        }
        None => entries.push((key, value)),
    }
}

/// Puts a section for each part of a key, once for all keys that begin alike.
fn unfold(entries: &mut Vec<Entry>) {
    if !entries.iter().any(|(key, _)| key.value.contains(SEPARATOR)) {
        return;
    }
    let (folded, plain): (Vec<Entry>, Vec<Entry>) = std::mem::take(entries)
        .into_iter()
        .partition(|(key, _)| key.value.contains(SEPARATOR));
    *entries = plain;
    for (key, value) in folded {
        let mut parts: Vec<&str> = key.value.split(SEPARATOR).collect();
        let last = parts.pop().unwrap_or_default();
        let section = sections(entries, &parts, key.referenced);
        section.push((spanned(last, key.referenced), value));
    }
}

/// The innermost of nested sections, made where there are none.
fn sections<'e>(
    mut entries: &'e mut Vec<Entry>,
    path: &[&str],
    at: Location,
) -> &'e mut Vec<Entry> {
    for name in path {
        let is_it = |(key, value): &Entry| {
            let takes_keys = matches!(value.value, Node::Mapping(_) | Node::Null);
            key.value == *name && takes_keys
        };
        let index = entries.iter().position(is_it).unwrap_or(entries.len());
        if index == entries.len() {
            let value = Node::Null;
            let referenced = at;
            entries.push((spanned(name, at), Spanned { value, referenced }));
        }
        let value = &mut entries[index].1.value;
        if !matches!(value, Node::Mapping(_)) {
            *value = Node::Mapping(Vec::new());
        }
        let Node::Mapping(inner) = value else {
            unreachable!("it was just made one");
        };
        entries = inner;
    }
    entries
}

fn spanned(text: &str, referenced: Location) -> Spanned<String> {
    let value = text.to_owned();
    Spanned { value, referenced }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::written::yaml;

    /// A tree in one line: `{a: 1@0, b: [x@1]}`, with the number of the file.
    fn shown(node: &Spanned<Node>) -> String {
        let file = node.referenced.file;
        match &node.value {
            Node::Null => format!("~@{file}"),
            Node::Scalar(text, _) => format!("{text}@{file}"),
            Node::List(items) => {
                let items: Vec<_> = items.iter().map(shown).collect();
                format!("[{}]", items.join(", "))
            }
            Node::Mapping(entries) => {
                let entry = |(key, value): &Entry| format!("{}: {}", key.value, shown(value));
                let entries: Vec<_> = entries.iter().map(entry).collect();
                format!("{{{}}}", entries.join(", "))
            }
        }
    }

    fn merged(files: &[&str]) -> String {
        let mut all: Option<Spanned<Node>> = None;
        for (index, text) in files.iter().enumerate() {
            let mut root = yaml::parse(text).unwrap().unwrap();
            of_file(&mut root, index);
            match &mut all {
                Some(base) => merge(base, root),
                None => all = Some(root),
            }
        }
        shown(&all.unwrap())
    }

    #[test]
    fn later_files_are_laid_over_earlier_ones() {
        for (files, expected) in [
            (
                &["a: {x: 1, y: 2}\nb: 3", "a: {y: 4, z: 5}"][..],
                "{a: {x: 1@0, y: 4@1, z: 5@1}, b: 3@0}",
            ),
            (&["a: [1, 2]", "a: [3]"], "{a: [3@1]}"),
            (&["a: {x: 1}", "a:"], "{a: ~@1}"),
            (&["a:", "a: {x: 1}"], "{a: {x: 1@1}}"),
            (&["a: 1", "a: {x: 1}", "a: {y: 1}"], "{a: {x: 1@1, y: 1@2}}"),
            // Told by whoever reads it.
            (&["a: 1\na: 2", "b: 3"], "{a: 1@0, a: 2@0, b: 3@1}"),
            (&["b: 3", "a: 1\na: 2"], "{b: 3@0, a: 1@1, a: 2@1}"),
        ] {
            assert_eq!(merged(files), expected, "{files:?}");
        }
    }

    #[test]
    fn keys_may_name_several_sections() {
        for (files, expected) in [
            (
                &["a::b: 1\na::c::d: 2\na: {e: 3}"][..],
                "{a: {e: 3@0, b: 1@0, c: {d: 2@0}}}",
            ),
            (&["a: {b: 1}", "a::b: 2"], "{a: {b: 2@1}}"),
            (&["a:\na::b: 2"], "{a: {b: 2@0}}"),
            // Told by whoever reads it.
            (&["a: {b: 1}\na::b: 2"], "{a: {b: 1@0, b: 2@0}}"),
            (&["a: 1\na::b: 2"], "{a: 1@0, a: {b: 2@0}}"),
        ] {
            assert_eq!(merged(files), expected, "{files:?}");
        }
    }
}
