//! What is written is read, and bytes from outside do no harm.

use super::*;
use proptest::prelude::*;

fn any_value() -> impl Strategy<Value = AnyValue> {
    let leaf = prop_oneof![
        Just(AnyValue::Empty),
        any::<String>().prop_map(AnyValue::String),
        any::<bool>().prop_map(AnyValue::Bool),
        any::<i64>().prop_map(AnyValue::Int),
        (-1e300..1e300f64).prop_map(AnyValue::Double),
        any::<Vec<u8>>().prop_map(AnyValue::Bytes),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(AnyValue::Array),
            prop::collection::vec((any::<String>(), inner), 0..6).prop_map(AnyValue::KvList),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(value in any_value()) {
        let mut bytes = Vec::new();
        value.encode(&mut bytes);
        AnyValue::check(&bytes).unwrap();
        prop_assert_eq!(AnyValue::decode(&bytes).unwrap(), value);
    }

    #[test]
    fn arbitrary_bytes_never_panic_and_check_agrees_with_decode(bytes: Vec<u8>) {
        let checked = AnyValue::check(&bytes);
        prop_assert_eq!(AnyValue::decode(&bytes).map(|_| ()), checked);
    }
}

#[test]
fn what_is_written_twice_in_a_list_is_checked_and_merged() {
    let list = |pair: &[u8]| {
        let mut bytes = Vec::new();
        put_message(&mut bytes, 6, |out| put_bytes(out, 1, pair));
        bytes
    };
    let key_twice = |first: &[u8]| {
        let mut pair = Vec::new();
        put_bytes(&mut pair, 1, first);
        put_bytes(&mut pair, 1, b"key");
        list(&pair)
    };
    let read = AnyValue::decode(&key_twice(b"old")).unwrap();
    let of_key = |value| AnyValue::KvList(vec![("key".to_owned(), value)]);
    assert_eq!(read, of_key(AnyValue::Empty));
    let bad = key_twice(b"\xff");
    assert_eq!(AnyValue::check(&bad), Err(AnyValueError::Utf8));
    assert_eq!(AnyValue::decode(&bad), Err(AnyValueError::Utf8));

    let array = |value: i64| {
        let mut bytes = Vec::new();
        AnyValue::Array(vec![AnyValue::Int(value)]).encode(&mut bytes);
        bytes
    };
    let mut pair = Vec::new();
    put_bytes(&mut pair, 1, b"key");
    put_bytes(&mut pair, 2, &array(1));
    put_bytes(&mut pair, 2, &array(2));
    let both = AnyValue::Array(vec![AnyValue::Int(1), AnyValue::Int(2)]);
    assert_eq!(AnyValue::decode(&list(&pair)), Ok(of_key(both)));
    put_bytes(&mut pair, 2, b"\x0a\x01\xff");
    assert_eq!(AnyValue::check(&list(&pair)), Err(AnyValueError::Utf8));
    assert_eq!(AnyValue::decode(&list(&pair)), Err(AnyValueError::Utf8));
}

#[test]
fn nesting_has_a_limit() {
    let mut value = AnyValue::Int(1);
    for _ in 0..=MAX_DEPTH {
        value = AnyValue::Array(vec![value]);
    }
    let mut bytes = Vec::new();
    value.encode(&mut bytes);
    assert_eq!(AnyValue::decode(&bytes), Err(AnyValueError::Depth));
    assert_eq!(AnyValue::check(&bytes), Err(AnyValueError::Depth));
}
