//! The running graph of a file, and how it becomes that of a changed one.
//!
//! ```text
//! receiver ─┬─► pipeline: processor ─► … ─► fan-out ─┬─► exporter
//!           └─► pipeline: …                          └─► exporter
//! ```
//!
//! One exporter is shared by all pipelines that name it, as is a connector, which
//! stands at the end of some and before others; a processor is each pipeline's own. A
//! batch that goes several ways is shared, not copied.
//!
//! A change is prepared beside the running graph, and made in this order: from now on
//! spans go the new way; those that are underway on the old one arrive; what is no
//! longer there ends; what waited for its place is opened. **No span is lost by it,
//! and what is written as before goes on as it is** ([ADR 025]).
//!
//! [ADR 025]: ../../../../../docs/adr/025-a-changed-file.md

mod accounts;
mod building;
mod endings;
mod ledger;
mod stage;
mod ways;

use std::collections::BTreeMap;
use std::mem;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};
use tracewell_model::Consumer;
use tracewell_model::spool::Spools;

use super::file::PipelineFile;
use super::id::ComponentId;
use super::joint::Underway;
use crate::destination::Entries;
pub use accounts::{Accounts, Layout, Scraped};
use building::{Building, Plan};
pub use endings::Endings;
use stage::Stage;
use ways::Broken;
pub(crate) use ways::{Nop, fan_out};

/// How long spans may be underway on the old way before what stands there ends all
/// the same; whoever sends them is then told to come again.
const UNDERWAY_MAX: Duration = Duration::from_secs(5);

/// How long a component that is no longer in the file may take over what it has.
const LINGERING_MAX: Duration = Duration::from_secs(600);

/// Between two looks whether it is time.
const LOOK_INTERVAL: Duration = Duration::from_millis(5);
const LINGERING_INTERVAL: Duration = Duration::from_millis(100);

/// What may wait on the disk waits there, by the name of the extension.
pub type Spooled = BTreeMap<ComponentId, Arc<dyn Spools>>;

/// What components find around them.
pub struct Surroundings<'s> {
    /// What the exporter `tracewell` hands to.
    pub store: &'s Arc<dyn Consumer>,
    /// Timers and senders run here.
    pub runtime: &'s Handle,
    /// Where things wait on the disk.
    pub spools: &'s Spooled,
    /// What the component is to do before it goes.
    pub endings: &'s Endings,
}

/// Puts one consumer before another.
pub type Watched = Box<dyn Fn(Arc<dyn Consumer>) -> Arc<dyn Consumer> + Send + Sync>;

/// What is around a graph, whatever file it is of.
pub struct Ground {
    /// What the exporter `tracewell` hands to.
    pub store: Arc<dyn Consumer>,
    /// Timers and senders run here.
    pub runtime: Handle,
    /// Puts whoever looks at all spans before what takes those of a receiver.
    pub watched: Watched,
}

/// A running graph.
pub struct Graph {
    ground: Arc<Ground>,
    entries: Arc<Entries>,
    accounts: Accounts,
    running: Mutex<Running>,
}

/// What runs now.
#[derive(Default)]
struct Running {
    file: Arc<PipelineFile>,
    spools: Arc<Spooled>,
    /// Those before which others stand come first.
    stages: Vec<Arc<Stage>>,
    /// No longer in the file, and not done yet.
    lingering: Vec<Arc<Stage>>,
}

/// What is to be done to a running graph. **Either [`Graph::change`] or
/// [`Graph::leave`] MUST be told of it**: it holds what was opened for it.
pub struct Change {
    file: Arc<PipelineFile>,
    spools: Arc<Spooled>,
    plan: Plan,
}

/// A change from which on spans go the new way.
struct Led {
    old: Running,
    /// The accounts that were.
    before: Accounts,
    underway: Vec<Underway>,
    stages: Vec<Arc<Stage>>,
    to_open: Vec<Arc<Stage>>,
}

