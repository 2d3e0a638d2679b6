//! The read side of each tenant, made when somebody asks for the first time.

use super::Tenants;
use std::sync::Arc;
use tracewell_access::Tenant;
use tracewell_api::{ProcessFacts, QueryState, Side, TenantSides, UiConfig};
use tracewell_collector::{Accounting, Sampling};
use tracewell_model::TraceStore;
use tracewell_store::memory::MemoryStore;

/// See the module's text.
pub(in crate::serve) struct Sides {
    tenants: Arc<Tenants>,
    /// Whose clock and limits all queries have.
    state: Arc<QueryState>,
    /// Those of the process.
    facts: Arc<ProcessFacts>,
    ui: UiConfig,
    /// Of everybody who has sent nothing.
    empty: Arc<Side>,
}

impl Sides {
    pub(in crate::serve) fn new(
        tenants: Arc<Tenants>,
        state: Arc<QueryState>,
        facts: Arc<ProcessFacts>,
        ui: UiConfig,
    ) -> Self {
        let nothing = Arc::new(MemoryStore::new(0));
        let empty = side(
            &state,
            &facts,
            &ui,
            (nothing, Accounting::new(), Arc::clone(&tenants.sampling)),
        );
        Self {
            tenants,
            state,
            facts,
            ui,
            empty,
        }
    }
}

impl TenantSides for Sides {
    fn side(&self, tenant: &Tenant) -> Arc<Side> {
        let Some(one) = self.tenants.one(tenant) else {
            return Arc::clone(&self.empty);
        };
        let own = || {
            let store = Arc::clone(&one.store);
            let (accounting, sampling) = (Arc::clone(&one.accounting), Arc::clone(&one.sampling));
            let of_tenant = (store, accounting, sampling);
            side(&self.state, &self.facts, &self.ui, of_tenant)
        };
        Arc::clone(one.side.get_or_init(own))
    }
}

fn side(
    state: &QueryState,
    facts: &ProcessFacts,
    ui: &UiConfig,
    (store, accounting, sampling): (Arc<dyn TraceStore>, Arc<Accounting>, Arc<Sampling>),
) -> Arc<Side> {
    let state = Arc::new(state.beside(store));
    let facts = Arc::new(facts.of_tenant(accounting, sampling));
    Arc::new(Side::new(&state, &facts, ui))
}
