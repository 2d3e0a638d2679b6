//! Where the spans of a request go, and whose questions about sampling are
//! answered how: the same for everybody, or by tenant.
//!
//! Receivers ask once a request. **Nothing of one tenant is reachable through
//! another's destination**, and a question never opens one.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use tracewell_access::{Admitted, Denial, Tenant};
use tracewell_model::store::Ack;
use tracewell_model::{Consumer, SpanBatch, StoreError};

use crate::pipelines::joint::{Joint, Underway};
use crate::refusal::Refusal;
use crate::sampling::Sampling;

/// What takes the spans of receivers, by the names of their accounts. It can be
/// changed while spans come.
#[derive(Default)]
pub struct Entries(RwLock<BTreeMap<String, Arc<Joint>>>);

impl Entries {
    /// What takes the spans of the receiver with this account.
    #[must_use]
    pub fn of(&self, account: &str) -> Option<Arc<dyn Consumer>> {
        let entries = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(entries.get(account)?) as _)
    }

    /// From now on these do. Answers who is underway to those before.
    pub(crate) fn become_those(
        &self,
        mut new: BTreeMap<String, Arc<dyn Consumer>>,
    ) -> Vec<Underway> {
        let mut entries = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let mut underway = Vec::new();
        entries.retain(|account, joint| match new.remove(account) {
            Some(consumer) => {
                underway.push(joint.lead_to(consumer));
                true
            }
            None => {
                underway.push(joint.lead_to(Arc::new(Gone)));
                false
            }
        });
        entries.extend(
            new.into_iter()
                .map(|(account, to)| (account, Joint::to(to))),
        );
        underway
    }
}

/// Where the spans of a receiver go that is no longer there.
struct Gone;

impl Consumer for Gone {
    fn consume(&self, _batch: Arc<SpanBatch>, ack: Ack) {
        let why = "this receiver is no longer there".to_owned();
        ack(Err(StoreError::Unavailable(why)));
    }
}

/// What stands behind the receivers of a process.
#[derive(Clone)]
pub enum Destination {
    /// One for everybody.
    One {
        /// Takes the spans.
        consumer: Arc<dyn Consumer>,
        /// How clients are to sample.
        sampling: Arc<Sampling>,
    },
    /// One for each receiver.
    ByReceiver {
        /// They take the spans.
        entries: Arc<Entries>,
        /// How clients are to sample.
        sampling: Arc<Sampling>,
    },
    /// One for each tenant.
    ByTenant {
        /// Knows them.
        tenants: Arc<dyn TenantDestinations>,
        /// How clients are to sample that name no tenant, or one that has sent
        /// nothing yet.
        sampling: Arc<Sampling>,
    },
}

/// The destinations of tenants.
pub trait TenantDestinations: Send + Sync + 'static {
    /// Takes the spans of a tenant that has sent some before.
    fn known(&self, tenant: &Tenant) -> Option<Arc<dyn Consumer>>;

    /// May a tenant that is not known be opened? Answers at once.
    ///
    /// # Errors
    /// As [`TenantDestinations::open`].
    fn may_open(&self, tenant: &Tenant) -> Result<(), StoreError>;

    /// As [`TenantDestinations::known`], for a tenant that is new. May wait for a
    /// disk.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when there may be no such tenant, another one when
    /// its store cannot be opened at present.
    fn open(&self, tenant: &Tenant) -> Result<Arc<dyn Consumer>, StoreError>;

    /// How its clients are to sample, if it has sent spans before.
    fn sampling(&self, tenant: &Tenant) -> Option<Arc<Sampling>>;
}

impl Destination {
    /// Where the spans of who was let in by the receiver with this account go, as
    /// far as that is known before they are read: no store is made for what turns
    /// out to be none.
    pub(crate) fn of(&self, who: &Admitted, account: &str) -> Result<Destined, Refusal> {
        match self {
            Self::One { consumer, .. } => Ok(Destined::Known(Arc::clone(consumer))),
            Self::ByReceiver { entries, .. } => match entries.of(account) {
                Some(consumer) => Ok(Destined::Known(consumer)),
                None => Err(Refusal::Internal("no pipeline has this receiver")),
            },
            Self::ByTenant { tenants, .. } => {
                let denied = || Refusal::Denied(Denial::NoTenant);
                let tenant = who.tenant.as_ref().ok_or_else(denied)?;
                if let Some(consumer) = tenants.known(tenant) {
                    return Ok(Destined::Known(consumer));
                }
                tenants.may_open(tenant).map_err(refused)?;
                Ok(Destined::New(Arc::clone(tenants), tenant.clone()))
            }
        }
    }

    /// How clients of who was let in are to sample.
    pub(crate) fn sampling(&self, who: &Admitted) -> Arc<Sampling> {
        match self {
            Self::One { sampling, .. } | Self::ByReceiver { sampling, .. } => Arc::clone(sampling),
            Self::ByTenant { tenants, sampling } => {
                let own = who.tenant.as_ref().and_then(|who| tenants.sampling(who));
                own.unwrap_or_else(|| Arc::clone(sampling))
            }
        }
    }
}

/// Where the spans of one request go.
pub(crate) enum Destined {
    /// There.
    Known(Arc<dyn Consumer>),
    /// To a tenant that sends for the first time.
    New(Arc<dyn TenantDestinations>, Tenant),
}

impl Destined {
    /// Would opening it wait for a disk?
    pub(crate) fn is_new(&self) -> bool {
        matches!(self, Self::New(..))
    }

    /// Takes the spans; may wait for a disk when it is new.
    pub(crate) fn open(self) -> Result<Arc<dyn Consumer>, Refusal> {
        match self {
            Self::Known(consumer) => Ok(consumer),
            Self::New(tenants, tenant) => tenants.open(&tenant).map_err(refused),
        }
    }
}

fn refused(error: StoreError) -> Refusal {
    match error {
        StoreError::Refused(why) => Refusal::Denied(Denial::NoTenantName(why)),
        other => other.into(),
    }
}

impl From<Arc<dyn Consumer>> for Destination {
    /// For everybody, of whom all traces are wanted.
    fn from(consumer: Arc<dyn Consumer>) -> Self {
        Self::One {
            consumer,
            sampling: Arc::default(),
        }
    }
}

impl<C: Consumer> From<Arc<C>> for Destination {
    fn from(consumer: Arc<C>) -> Self {
        let consumer: Arc<dyn Consumer> = consumer;
        consumer.into()
    }
}

impl fmt::Debug for Destination {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::One { .. } => "Destination::One",
            Self::ByReceiver { .. } => "Destination::ByReceiver",
            Self::ByTenant { .. } => "Destination::ByTenant",
        })
    }
}

impl fmt::Debug for Entries {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.0.read().unwrap_or_else(PoisonError::into_inner);
        formatter.debug_set().entries(entries.keys()).finish()
    }
}