impl Graph {
    /// Makes that of a file. Connects to nobody yet, and may wait for a disk.
    ///
    /// # Errors
    /// A component cannot be made: which, and why.
    pub fn start(file: PipelineFile, spools: Spooled, ground: Ground) -> Result<Arc<Self>, String> {
        let graph = Self {
            ground: Arc::new(ground),
            entries: Arc::default(),
            accounts: Accounts::default(),
            running: Mutex::default(),
        };
        let change = graph.prepare(file, spools)?;
        // Nothing was there, so nobody is underway, and nothing is waited for.
        graph.lead(change);
        Ok(Arc::new(graph))
    }

    /// What takes the spans of each receiver.
    #[must_use]
    pub fn entries(&self) -> &Arc<Entries> {
        &self.entries
    }

    /// The accounts of its components.
    #[must_use]
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes what a changed file needs and is not there. Connects to nobody yet, and
    /// may wait for a disk.
    ///
    /// # Errors
    /// A component cannot be made: which, and why. Everything is as before.
    pub fn prepare(&self, file: PipelineFile, spools: Spooled) -> Result<Change, String> {
        let (running, lingering) = {
            let running = self.running();
            (running.stages.clone(), running.lingering.clone())
        };
        let around = (&*self.ground, &spools);
        let there = (&running[..], &lingering[..]);
        let building = Building::new(&file, around, there, self.accounts.prepared());
        let (plan, result) = building.plan();
        if let Err(why) = result {
            self.ground.runtime.spawn(end_all(plan.made));
            return Err(why);
        }
        Ok(Change {
            file: Arc::new(file),
            spools: Arc::new(spools),
            plan,
        })
    }

    /// Does not make a change.
    pub async fn leave(&self, change: Change) {
        end_all(change.plan.made).await;
    }

    /// Makes a change. Answers what could not be done as the file says, which is left
    /// as it was. One change at a time.
    pub async fn change(self: &Arc<Self>, change: Change) -> Vec<String> {
        let Led {
            old,
            before,
            underway,
            stages,
            to_open,
        } = self.lead(change);
        arrived(&underway).await;

        let is_replaced = |stage: &Stage| stages.iter().any(|new| new.id == stage.id);
        let stays = |stage: &Arc<Stage>| stages.iter().any(|new| Arc::ptr_eq(new, stage));
        // Those that hand to others come first.
        let gone = old.stages.iter().rev().filter(|stage| !stays(stage));
        let gone: Vec<Arc<Stage>> = gone.cloned().collect();
        for stage in old.lingering.iter().filter(|stage| is_replaced(stage)) {
            stage.endings.run().await;
        }
        let mut left: Vec<Arc<Stage>> = Vec::new();
        for stage in gone {
            // What stands behind one that is not done yet is needed.
            if is_replaced(&stage) || left.is_empty() && stage.endings.is_time() {
                stage.endings.run().await;
            } else {
                left.push(stage);
            }
        }
        {
            // Those that lingered before may have ended meanwhile.
            let mut running = self.running();
            running.lingering.retain(|stage| !is_replaced(stage));
            running.lingering.extend(left.iter().cloned());
            for stage in &running.lingering {
                self.accounts.take_over(&before, &stage.id);
            }
        }
        if !left.is_empty() {
            self.ground.runtime.spawn(Arc::clone(self).linger(left));
        }
        let mut troubles = Vec::new();
        for stage in to_open {
            troubles.extend(self.open(stage, &old).await);
        }
        troubles
    }

    /// From now on spans go the new way.
    fn lead(&self, Change { file, spools, plan }: Change) -> Led {
        let before = self.accounts.become_those(&plan.accounts, &file);
        let old = {
            let mut running = self.running();
            let new = Running {
                file,
                spools,
                stages: plan.stages.clone(),
                lingering: running.lingering.clone(),
            };
            mem::replace(&mut *running, new)
        };
        let mut underway: Vec<Underway> = Vec::new();
        underway.extend(plan.to_open.iter().map(|stage| stage.seat.close()));
        let leads = plan.leads.into_iter();
        underway.extend(leads.map(|(joint, next)| joint.lead_to(next)));
        underway.extend(self.entries.become_those(plan.entries));
        Led {
            old,
            before,
            underway,
            stages: plan.stages,
            to_open: plan.to_open,
        }
    }

