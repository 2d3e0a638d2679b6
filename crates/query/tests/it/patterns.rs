//! Patterns mean what they mean to Go (ADR-013).

use std::path::PathBuf;

use tracewell_query::traceql::{PatternError, compile_pattern};
use tracewell_testkit::decisions::table;

#[test]
fn every_case_of_the_decision() {
    let columns = ["pattern", "matches", "does not match"];
    for (line, cells) in table("013-regular-expressions.md", &columns) {
        let (pattern, matches, not) = (&cells[0], &cells[1], &cells[2]);
        let compiled = compile_pattern(pattern);
        if matches == "refused" {
            assert!(compiled.is_err(), "line {line}: {pattern} is taken");
            continue;
        }
        let compiled = compiled.unwrap_or_else(|error| panic!("line {line}: {pattern}: {error}"));
        for (text, expected) in [(matches, true), (not, false)] {
            if !text.is_empty() {
                assert_eq!(compiled.is_match(text), expected, "line {line}: {text}");
            }
        }
    }
}

/// What Go said, see `make.go` beside the file.
#[test]
fn random_patterns_mean_what_they_mean_to_go() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata/patterns/go.tsv");
    let answers = std::fs::read_to_string(file).unwrap();
    let text = |json: &str| serde_json::from_str::<String>(json).unwrap();
    let mut lines = answers.lines();
    let texts: Vec<String> = lines.next().unwrap().split('\t').map(text).collect();
    let mut wrong = Vec::new();
    for line in lines {
        let (pattern, expected) = line.split_once('\t').unwrap();
        let pattern = text(pattern);
        let found = match compile_pattern(&pattern) {
            // Go has no such limit.
            Err(PatternError::TooBig) => continue,
            Err(_) => "refused".to_owned(),
            Ok(compiled) => {
                let matches = texts.iter().map(|text| compiled.is_match(text));
                matches
                    .map(|is_match| if is_match { '1' } else { '0' })
                    .collect()
            }
        };
        if found != expected {
            wrong.push(format!("{pattern:?}: {found}, Go says {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ: {wrong:#?}", wrong.len());
}
