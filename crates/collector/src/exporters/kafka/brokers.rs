//! The brokers of Kafka: where they are, who we are to them, and what it means when
//! they refuse. The same for who writes and for who reads.
//!
//! **Nothing is connected before somebody asks.**

use std::sync::Arc;
use std::time::Duration;

use rskafka::BackoffConfig;
use rskafka::client::error::{Error, ProtocolError};
use rskafka::client::{Client, ClientBuilder, Credentials, SaslConfig};

use crate::exporters::secret::Secret;
use crate::exporters::tls::{Tls, TlsConfig};
use crate::written::fields::Fields;

/// The Collector's.
const BROKER: &str = "localhost:9092";
const CLIENT_ID: &str = "otel-collector";
const REFRESH_INTERVAL: Duration = Duration::from_secs(600);

/// Pauses of the client while a partition has no leader.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// How they are reached.
#[derive(Debug, Clone, PartialEq)]
pub struct BrokersConfig {
    /// Any of them says who the others are.
    pub addresses: Vec<String>,
    /// Who we are to them.
    pub client_id: String,
    /// Where it is encrypted.
    pub tls: Option<TlsConfig>,
    /// Who we say that we are.
    pub sasl: Option<Sasl>,
}

/// A name and a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sasl {
    pub(super) mechanism: Mechanism,
    username: Secret,
    password: Secret,
}

/// How they are shown to the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mechanism {
    Plain,
    ScramSha256,
    ScramSha512,
}

impl BrokersConfig {
    /// Reads `brokers`, `client_id`, `tls` and `auth` of a section.
    pub(crate) fn read(fields: &Fields<'_>) -> Self {
        let tls = fields.section("tls");
        if let Some(tls) = &tls {
            tls.not_served(
                "server_name_override",
                "brokers are called as they call themselves",
            );
        }
        Self {
            addresses: addresses(fields),
            client_id: text(fields, "client_id", CLIENT_ID),
            tls: tls
                .map(|tls| TlsConfig::read(Some(tls)))
                .filter(|tls| !tls.is_insecure),
            sasl: fields.section("auth").and_then(sasl),
        }
    }
}

/// How often it is asked which partitions there are: the section `metadata`.
pub(crate) fn refresh_interval(metadata: Option<Fields<'_>>) -> Duration {
    let Some(fields) = metadata else {
        return REFRESH_INTERVAL;
    };
    let interval = fields.duration("refresh_interval", REFRESH_INTERVAL);
    for taken in ["full", "retry"] {
        fields.has(taken);
    }
    fields.end();
    interval.max(Duration::from_millis(100))
}

/// A text that is `default` where nothing is written.
pub(super) fn text(fields: &Fields<'_>, name: &'static str, default: &str) -> String {
    let written = fields.text(name).filter(|written| !written.text.is_empty());
    written.map_or_else(|| default.to_owned(), |written| written.text)
}

fn addresses(fields: &Fields<'_>) -> Vec<String> {
    let written = fields.list("brokers");
    if written.is_empty() {
        return vec![BROKER.to_owned()];
    }
    for broker in &written {
        let port = broker
            .text
            .rsplit_once(':')
            .map(|(_, port)| port.parse::<u16>());
        if !matches!(port, Some(Ok(_))) {
            let message = format!(
                "{}: {:?} is no HOST:PORT; write for example {BROKER}",
                fields.path("brokers"),
                broker.text
            );
            fields.reading().mistake(broker.location, message);
        }
    }
    written.into_iter().map(|broker| broker.text).collect()
}

fn sasl(auth: Fields<'_>) -> Option<Sasl> {
    auth.not_served("kerberos", "write sasl, or a certificate in tls");
    auth.not_served("tls", "write tls beside auth");
    let (sasl, plain) = (auth.section("sasl"), auth.section("plain_text"));
    let found = match (sasl, plain) {
        (Some(section), _) => {
            let mechanism = section.value("mechanism", Mechanism::Plain, mechanism);
            section.not_served("aws_msk", "write SCRAM-SHA-512, which MSK has too");
            section.not_served(
                "oauthbearer_token_source",
                "write SCRAM-SHA-256, SCRAM-SHA-512 or PLAIN",
            );
            section.has("version");
            credentials(section, mechanism)
        }
        (None, Some(section)) => credentials(section, Mechanism::Plain),
        (None, None) => None,
    };
    auth.end();
    found
}