    /// Opens what waited for its place. Where that fails, what was there before is
    /// opened again.
    async fn open(&self, stage: Arc<Stage>, old: &Running) -> Option<String> {
        let (ground, accounts) = (Arc::clone(&self.ground), self.accounts.clone());
        let of_file = |of: &Running| (Arc::clone(&of.file), Arc::clone(&of.spools));
        let (new, before) = (of_file(&self.running()), of_file(old));
        let of = Arc::clone(&stage);
        // It may wait for a disk.
        let opened = tokio::task::spawn_blocking(move || {
            match of.make(&new.0, (&ground, &new.1), &accounts) {
                // So may taking what was held meanwhile.
                Ok(made) => drop(of.seat.lead_to(made)),
                Err(why) => {
                    let before = of.make(&before.0, (&ground, &before.1), &accounts);
                    return Err((why, before));
                }
            }
            Ok(())
        });
        let (why, before) = match opened.await {
            Ok(Ok(())) => return None,
            Ok(Err(failed)) => failed,
            Err(error) => (error.to_string(), Err("it failed".to_owned())),
        };
        // The next change tries again.
        stage.is_other.store(true, Ordering::Relaxed);
        Some(match before {
            Ok(made) => {
                stage.seat.lead_to(made);
                format!("{why}; it goes on as it was before")
            }
            Err(_) => {
                stage.seat.lead_to(Arc::new(Broken {
                    why: why.clone(),
                    refusals: Arc::clone(self.accounts.refusals()),
                }));
                format!("{why}; until that is mended it takes no spans")
            }
        })
    }

    /// Leaves components that are no longer in the file to what they still have, and
    /// ends them then: those that hand to others first.
    async fn linger(self: Arc<Self>, stages: Vec<Arc<Stage>>) {
        let until = Instant::now() + LINGERING_MAX;
        for stage in stages {
            let is_left = || {
                let lingering = &self.running().lingering;
                lingering.iter().any(|other| Arc::ptr_eq(other, &stage))
            };
            while is_left() && !stage.endings.is_time() && Instant::now() < until {
                sleep(LINGERING_INTERVAL).await;
            }
            if !is_left() {
                continue;
            }
            if !stage.endings.is_time() {
                tracing::warn!(
                    "{}, which is no longer in the file, is not done and ends; what waits on \
                     the disk stays there until it is in the file again",
                    stage.id.path()
                );
            }
            stage.endings.run().await;
            let mut running = self.running();
            running
                .lingering
                .retain(|other| !Arc::ptr_eq(other, &stage));
            if !running.stages.iter().any(|new| new.id == stage.id) {
                self.accounts.forget(&stage.id);
            }
        }
    }

    /// Ends all components: those that hand to others first. Receivers have stopped.
    pub async fn end(&self) {
        let Running {
            mut stages,
            mut lingering,
            ..
        } = mem::take(&mut *self.running());
        lingering.reverse();
        stages.extend(lingering);
        end_all(stages).await;
    }
}

/// Ends components, of which those that hand to others come last.
async fn end_all(stages: Vec<Arc<Stage>>) {
    for stage in stages.iter().rev() {
        stage.endings.run().await;
    }
}

/// Waits until nobody is underway any more.
async fn arrived(underway: &[Underway]) {
    let until = Instant::now() + UNDERWAY_MAX;
    while !underway.iter().all(Underway::is_nobody) && Instant::now() < until {
        sleep(LOOK_INTERVAL).await;
    }
}

impl std::fmt::Debug for Graph {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut debug = formatter.debug_struct("Graph");
        debug
            .field("entries", &self.entries)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Change {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Change")
    }
}
