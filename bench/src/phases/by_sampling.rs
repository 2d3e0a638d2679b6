//! Thousands of traces a second that wait half a minute to be decided, by a process
//! that is killed twice meanwhile.
//!
//! Its memory is written down second by second. At the end every trace is held
//! against what must have become of it: **a trace that is there in part, or decided
//! otherwise than it must be, makes the run unsound**.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tracewell_model::clock::{Clock, SystemClock};
use tracewell_testkit::{TestSpan, batch};
use tracewell_wire::otlp::protobuf;

use super::Bench;
use crate::facts::{Facts, grouped, shown};
use crate::http::Connection;
use crate::process;
use crate::sampled::{Expected, LIMITED_SPANS_A_SECOND, PARTS, POLICIES, Trace, known};
use crate::server::Server;
use crate::sizes::Sizes;

/// Spans are sent so often.
const SLOT: Duration = Duration::from_millis(100);

/// Connections, each with its own traces.
const SENDERS: u64 = 4;

/// Between two attempts to send.
const PAUSE: Duration = Duration::from_millis(50);

/// How long the last decisions may take after their time.
const DECIDED_WITHIN: Duration = Duration::from_secs(300);

/// More mistakes than this are counted, and not described.
const MOST_SHOWN: usize = 5;

pub(super) fn measure(bench: &mut Bench, facts: &mut Facts) -> anyhow::Result<()> {
    let sizes = bench.sizes;
    let out = bench.data_dir("sampled.otlp");
    let file = bench.data_dir("sampling.yaml");
    std::fs::write(&file, text(&sizes, &out))?;
    let file = file.display().to_string();
    let start = || bench.start("sampling", &["--config", &file]);
    let mut server = start()?;
    let plan = Plan::new(&sizes, server.address("otlp-http")?);
    let mut memory = Memory::default();
    let ends = [0.2, 0.3].map(|share| sizes.sampled.mul_f64(share));
    std::thread::scope(|scope| -> anyhow::Result<()> {
        let plan = &plan;
        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| scope.spawn(move || plan.send(sender)))
            .collect();
        let watched = (|| -> anyhow::Result<()> {
            let mut ends = ends.iter().peekable();
            while senders.iter().any(|sender| !sender.is_finished()) {
                std::thread::sleep(SLOT * 10);
                memory.look(&server, plan.began.elapsed())?;
                if ends.next_if(|end| plan.began.elapsed() >= **end).is_some() {
                    let held = spool_bytes(&server.data_dir);
                    server.kill()?;
                    server = start()?;
                    plan.move_to(server.address("otlp-http")?);
                    let ready = shown(server.ready_after.as_secs_f64());
                    let at = plan.began.elapsed().as_secs();
                    facts.note(
                        format!("killed after {at} s"),
                        format!("ready again in {ready} s, with {} MiB of spool", held >> 20),
                    );
                }
            }
            Ok(())
        })();
        if watched.is_err() {
            plan.is_over.store(true, Ordering::Relaxed);
        }
        watched
    })?;
    let lasted = plan.began.elapsed();
    wait_until_decided(&server, &mut memory, &plan)?;
    facts.count("new traces a second", sizes.sampled_rate);
    let most_late = Duration::from_nanos(plan.most_late_ns.load(Ordering::Relaxed));
    let most_late_s = most_late.as_secs_f64();
    facts.number("a request was late by at most", most_late_s, "s");
    let acknowledged = plan.acknowledged.load(Ordering::Relaxed);
    facts.count("spans acknowledged", acknowledged);
    memory.tell(facts);
    let status = server.status()?;
    facts.note(
        "the account of the last life",
        status["processors"][0].to_string(),
    );
    server.terminate()?;
    judge(facts, &plan, &out, lasted)
}

fn text(sizes: &Sizes, out: &Path) -> String {
    format!(
        "receivers: {{otlp: {{protocols: {{http: {{endpoint: \"127.0.0.1:0\"}}, grpc: {{endpoint: \"127.0.0.1:0\"}}}}}}}}
processors:
  tail_sampling:
    decision_wait: {}s
    num_traces: {}
    policies:{POLICIES}
exporters: {{file: {{path: {}, format: proto, append: true}}}}
service: {{pipelines: {{traces: {{receivers: [otlp], processors: [tail_sampling], exporters: [file]}}}}}}
",
        sizes.sampled_wait.as_secs(),
        // A little more than there are at once.
        sizes.sampled_rate * sizes.sampled_wait.as_secs() * 6 / 5,
        out.display()
    )
}

