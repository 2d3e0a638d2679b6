//! `load_balancing`: to several peers, each of which has whole traces.
//!
//! ```text
//! batch ─► rows of each peer, by the ring ─► its sending ─► its delivery ─► network
//!                    ▲                                          │ it is none any more
//!              resolver (file, DNS)                             ▼
//!                                              the ring as it is now, each its part
//! ```
//!
//! A batch is acknowledged when every peer has its part. **While there are peers no
//! span is held for one that is none any more, and none is sent by two rings at once.**

mod config;
mod dns;
mod ring;
mod routing_key;
#[cfg(test)]
mod tests;

pub use config::LoadBalancingConfig;
pub use routing_key::RoutingKey;

use std::sync::{Arc, PoisonError, RwLock, Weak};

use tokio::runtime::Handle;
use tokio::sync::watch;
use tracewell_model::store::Ack;
use tracewell_model::{Consumer, SpanBatch, StoreError};

use super::account::ExporterAccount;
use super::delivery::{Delivery, Membership, Others, Standing};
use super::grpc::{self, GrpcConfig};
use super::otlp::OTLP;
use super::peer::Peer;
use super::sending::Sending;
use crate::part::part;
use crate::shared_ack::shared;
use config::{Resolver, with_port};
use ring::Ring;

/// See the module's text.
pub(super) struct LoadBalancing {
    key: RoutingKey,
    /// How peers are sent to.
    template: GrpcConfig,
    account: Arc<ExporterAccount>,
    runtime: Handle,
    this: Weak<Self>,
    tier: RwLock<Arc<Tier>>,
}

/// The peers at one time.
struct Tier {
    ring: Ring,
    /// By their numbers on the ring.
    members: Vec<Arc<Member>>,
}

/// One peer.
struct Member {
    /// As it stands on the ring.
    name: String,
    sending: Sending,
    delivery: Arc<Delivery>,
    /// Told when it is none any more.
    has_left: watch::Sender<bool>,
}

impl LoadBalancing {
    /// Before the peers that the file names, or those that DNS will name.
    ///
    /// # Errors
    /// No peer could be sent to so: why.
    pub(super) fn start(
        config: &LoadBalancingConfig,
        account: Arc<ExporterAccount>,
        runtime: &Handle,
    ) -> Result<Arc<Self>, String> {
        let this = Arc::new_cyclic(|this| Self {
            key: config.key.clone(),
            template: config.peer.clone(),
            account,
            runtime: runtime.clone(),
            this: Weak::clone(this),
            tier: RwLock::new(Arc::new(Tier {
                ring: Ring::new(&[]),
                members: Vec::new(),
            })),
        });
        match &config.resolver {
            Resolver::Static(names) => this.set_peers(names.clone())?,
            Resolver::Dns(dns) => {
                // Its files of certificates, which may be wrong, are read with the first.
                this.member("localhost")?;
                runtime.spawn(dns::follow(dns.clone(), Weak::clone(&this.this)));
            }
        }
        Ok(this)
    }

    fn tier(&self) -> Arc<Tier> {
        Arc::clone(&self.tier.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// These are the peers from now on; those that were peers before keep what they have.
    ///
    /// # Errors
    /// One cannot be sent to: why. All stay as they were.
    fn set_peers(&self, mut names: Vec<String>) -> Result<(), String> {
        names.sort_unstable();
        names.dedup();
        let before = self.tier();
        let known = |name: &String| before.members.iter().find(|member| member.name == *name);
        let members = names.iter().map(|name| match known(name) {
            Some(member) => Ok(Arc::clone(member)),
            None => self.member(name).map(Arc::new),
        });
        let tier = Tier {
            members: members.collect::<Result<_, _>>()?,
            ring: Ring::new(&names),
        };
        *self.tier.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(tier);
        // Now that the others are there, to whom it all goes.
        for member in &before.members {
            if !names.contains(&member.name) {
                member.has_left.send_replace(true);
            }
        }
        Ok(())
    }

    fn member(&self, name: &str) -> Result<Member, String> {
        let config = self.template.to(&with_port(name));
        let peer = {
            let _within = self.runtime.enter();
            grpc::Peer::new(&OTLP, &config)?
        };
        let (leaving, has_left) = watch::channel(false);
        let others: Weak<dyn Others> = self.this.clone();
        let delivery = Arc::new(Delivery {
            peer: Peer::Grpc(Box::new(peer)),
            retry: config.retry,
            account: self.account.of_peer(grpc::shown(&config.endpoint)),
            membership: Some(Membership { has_left, others }),
            standing: Standing::default(),
        });
        Ok(Member {
            name: name.to_owned(),
            sending: Sending::new(Arc::clone(&delivery), &config.queue, self.runtime.clone()),
            delivery,
            has_left: leaving,
        })
    }

    /// A batch in parts, each with its peer.
    fn parts(&self, tier: &Tier, batch: &Arc<SpanBatch>) -> Vec<(Arc<Member>, Arc<SpanBatch>)> {
        let rows = self.key.rows(batch, &tier.ring, tier.members.len());
        let of_peer = |(peer, rows): (usize, _)| {
            let member = Arc::clone(&tier.members[peer]);
            (member, part(batch, &rows))
        };
        rows.into_iter().map(of_peer).collect()
    }
}

impl Consumer for LoadBalancing {
    fn consume(&self, batch: Arc<SpanBatch>, ack: Ack) {
        self.account.arrived(batch.len() as u64);
        let tier = self.tier();
        if tier.members.is_empty() {
            self.account.rejected("no_peers", batch.len() as u64);
            let exporter = self.account.exporter();
            let why = format!("the exporter {exporter} has no peers yet");
            return ack(Err(StoreError::Unavailable(why)));
        }
        let parts = self.parts(&tier, &batch);
        let acks = shared(parts.len(), ack);
        for ((member, part), ack) in parts.into_iter().zip(acks) {
            member.sending.consume(part, ack);
        }
    }
}

impl Others for LoadBalancing {
    fn share(&self, batch: &Arc<SpanBatch>) -> Vec<(Arc<Delivery>, Arc<SpanBatch>)> {
        let parts = self.parts(&self.tier(), batch).into_iter();
        let of_member = |(member, part): (Arc<Member>, _)| (Arc::clone(&member.delivery), part);
        parts.map(of_member).collect()
    }
}
