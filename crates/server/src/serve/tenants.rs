//! A store for each tenant, below `tenants` in the data directory, and what
//! stands before it.
//!
//! ```text
//! request ─ door/port: whose? ─► tenant ─► ration ─► roots counted ─► its store
//!                                       └► its routers ─► its store
//! ```
//!
//! The stores share memory, turns and limits on queries (`store::neighbours`,
//! `QueryState::beside`), and nothing that was sent. **A question never makes a
//! tenant**: only spans do.

mod all;
mod limits;
mod sides;

use super::limits::MemoryShares;
use super::{adapting, stores};
use crate::config::{Config, Storage};
use anyhow::Context;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use tracewell_access::Tenant;
use tracewell_api::Side;
use tracewell_collector::{Accounting, CountedRoots, Rationed, Sampling, TenantDestinations};
use tracewell_model::clock::SystemClock;
use tracewell_model::{Consumer, StoreError, TraceStore};

pub(super) use all::AllTenants;
use limits::Limits;
pub(super) use sides::Sides;

/// Below the data directory.
const TENANTS_DIR: &str = "tenants";

/// All tenants of the process.
pub(super) struct Tenants {
    config: Config,
    shares: MemoryShares,
    limits: Limits,
    /// Where the tasks of tenants run.
    runtime: tokio::runtime::Handle,
    /// Strategies for everybody.
    sampling: Arc<Sampling>,
    open: RwLock<BTreeMap<Tenant, Arc<OneTenant>>>,
    /// Held while a store is opened: there is one at a time, and none once it says
    /// so.
    opening: Mutex<Closed>,
    is_full_told: AtomicBool,
}

/// The process stops: no store is opened any more.
#[derive(Default)]
struct Closed(bool);

/// What one tenant has.
struct OneTenant {
    store: Arc<dyn TraceStore>,
    consumer: Arc<dyn Consumer>,
    sampling: Arc<Sampling>,
    accounting: Arc<Accounting>,
    side: OnceLock<Arc<Side>>,
}

impl Tenants {
    /// Opens the stores of all tenants that there are.
    ///
    /// # Errors
    /// What the stores say, with the directory; what is wrong with the file of
    /// tenants.
    pub(super) fn open_all(
        config: &Config,
        shares: &MemoryShares,
        sampling: &Arc<Sampling>,
    ) -> anyhow::Result<Arc<Self>> {
        let tenants = Arc::new(Self {
            config: config.clone(),
            shares: shares.clone(),
            limits: Limits::read(config.tenants.file.as_deref())?,
            runtime: tokio::runtime::Handle::current(),
            sampling: Arc::clone(sampling),
            open: RwLock::default(),
            opening: Mutex::default(),
            is_full_told: AtomicBool::new(false),
        });
        if config.storage == Storage::Embedded {
            stores::warn_of_others(&config.data_dir);
            let all = on_disk(&config.data_dir.join(TENANTS_DIR))?;
            let (are, most) = (all.len(), config.tenants.max);
            if are > most {
                tracing::warn!("there are {are} tenants, more than tenants.max ({most})");
            }
            for tenant in all {
                tenants
                    .open_one(&tenant)
                    .with_context(|| format!("tenant {tenant}"))?;
            }
        }
        Ok(tenants)
    }