/// What is sent, and how it goes.
struct Plan {
    began: Instant,
    began_ns: u64,
    traces_a_slot: u64,
    /// Slots in which traces begin.
    slots: u64,
    /// After how many slots a part comes.
    parts_after: [u64; PARTS as usize],
    late_after: u64,
    wait: Duration,
    to: Mutex<SocketAddr>,
    acknowledged: AtomicU64,
    most_late_ns: AtomicU64,
    /// Slots whose last part came when their traces may have been decided already.
    unclear: Mutex<Vec<u64>>,
    is_over: AtomicBool,
}

impl Plan {
    fn new(sizes: &Sizes, to: SocketAddr) -> Self {
        let slots = |time: Duration| (time.as_nanos() / SLOT.as_nanos()) as u64;
        let wait = sizes.sampled_wait;
        Self {
            began: Instant::now(),
            began_ns: SystemClock.now_ns(),
            traces_a_slot: sizes.sampled_rate / slots(Duration::from_secs(1)),
            slots: slots(sizes.sampled),
            parts_after: [0, slots(wait / 10), slots(wait / 4)],
            late_after: slots(wait + wait / 2),
            wait,
            to: Mutex::new(to),
            acknowledged: AtomicU64::new(0),
            most_late_ns: AtomicU64::new(0),
            unclear: Mutex::default(),
            is_over: AtomicBool::new(false),
        }
    }

    fn traces(&self) -> u64 {
        self.slots * self.traces_a_slot
    }

    fn move_to(&self, address: SocketAddr) {
        if let Ok(mut to) = self.to.lock() {
            *to = address;
        }
    }

    /// Sends the traces of one sender, and each request until it is taken.
    fn send(&self, sender: u64) {
        let mut connection = None;
        let mut begun: Vec<Instant> = Vec::new();
        let last_after = self.parts_after[PARTS as usize - 1];
        for slot in 0..self.slots + self.late_after.max(last_after) + 1 {
            let due = self.began + SLOT * slot as u32;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            begun.push(Instant::now());
            let spans = self.spans_of(slot, sender);
            if spans.is_empty() {
                continue;
            }
            let body = protobuf::encode(&batch(&spans));
            while !self.post(&mut connection, &body) {
                if self.is_over.load(Ordering::Relaxed) {
                    return;
                }
                std::thread::sleep(PAUSE);
            }
            self.acknowledged
                .fetch_add(spans.len() as u64, Ordering::Relaxed);
            self.most_late_ns
                .fetch_max(due.elapsed().as_nanos() as u64, Ordering::Relaxed);
            let first = slot.checked_sub(last_after);
            let is_unclear = |first: &u64| begun[*first as usize].elapsed() >= self.wait * 9 / 10;
            if let Some(first) = first.filter(is_unclear)
                && let Ok(mut unclear) = self.unclear.lock()
            {
                unclear.push(first);
            }
        }
    }

    fn spans_of(&self, slot: u64, sender: u64) -> Vec<TestSpan> {
        let mut spans = Vec::new();
        let traces = |after: u64| {
            let first = slot.checked_sub(after).filter(|first| *first < self.slots);
            let numbers = first.map_or(0..0, |first| {
                first * self.traces_a_slot..(first + 1) * self.traces_a_slot
            });
            let own = numbers.filter(move |number| number % SENDERS == sender);
            // Every slot has its second, so that all parts of a trace agree.
            let start_ns = self.began_ns + first.unwrap_or(0) * SLOT.as_nanos() as u64;
            own.map(move |number| (Trace::new(number + 1), start_ns))
        };
        for (part, after) in self.parts_after.into_iter().enumerate() {
            for (trace, start_ns) in traces(after) {
                trace.part(part as u64, start_ns, &mut spans);
            }
        }
        for (trace, start_ns) in traces(self.late_after) {
            if trace.has_late() {
                spans.push(trace.late_span(start_ns));
            }
        }
        spans
    }

    /// Whether it was taken; a connection that is gone is opened again the next time.
    fn post(&self, connection: &mut Option<Connection>, body: &[u8]) -> bool {
        if connection.is_none() {
            let to = self.to.lock().map(|to| *to);
            *connection = to.ok().and_then(|to| Connection::open(to).ok());
        }
        let Some(open) = connection else { return false };
        match open.post("/v1/traces", "application/x-protobuf", body) {
            Ok(answer) => answer.status == 200,
            Err(_gone) => {
                *connection = None;
                false
            }
        }
    }
}

/// Resident bytes, by second.
#[derive(Default)]
struct Memory {
    seen: Vec<(u64, u64)>,
}

impl Memory {
    fn look(&mut self, server: &Server, at: Duration) -> anyhow::Result<()> {
        let bytes = process::memory_bytes(server.pid(), "VmRSS")?;
        self.seen.push((at.as_secs(), bytes));
        Ok(())
    }

