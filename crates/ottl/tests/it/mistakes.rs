//! What somebody is told who wrote something wrong, and where.

use tracewell_ottl::{Context, Mistake};

use crate::compiler;

#[track_caller]
fn is_told(mistake: &Mistake, column: usize, message: &str) {
    let told = (mistake.column(), mistake.message.as_str());
    assert_eq!(told, (column, message), "\n{}", mistake.shown());
}

#[track_caller]
fn statement(text: &str, column: usize, message: &str) {
    let mistake = compiler().statement(text, Context::Span);
    is_told(&mistake.expect_err("it is wrong"), column, message);
}

#[track_caller]
fn condition(text: &str, column: usize, message: &str) {
    let mistake = compiler().condition(text, Context::Span);
    is_told(&mistake.expect_err("it is wrong"), column, message);
}

#[test]
fn the_grammar() {
    statement(
        "",
        1,
        "expected the name of an editor, such as `set(...)`, found the end",
    );
    statement(
        "Set(name, 1)",
        1,
        "a statement begins with an editor, such as `set(...)`, and `Set` is none",
    );
    statement("set name", 5, "expected `(`, found `name`");
    statement("set(name, \"x\"", 14, "expected `,` or `)`, found the end");
    statement(
        "set(name, \"x)",
        11,
        "the text that begins here has no closing `\"`",
    );
    statement(
        "set(name, \"x\") when true",
        16,
        "expected `where` or the end, found `when`",
    );
    statement(
        "set(name, \"x\") where",
        21,
        "expected a value, found the end",
    );
    statement(
        "set(name, \"\\d\")",
        12,
        "`\\d` means nothing in a text, write `\\\\d` for a backslash",
    );
    statement(
        "set(target=name, \"x\")",
        18,
        "arguments without a name stand before those with one",
    );
    condition(
        "name = \"x\"",
        6,
        "expected `and`, `or` or the end, found `=` (equality is `==`)",
    );
    condition(
        "name == 'x'",
        9,
        "unexpected `'`, text stands in double quotes",
    );
    condition("name == \"x\" && true", 13, "unexpected `&`, write `and`");
    condition(
        "kind + 1",
        1,
        "expected a condition, such as `name == \"x\"`, found a calculation alone",
    );
    condition(
        "(kind == 1) + 1 == 2",
        2,
        "expected a value, found a condition",
    );
    condition(
        "kind == 0xabc",
        9,
        "bytes need an even number of hexadecimal digits",
    );
    condition(
        "kind == 99999999999999999999",
        9,
        "the number does not fit into 64 bits",
    );
    condition(
        "isMatch(name, \"x\")",
        1,
        "`isMatch(...)` cannot stand here: converters begin with a capital letter, and editors only begin statements",
    );
    condition(
        "All(attributes, (k, v) => true)",
        19,
        "expected `)`, found `,`",
    );
}

#[test]
fn names() {
    statement(
        "sett(name, 1)",
        1,
        "there is no editor `sett`, did you mean `set`?",
    );
    statement(
        "delete_kye(attributes, \"a\")",
        1,
        "there is no editor `delete_kye`, did you mean `delete_key`?",
    );
    condition(
        "IsMatsch(name, \"x\")",
        1,
        "there is no function `IsMatsch`, did you mean `IsMatch`?",
    );
    condition("Frobnicate(name)", 1, "there is no function `Frobnicate`");
    condition(
        "UserAgent(name) == 1",
        1,
        "`UserAgent` is a function of the Collector that is not served here",
    );
    condition(
        "ParseXML(name) == 1",
        1,
        "`ParseXML` is a function of the Collector that is not served here",
    );
    condition(
        "kind == SPAN_KIND_SERVR",
        9,
        "`SPAN_KIND_SERVR` is no enum of spans, did you mean `SPAN_KIND_SERVER`?",
    );
    condition(
        "kind == IsMatch",
        9,
        "`IsMatch` is a function, write `IsMatch(...)`",
    );
    condition(
        "nme == \"x\"",
        1,
        "a span has no `nme`, did you mean `name`?",
    );
    condition(
        "version == \"x\"",
        1,
        "a span has no `version`, did you mean `scope.version`?",
    );
    condition(
        "status == 1",
        1,
        "`status` is no field by itself, name one of status.code, status.message",
    );
    condition("resource == 1", 1, "a span has no `resource`");
    condition(
        "spanevent.name == \"x\"",
        1,
        "`spanevent.name` is not seen from the context span: use the context spanevent",
    );
    condition(
        "resource.cache[\"x\"] == 1",
        1,
        "the cache of a resource is not that of a span",
    );
    condition("name[\"x\"] == 1", 1, "`name` has no keys");
    condition(
        "events == nil",
        1,
        "`events` is only served as `Len(events)`",
    );
}

