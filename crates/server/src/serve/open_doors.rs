//! What people should know of ports that others reach: nobody is asked who
//! they are, or secrets go over the network in the clear.
//!
//! Said at the start and on the status page. It **only tells**; nothing is
//! closed for it.

use tracewell_access::Lock;
use tracewell_api::BoundEndpoint;

/// One sentence for each kind of port.
pub(super) fn warnings(endpoints: &[BoundEndpoint], lock: &Lock) -> Vec<String> {
    let reached = |is_udp| {
        let reached = endpoints
            .iter()
            .filter(move |it| it.is_udp == is_udp && !it.address.ip().is_loopback());
        let named: Vec<String> = reached
            .map(|it| format!("{} on {}", it.title, it.address))
            .collect();
        (!named.is_empty()).then(|| named.join(", "))
    };
    let mut found = Vec::new();
    if let Some(ports) = reached(false) {
        if !lock.asks_who() {
            found.push(format!(
                "whoever reaches these ports may send and read everything, and is not asked who \
                 they are: {ports}; set access.tokens_file or tls.client_ca_file, or listen on \
                 127.0.0.1"
            ));
        } else if !lock.is_encrypted() {
            found.push(format!(
                "tokens and passwords go to these ports in the clear: {ports}; set tls.cert_file \
                 and tls.key_file, or listen on 127.0.0.1 behind a proxy that speaks TLS"
            ));
        }
    }
    if let Some(ports) = reached(true) {
        found.push(format!(
            "whoever reaches these UDP ports may send spans, as datagrams do not say who sent \
             them: {ports}; give them a host such as 127.0.0.1:6831, or close them with off"
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use tracewell_access::LockFiles;

    fn endpoint(title: &'static str, address: &str, is_udp: bool) -> BoundEndpoint {
        BoundEndpoint {
            name: "x".into(),
            title: title.into(),
            address: address.parse().unwrap(),
            is_udp,
        }
    }

    fn with_tokens() -> Arc<Lock> {
        let files = LockFiles {
            given_tokens: Some("write 0123456789abcdef".to_owned().into()),
            ..LockFiles::default()
        };
        Lock::load(&files, tracewell_access::Tenancy::Off).unwrap()
    }

    #[test]
    fn only_ports_that_others_reach_are_told_of() {
        let here = [
            endpoint("OTLP gRPC", "127.0.0.1:4317", false),
            endpoint("Jaeger UDP", "[::1]:6831", true),
        ];
        assert_eq!(warnings(&here, &Lock::default()), [""; 0]);
        let reached = [
            endpoint("OTLP gRPC", "0.0.0.0:4317", false),
            endpoint("UI", "127.0.0.1:16686", false),
            endpoint("Jaeger UDP", "10.0.0.1:6831", true),
        ];
        let open = warnings(&reached, &Lock::default());
        assert_eq!(open.len(), 2, "{open:?}");
        assert!(open[0].contains("not asked who they are: OTLP gRPC on 0.0.0.0:4317; set"));
        assert!(open[1].contains("Jaeger UDP on 10.0.0.1:6831"));
        let asked = warnings(&reached, &with_tokens());
        assert_eq!(asked.len(), 2, "{asked:?}");
        assert!(asked[0].contains("in the clear: OTLP gRPC on 0.0.0.0:4317"));
    }
}