    fn tell(&self, facts: &mut Facts) {
        let every_s = (self.seen.len() / 20).max(1);
        let shown: Vec<String> = self
            .seen
            .iter()
            .step_by(every_s)
            .map(|(at, bytes)| format!("{at} s {}", bytes >> 20))
            .collect();
        facts.note("resident memory, MiB", shown.join(", "));
        let most = self.seen.iter().map(|(_, bytes)| *bytes).max();
        facts.bytes("resident memory: most", most.unwrap_or(0));
    }
}

/// Bytes of the files below a data directory.
fn spool_bytes(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let bytes = entries.map(|entry| match entry.metadata() {
        Ok(found) if found.is_dir() => spool_bytes(&entry.path()),
        Ok(found) => found.len(),
        // It was removed meanwhile.
        Err(_) => 0,
    });
    bytes.sum()
}

fn wait_until_decided(server: &Server, memory: &mut Memory, plan: &Plan) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        let status = server.status()?;
        let in_flight = status["processors"][0]["inFlight"].as_u64();
        let in_flight = in_flight.context("no processors.inFlight in /api/status")?;
        if in_flight == 0 {
            return Ok(());
        }
        ensure!(
            began.elapsed() < plan.wait + DECIDED_WITHIN,
            "{} spans are not decided",
            grouped(in_flight)
        );
        std::thread::sleep(Duration::from_secs(1));
        memory.look(server, plan.began.elapsed())?;
    }
}

/// Holds what came against what had to.
fn judge(facts: &mut Facts, plan: &Plan, out: &Path, lasted: Duration) -> anyhow::Result<()> {
    let (came, twice) = read(out)?;
    let unclear = plan.unclear.lock().map(|unclear| unclear.clone());
    let unclear = unclear.unwrap_or_default();
    let (mut sampled, mut limited_spans, mut late_slots) = (0u64, 0, 0u64);
    let (mut in_part, mut wrong) = (Vec::new(), Vec::new());
    for number in 1..=plan.traces() {
        let trace = Trace::new(number);
        let bits = came.get(&number).copied().unwrap_or(0);
        let is_sampled = bits != 0;
        sampled += u64::from(is_sampled);
        if is_sampled && bits != trace.whole() {
            in_part.push(number);
        }
        let is_right = match trace.expected() {
            Expected::Either => {
                limited_spans += if is_sampled { trace.spans() } else { 0 };
                true
            }
            expected => (expected == Expected::Sampled) == is_sampled,
        };
        if !is_right && unclear.contains(&((number - 1) / plan.traces_a_slot)) {
            late_slots += 1;
        } else if !is_right {
            wrong.push(number);
        }
    }
    facts.count("traces", plan.traces());
    facts.count("traces that are sampled", sampled);
    facts.count("spans that came twice", twice);
    facts.count("traces whose spans were sent too late to tell", late_slots);
    for (what, numbers) in [
        ("are there in part", in_part),
        ("are decided wrongly", wrong),
    ] {
        facts.count(format!("traces that {what}"), numbers.len() as u64);
        if !numbers.is_empty() {
            let shown = &numbers[..numbers.len().min(MOST_SHOWN)];
            facts.failure(format!("{} traces {what}: {shown:?}, …", numbers.len()));
        }
    }
    // Three lives, each with a full bucket of two seconds.
    let most = LIMITED_SPANS_A_SECOND * (lasted.as_secs() + plan.wait.as_secs() + 6 + 1);
    facts.count("spans of traces that the rate allowed", limited_spans);
    if limited_spans > most {
        facts.failure(format!("{limited_spans} spans passed, {most} were allowed"));
    }
    Ok(())
}

/// The spans of each trace, as bits, and how many came more than once.
fn read(out: &Path) -> anyhow::Result<(HashMap<u64, u32>, u64)> {
    let bytes = std::fs::read(out)?;
    let (mut came, mut twice) = (HashMap::new(), 0);
    let mut rest = &bytes[..];
    while let Some((length, after)) = rest.split_first_chunk() {
        let length = u32::from_be_bytes(*length) as usize;
        let record = after.get(..length).context("the file ends in a record")?;
        rest = &after[length..];
        let decoded = protobuf::decode(record)?.batch;
        let spans = decoded.spans();
        for (trace, span) in spans.trace_id.iter().zip(&spans.span_id) {
            let (number, bit) = known(trace.0, span.0);
            let bits: &mut u32 = came.entry(number).or_default();
            twice += u64::from(*bits & bit != 0);
            *bits |= bit;
        }
    }
    Ok((came, twice))
}