    /// The stores of all of them.
    fn stores(&self) -> Vec<(Tenant, Arc<dyn TraceStore>)> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        let each = open
            .iter()
            .map(|(tenant, one)| (tenant.clone(), Arc::clone(&one.store)));
        each.collect()
    }

    /// Shuts all stores down at once.
    fn shut_down(&self) {
        self.opening().0 = true;
        let stores = self.stores();
        std::thread::scope(|scope| {
            for (_, store) in &stores {
                scope.spawn(|| store.shut_down());
            }
        });
    }

    fn opening(&self) -> MutexGuard<'_, Closed> {
        self.opening.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn one(&self, tenant: &Tenant) -> Option<Arc<OneTenant>> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        open.get(tenant).cloned()
    }

    fn dir(&self, tenant: &Tenant) -> PathBuf {
        self.config
            .data_dir
            .join(TENANTS_DIR)
            .join(tenant.dir_name())
    }

    /// Opens the store of a tenant, which is made if there is none. On any thread.
    fn open_one(&self, tenant: &Tenant) -> anyhow::Result<Arc<OneTenant>> {
        let _runtime = self.runtime.enter();
        let dir = self.dir(tenant);
        let config = Config {
            data_dir: dir.clone(),
            retention: self.limits.retention(tenant, self.config.retention),
            ..self.config.clone()
        };
        let is_kept = config.storage == Storage::Embedded;
        if is_kept && !config.is_read_only {
            std::fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
        }
        let store = stores::open(&config, &self.shares)?;
        let sampling = Arc::new(self.sampling.for_tenant());
        if !config.is_read_only {
            adapting::start(&sampling, is_kept.then_some(&*dir));
        }
        let counted = CountedRoots::new(
            Arc::clone(&sampling),
            Arc::new(SystemClock),
            stores::consumer(&store),
        );
        let accounting = Accounting::new();
        let consumer = Rationed::new(self.limits.ration(tenant), &accounting, Arc::new(counted));
        let one = Arc::new(OneTenant {
            store,
            consumer: Arc::new(consumer),
            sampling,
            accounting,
            side: OnceLock::new(),
        });
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        open.insert(tenant.clone(), Arc::clone(&one));
        Ok(one)
    }
}

/// The tenants that have a directory.
fn on_disk(dir: &Path) -> anyhow::Result<Vec<Tenant>> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(|| dir.display().to_string()),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.with_context(|| dir.display().to_string())?;
        match entry.file_name().to_str().and_then(Tenant::of_dir_name) {
            Some(tenant) => found.push(tenant),
            None => tracing::warn!(
                "{} is not the directory of a tenant and is left alone",
                entry.path().display()
            ),
        }
    }
    Ok(found)
}

impl TenantDestinations for Tenants {
    fn known(&self, tenant: &Tenant) -> Option<Arc<dyn Consumer>> {
        let one = self.one(tenant).filter(|_| self.limits.allows(tenant))?;
        Some(Arc::clone(&one.consumer))
    }

    fn may_open(&self, tenant: &Tenant) -> Result<(), StoreError> {
        if !self.limits.allows(tenant) {
            let unknown = format!("there is no tenant {tenant}; add it to tenants.file");
            return Err(StoreError::Refused(unknown));
        }
        let most = self.config.tenants.max;
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        if open.len() < most {
            return Ok(());
        }
        let full = format!(
            "there are {most} tenants already, and {tenant} would be one more; raise tenants.max"
        );
        if !self.is_full_told.swap(true, Ordering::Relaxed) {
            tracing::warn!("{full}");
        }
        Err(StoreError::Refused(full))
    }

    fn open(&self, tenant: &Tenant) -> Result<Arc<dyn Consumer>, StoreError> {
        let one_at_a_time = self.opening();
        if one_at_a_time.0 {
            return Err(StoreError::ShuttingDown);
        }
        if let Some(consumer) = self.known(tenant) {
            return Ok(consumer);
        }
        self.may_open(tenant)?;
        let dir = self.dir(tenant);
        let was_there = dir.exists();
        match self.open_one(tenant) {
            Ok(one) => {
                tracing::info!("tenant {tenant} is new");
                Ok(Arc::clone(&one.consumer))
            }
            Err(error) => {
                // Nothing was ever stored in it.
                if !was_there && let Err(error) = std::fs::remove_dir_all(&dir) {
                    tracing::debug!(%error, "{} stays", dir.display());
                }
                tracing::error!("the store of tenant {tenant} cannot be opened: {error:#}");
                let told = "the store of this tenant cannot be opened; the server's log says why";
                Err(StoreError::Unavailable(told.to_owned()))
            }
        }
    }

    fn sampling(&self, tenant: &Tenant) -> Option<Arc<Sampling>> {
        self.one(tenant).map(|one| Arc::clone(&one.sampling))
    }
}