#[test]
fn arguments() {
    statement(
        "set(name)",
        1,
        "`set` lacks its argument `value`: it takes (target, value)",
    );
    statement("set(name, 1, 2)", 14, "`set` takes (target, value)");
    statement(
        "set(target=name, target=name)",
        25,
        "`target` is given twice",
    );
    statement(
        "set(name, valeu=1)",
        17,
        "`set` has no argument `valeu`, did you mean `value`?",
    );
    statement(
        "set(\"x\", 1)",
        5,
        "the target is a path, such as `attributes[\"key\"]`",
    );
    statement("set(events, 1)", 5, "`events` cannot be changed");
    statement(
        "set(attributes[name], 1)",
        16,
        "a key of a target is a text or a number, because its column is chosen beforehand",
    );
    statement(
        "delete_key(name, \"x\")",
        12,
        "`delete_key` needs a map, such as `attributes`",
    );
    statement(
        "limit(attributes, 1, [\"a\", \"b\"])",
        22,
        "there are more priority_keys than the limit of 1",
    );
    statement(
        "replace_all_patterns(attributes, \"both\", \"a\", \"b\")",
        34,
        "mode is \"key\" or \"value\"",
    );
    statement(
        "replace_pattern(name, \"a\", \"b\", Concat)",
        33,
        "`Concat` is no function of one text, such as SHA256",
    );
    statement(
        "merge_maps(attributes, cache, \"both\")",
        31,
        "unknown strategy \"both\", use insert, update or upsert",
    );
    condition(
        "IsMatch(name, \"(\")",
        15,
        "\"(\" is no regular expression: error: unclosed group",
    );
    condition(
        "ConvertCase(name, \"Snake\") == \"x\"",
        19,
        "unknown case \"Snake\", use lower, upper, snake or camel",
    );
    condition(
        "ExtractPatterns(name, \"x\") == nil",
        23,
        "the pattern names no group, write `(?P<name>...)`",
    );
    condition(
        "start_time == Time(\"1\", \"%Q\")",
        25,
        "`%Q` is not known in the format of a time",
    );
    condition(
        "start_time > Duration(\"5 minutes\")",
        14,
        "\"5 minutes\" is no duration such as \"300ms\" or \"1h30m\"",
    );
    condition("kind == 1 / 0", 9, "a division by zero");
    condition(
        "Concat(name, \"\") == \"\"",
        8,
        "`values` is a list such as `[a, b]`",
    );
}

#[test]
fn a_scope_does_not_see_resources() {
    let mistake = compiler()
        .condition("resource.attributes[\"a\"] == 1", Context::Scope)
        .unwrap_err();
    assert!(
        mistake.message.contains("use the context span"),
        "{mistake}"
    );
}

#[test]
fn the_place_is_shown_below_the_text() {
    let mistake = compiler()
        .condition("name == \"ä\" and nme == 1", Context::Span)
        .unwrap_err();
    assert_eq!(
        mistake.shown(),
        "name == \"ä\" and nme == 1\n                ^^^ a span has no `nme`, did you mean `name`?"
    );
    assert_eq!(
        mistake.to_string(),
        "column 17: a span has no `nme`, did you mean `name`?, in `name == \"ä\" and nme == 1`"
    );
}
