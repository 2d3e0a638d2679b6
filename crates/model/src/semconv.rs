//! Semantic-convention names: which old and new keys mean the same.
//!
//! Clients of different ages stand in one trace (in November 2026 Node.js
//! sends the stable HTTP names, Python the old ones), so a search for either
//! name looks at both. Stored keys stay as sent. Sources: the OpenTelemetry
//! schema files up to 1.44.0 and the HTTP and database migration guides.

/// Keys of one meaning; the first is today's name.
const GROUPS: &[&[&str]] = &[
    &["http.request.method", "http.method"],
    &["http.response.status_code", "http.status_code"],
    &["url.full", "http.url"],
    &["url.path", "http.target"],
    &["url.scheme", "http.scheme"],
    &[
        "user_agent.original",
        "http.user_agent",
        "browser.user_agent",
    ],
    &[
        "network.protocol.version",
        "http.flavor",
        "net.protocol.version",
        "net.app.protocol.version",
    ],
    &[
        "network.protocol.name",
        "net.protocol.name",
        "net.app.protocol.name",
    ],
    &["client.address", "http.client_ip"],
    &["http.request.body.size", "http.request_content_length"],
    &["http.response.body.size", "http.response_content_length"],
    &[
        "http.request.resend_count",
        "http.resend_count",
        "http.retry_count",
    ],
    &[
        "server.address",
        "net.peer.name",
        "net.host.name",
        "http.host",
    ],
    &["server.port", "net.peer.port", "net.host.port"],
    &["network.peer.address", "net.sock.peer.addr", "net.peer.ip"],
    &["network.peer.port", "net.sock.peer.port"],
    &["network.local.address", "net.sock.host.addr", "net.host.ip"],
    &["network.local.port", "net.sock.host.port"],
    &["network.transport", "net.transport"],
    &["db.system.name", "db.system"],
    &["db.query.text", "db.statement"],
    &["db.operation.name", "db.operation"],
    &[
        "db.namespace",
        "db.name",
        "db.cassandra.keyspace",
        "db.hbase.namespace",
        "db.redis.database_index",
    ],
    &[
        "db.collection.name",
        "db.sql.table",
        "db.cassandra.table",
        "db.mongodb.collection",
        "db.cosmosdb.container",
    ],
    &["rpc.system.name", "rpc.system"],
    &["messaging.destination.name", "messaging.destination"],
    &["messaging.operation.type", "messaging.operation"],
    &["messaging.message.id", "messaging.message_id"],
    &[
        "messaging.consumer.group.name",
        "messaging.kafka.consumer.group",
        "messaging.kafka.consumer_group",
    ],
    &[
        "messaging.destination.partition.id",
        "messaging.kafka.destination.partition",
        "messaging.kafka.partition",
    ],
    &["messaging.kafka.offset", "messaging.kafka.message.offset"],
    &["service.peer.name", "peer.service"],
    &["deployment.environment.name", "deployment.environment"],
    &["user.id", "enduser.id"],
    &["user.roles", "enduser.role"],
    &["code.function.name", "code.function"],
    &["code.file.path", "code.filepath"],
    &["code.line.number", "code.lineno"],
    &["code.column.number", "code.column"],
    &["cloud.resource_id", "faas.id"],
    &["faas.invocation_id", "faas.execution"],
    &["gen_ai.provider.name", "gen_ai.system"],
    &["gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"],
    &[
        "gen_ai.usage.output_tokens",
        "gen_ai.usage.completion_tokens",
    ],
    &["container.runtime.name", "container.runtime"],
    &["telemetry.distro.version", "telemetry.auto.version"],
];

/// All keys that mean what `key` means, `key` first.
#[must_use]
pub fn aliases(key: &str) -> Vec<&str> {
    let others = GROUPS
        .iter()
        .filter(|group| group.contains(&key))
        .flat_map(|group| group.iter());
    std::iter::once(key)
        .chain(others.copied().filter(|other| *other != key))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_and_new_names_find_each_other() {
        assert_eq!(
            aliases("http.method"),
            ["http.method", "http.request.method"]
        );
        assert_eq!(
            aliases("http.request.method"),
            ["http.request.method", "http.method"]
        );
        assert_eq!(aliases("shop.order.id"), ["shop.order.id"]);
    }

    #[test]
    fn no_key_stands_in_two_groups() {
        let mut keys: Vec<_> = GROUPS.iter().flat_map(|group| group.iter()).collect();
        let all = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), all);
    }
}
