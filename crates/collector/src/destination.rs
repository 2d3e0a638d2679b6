//! Where the spans of a request go, and whose questions about sampling are
//! answered how: the same for everybody, or by tenant.
//!
//! Receivers ask once a request. **Nothing of one tenant is reachable through
//! another's destination**, and a question never opens one.

use std::fmt;
use std::sync::Arc;

use tracewell_access::{Admitted, Denial, Tenant};
use tracewell_model::{Consumer, StoreError};

use crate::refusal::Refusal;
use crate::sampling::Sampling;

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

    /// The same, for a tenant that is new. May wait for a disk.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when there may be no such tenant, another one when
    /// its store cannot be opened at present.
    fn open(&self, tenant: &Tenant) -> Result<Arc<dyn Consumer>, StoreError>;

    /// How its clients are to sample, if it has sent spans before.
    fn sampling(&self, tenant: &Tenant) -> Option<Arc<Sampling>>;
}

impl Destination {
    /// Takes the spans of who was let in.
    pub(crate) async fn consumer(&self, who: &Admitted) -> Result<Arc<dyn Consumer>, Refusal> {
        match self {
            Self::One { consumer, .. } => Ok(Arc::clone(consumer)),
            Self::ByTenant { tenants, .. } => {
                let denied = || Refusal::Denied(Denial::NoTenant);
                let tenant = who.tenant.as_ref().ok_or_else(denied)?;
                match tenants.known(tenant) {
                    Some(consumer) => Ok(consumer),
                    None => open(tenants, tenant).await,
                }
            }
        }
    }

    /// How clients of who was let in are to sample.
    pub(crate) fn sampling(&self, who: &Admitted) -> Arc<Sampling> {
        match self {
            Self::One { sampling, .. } => Arc::clone(sampling),
            Self::ByTenant { tenants, sampling } => {
                let own = who.tenant.as_ref().and_then(|who| tenants.sampling(who));
                own.unwrap_or_else(|| Arc::clone(sampling))
            }
        }
    }
}

async fn open(
    tenants: &Arc<dyn TenantDestinations>,
    tenant: &Tenant,
) -> Result<Arc<dyn Consumer>, Refusal> {
    let (tenants, tenant) = (Arc::clone(tenants), tenant.clone());
    let opened = tokio::task::spawn_blocking(move || tenants.open(&tenant)).await;
    match opened {
        Ok(Ok(consumer)) => Ok(consumer),
        Ok(Err(StoreError::Refused(why))) => Err(Refusal::Denied(Denial::NoTenantName(why))),
        Ok(Err(error)) => Err(error.into()),
        Err(_ended) => Err(Refusal::Internal("the store of a tenant was not opened")),
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
            Self::ByTenant { .. } => "Destination::ByTenant",
        })
    }
}