fn mechanism(text: &str) -> Result<Mechanism, String> {
    match text {
        "PLAIN" => Ok(Mechanism::Plain),
        "SCRAM-SHA-256" => Ok(Mechanism::ScramSha256),
        "SCRAM-SHA-512" => Ok(Mechanism::ScramSha512),
        _ => Err(format!(
            "{text:?} is not one of SCRAM-SHA-256, SCRAM-SHA-512, PLAIN"
        )),
    }
}

fn credentials(fields: Fields<'_>, mechanism: Mechanism) -> Option<Sasl> {
    let secret = |name: &'static str| {
        let written = fields.text(name).filter(|written| !written.text.is_empty());
        if written.is_none() {
            fields.mistake(format!("{} is missing", fields.path(name)));
        }
        Some(Secret::text(&fields, name, written?))
    };
    let (username, password) = (secret("username"), secret("password"));
    fields.end();
    Some(Sasl {
        mechanism,
        username: username?,
        password: password?,
    })
}

/// Why a broker does not do what it is asked, and whether waiting helps.
#[derive(Debug)]
pub(crate) enum Failure {
    Passing(String),
    ForGood(String),
    Denied(String),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::Passing(why) | Self::ForGood(why) | Self::Denied(why)) = self;
        formatter.write_str(why)
    }
}

/// What connections are made with.
#[derive(Debug)]
pub(crate) struct Brokers {
    config: BrokersConfig,
    tls: Option<Arc<Tls>>,
}

impl Brokers {
    /// # Errors
    /// Certificates cannot be read.
    pub(crate) fn new(config: &BrokersConfig) -> Result<Self, String> {
        let tls = config.tls.as_ref().map(|tls| Tls::load(tls, b""));
        Ok(Self {
            config: config.clone(),
            tls: tls.transpose()?,
        })
    }

    /// A client, which has connected, and tries again by itself for less than
    /// `timeout`.
    pub(crate) async fn client(&self, timeout: Duration) -> Result<Client, Failure> {
        let mut builder = ClientBuilder::new(self.config.addresses.clone())
            .client_id(self.config.client_id.as_str())
            .backoff_config(BackoffConfig {
                init_backoff: FIRST_PAUSE,
                max_backoff: LONGEST_PAUSE,
                base: 2.0,
                // So that what is wrong is said before time is up.
                deadline: Some(timeout.mul_f64(0.75)),
            });
        if let Some(tls) = &self.tls {
            let tls = Arc::clone(tls);
            let client = tokio::task::spawn_blocking(move || tls.current()).await;
            builder =
                builder.tls_config(client.map_err(|gone| Failure::Passing(gone.to_string()))?);
        }
        if let Some(sasl) = &self.config.sasl {
            let line = |secret: &Secret| secret.line().map_err(Failure::Denied);
            let credentials = Credentials::new(line(&sasl.username)?, line(&sasl.password)?);
            builder = builder.sasl_config(match sasl.mechanism {
                Mechanism::Plain => SaslConfig::Plain(credentials),
                Mechanism::ScramSha256 => SaslConfig::ScramSha256(credentials),
                Mechanism::ScramSha512 => SaslConfig::ScramSha512(credentials),
            });
        }
        builder.build().await.map_err(|error| judge(&error))
    }
}

/// The partitions of a topic; none when there is no such topic.
pub(crate) async fn partitions(client: &Client, name: &str) -> Result<Vec<i32>, Failure> {
    let topics = client.list_topics().await.map_err(|error| judge(&error))?;
    let topic = topics.into_iter().find(|topic| topic.name == *name);
    Ok(topic.map_or_else(Vec::new, |topic| topic.partitions.into_iter().collect()))
}

/// What an error means for the spans.
pub(crate) fn judge(error: &Error) -> Failure {
    let why = error.to_string();
    match error {
        Error::ServerError { protocol_error, .. } => match protocol_error {
            ProtocolError::MessageTooLarge
            | ProtocolError::RecordListTooLarge
            | ProtocolError::InvalidRecord
            | ProtocolError::InvalidTimestamp => Failure::ForGood(why),
            // Spans are not to blame, so whoever sent them keeps them.
            ProtocolError::TopicAuthorizationFailed
            | ProtocolError::ClusterAuthorizationFailed
            | ProtocolError::SaslAuthenticationFailed
            | ProtocolError::UnsupportedSaslMechanism
            | ProtocolError::InvalidTopicException => Failure::Denied(why),
            _ => Failure::Passing(why),
        },
        _ => Failure::Passing(why),
    }
}
