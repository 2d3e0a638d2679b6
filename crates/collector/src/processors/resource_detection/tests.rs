//! What is detected, and whether it goes before what clients say.

use tracewell_testkit::{TestSpan, batch, flatten};

use super::*;
use crate::written::section;

fn read(text: &str) -> Result<ResourceDetectionConfig, String> {
    section::read("p", text, ResourceDetectionConfig::read).map_err(|mistakes| mistakes.join("; "))
}

#[test]
fn the_environment_is_read_as_sdks_read_it() {
    let text = |text: &str| AnyValue::from(text);
    assert_eq!(
        detect::environment(Some("a=1, b.c = x%20y,none,d=%zz,=e")),
        [
            ("a".to_owned(), text("1")),
            ("b.c".to_owned(), text("x y")),
            ("d".to_owned(), text("%zz")),
        ]
    );
    assert_eq!(detect::environment(None), []);
}

#[test]
fn the_host_is_named_and_clients_may_know_better() {
    let account = ProcessorAccount::new("traces".to_owned(), "p".to_owned());
    let mut knows = TestSpan::new(1, 1, "shop", "a", 1_000);
    knows
        .resource
        .push(("host.name".to_owned(), AnyValue::from("own")));
    let other = TestSpan::new(1, 2, "shop", "a", 1_000);
    for overrides in [true, false] {
        let config = read(&format!("{{detectors: [system], override: {overrides}}}")).unwrap();
        let spans = Arc::new(batch(&[knows.clone(), other.clone()]));
        let spans = flatten(&config.change(spans, &account).unwrap());
        let host = |span: &TestSpan| {
            let found = span.resource.iter().find(|(key, _)| key == "host.name");
            found.map(|(_, value)| value.clone())
        };
        assert_eq!(host(&spans[0]) == Some(AnyValue::from("own")), !overrides);
        assert!(host(&spans[1]).is_some());
        let os = ("os.type".to_owned(), AnyValue::from(std::env::consts::OS));
        assert!(spans.iter().all(|span| span.resource.contains(&os)));
    }
}

#[test]
fn what_asks_the_network_is_not_served() {
    let mistake = read("{detectors: [env, ec2]}").unwrap_err();
    assert!(
        mistake.contains("\"ec2\" is not served; env and system are"),
        "{mistake}"
    );
    let mistake = read("{system: {resource_attributes: {host.ip: {enabled: true}}}}").unwrap_err();
    assert!(mistake.contains("unknown key"), "{mistake}");
}
