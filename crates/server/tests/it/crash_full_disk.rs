//! A disk that is really full: a small file system, filled up by spans, by a
//! server that must refuse clearly, lose nothing, and go on by itself.

use crate::running::{Answer, Running, request};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use tracewell_testkit::Random;

/// Room for the log's segments (32 MiB each) and a few blocks.
const DISK_BYTES: u64 = 128 << 20;

/// Space that somebody else takes up, and gives back.
const BALLAST_BYTES: u64 = 24 << 20;

/// Spans in one request, all of one trace.
pub(crate) const SPANS: u64 = 100;

/// Far longer than the pause between two attempts of a store to go on, whose
/// threads stand behind everybody else's on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// Little memory makes small blocks.
const SETTINGS: &[&str] = &["--memory-limit", "64MiB"];

/// Live spans at which a block is written then.
const SEAL_BYTES: u64 = (64 << 20) / 12;

/// A mounted tmpfs; unmounted when dropped.
pub(crate) struct SmallDisk {
    path: PathBuf,
    by_sudo: bool,
}

impl SmallDisk {
    /// Mounts one at an empty directory; says why not.
    fn mount(path: &Path) -> Result<SmallDisk, String> {
        let user = Command::new("id").arg("-u").output().unwrap();
        let user = String::from_utf8_lossy(&user.stdout).trim().to_owned();
        let options = format!("size={DISK_BYTES},mode=700,uid={user}");
        let target = path.to_str().unwrap();
        let arguments = ["-t", "tmpfs", "-o", &options, "tmpfs", target];
        let mut reasons = String::new();
        for by_sudo in [false, true] {
            match command("mount", by_sudo).args(arguments).output() {
                Ok(output) if output.status.success() => {
                    let path = path.to_owned();
                    return Ok(SmallDisk { path, by_sudo });
                }
                Ok(output) => reasons.push_str(&String::from_utf8_lossy(&output.stderr)),
                Err(error) => reasons.push_str(&error.to_string()),
            }
        }
        Err(reasons)
    }
}

impl SmallDisk {
    /// From now on nothing on it can be written.
    fn make_read_only(&self) {
        let target = self.path.to_str().unwrap();
        let status = command("mount", self.by_sudo)
            .args(["-o", "remount,ro", target])
            .status();
        assert!(status.unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = command("umount", self.by_sudo).arg(&self.path).status();
        if !unmounted.is_ok_and(|status| status.success()) {
            eprintln!("{} stays mounted", self.path.display());
        }
    }
}

fn command(name: &str, by_sudo: bool) -> Command {
    if !by_sudo {
        return Command::new(name);
    }
    let mut command = Command::new("sudo");
    command.args(["-n", name]);
    command
}

/// A request with the spans of trace `number`, which compress badly.
fn body(number: u64) -> Vec<u8> {
    let mut random = Random::new(number);
    let mut noise = || -> String {
        (0..128)
            .map(|_| format!("{:016x}", random.number()))
            .collect()
    };
    let spans: Vec<String> = (1..=SPANS)
        .map(|span| {
            format!(
                r#"{{"traceId":"{:032x}","spanId":"{span:016x}","name":"buy","startTimeUnixNano":
                "1700000000000000000","endTimeUnixNano":"1700000001000000000","attributes":[
                {{"key":"noise","value":{{"stringValue":"{}"}}}}]}}"#,
                number + 1,
                noise()
            )
        })
        .collect();
    let spans = spans.join(",");
    format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{spans}]}}]}}]}}"#).into_bytes()
}

/// Sends trace `number`, whose id is one more: no id is zero.
pub(crate) fn send(server: &Running, number: u64) -> Answer {
    let url = server.url("otlp-http", "/v1/traces");
    request("POST", &url, "application/json", body(number))
}

/// Sends traces from `next` on until one is refused for good; answers the first
/// that is not stored, and the refusal. "Later" (429) is no refusal: sealing may
/// be behind before the disk is full.
fn fill(server: &Running, mut next: u64) -> (u64, Answer) {
    let mut since = Instant::now();
    loop {
        let answer = send(server, next);
        match answer.status {
            200 => {
                next += 1;
                since = Instant::now();
            }
            429 if since.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(20)),
            _ => return (next, answer),
        }
    }
}

fn assert_stored(server: &Running, traces: u64) {
    for number in 0..traces {
        let answer = server.get(&format!("/api/traces/{:032x}", number + 1));
        assert_eq!(answer.status, 200, "trace {number} of {traces} is lost");
        let answer = answer.json();
        let spans = answer["data"][0]["spans"].as_array().unwrap();
        assert_eq!(spans.len() as u64, SPANS, "spans of trace {number}");
    }
}

/// A small file system; `None`, and why is said, where none can be mounted.
pub(crate) fn mount(directory: &Path) -> Option<SmallDisk> {
    SmallDisk::mount(directory)
        .map_err(|reason| {
            eprintln!("skipped: no small file system can be mounted here: {reason}");
        })
        .ok()
}

#[test]
fn a_full_disk_is_refused_by_name_and_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let Some(disk) = mount(directory.path()) else {
        return;
    };
    let data = disk.path.join("data");
    let ballast = disk.path.join("ballast");
    std::fs::write(&ballast, vec![0; BALLAST_BYTES as usize]).unwrap();

    let mut server = Running::start(&data, SETTINGS);
    let (stored, refusal) = fill(&server, 0);
    assert!(stored > 0, "{refusal:?}");
    assert_eq!(refusal.status, 503, "clients try again on this code");
    let message = String::from_utf8_lossy(&refusal.body).into_owned();
    assert!(
        message.contains("disk is full") || message.contains("No space left on device"),
        "{message}"
    );
    assert_stored(&server, stored);

    server.kill();
    let mut server = Running::start(&data, SETTINGS);
    assert_stored(&server, stored);
    let (stored, refusal) = fill(&server, stored);
    assert_eq!(refusal.status, 503, "it is still full: {refusal:?}");

    std::fs::remove_file(&ballast).unwrap();
    let since = Instant::now();
    while send(&server, stored).status != 200 {
        assert!(since.elapsed() < PATIENCE, "there is space, and it refuses");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_stored(&server, stored + 1);
    assert_eq!(server.terminate(), Some(0));
    let server = Running::start(&data, SETTINGS);
    assert_stored(&server, stored + 1);
    drop(server);
}

#[test]
fn a_disk_mounted_for_reading_is_looked_into() {
    let directory = tempfile::tempdir().unwrap();
    let Some(disk) = mount(directory.path()) else {
        return;
    };
    let data = disk.path.join("data");
    let mut server = Running::start(&data, SETTINGS);
    (0..3).for_each(|number| assert_eq!(send(&server, number).status, 200));
    server.kill();
    disk.make_read_only();

    let settings = [SETTINGS, &["--read-only"]].concat();
    let mut server = Running::start(&data, &settings);
    assert_stored(&server, 3);
    let status = server.get("/api/status").json();
    assert_eq!(status["store"]["readOnly"], true);
    assert_eq!(status["store"]["unhealthy"], serde_json::Value::Null);
    let endpoints = status["endpoints"].to_string();
    assert!(!endpoints.contains("OTLP"), "{endpoints}");
    assert_eq!(server.get("/health").status, 200);
    assert_eq!(server.terminate(), Some(0));
}

#[test]
fn a_nearly_full_disk_forgets_the_oldest_where_that_was_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let Some(disk) = mount(directory.path()) else {
        return;
    };
    let settings = [SETTINGS, &["--retention-free-space", "32MiB"]].concat();
    let server = Running::start(&disk.path.join("data"), &settings);
    let is_there = |number: u64| {
        let answer = server.get(&format!("/api/traces/{:032x}", number + 1));
        answer.status == 200
    };
    // The log must not grow while a busy machine seals late: where it takes the
    // disk, the newest block goes, too.
    let is_sealed = || {
        let status = server.get("/api/status").json();
        status["store"]["memoryBytes"].as_u64().unwrap() < 2 * SEAL_BYTES
    };
    let since = Instant::now();
    let mut next = 0;
    while next == 0 || is_there(0) {
        if !is_sealed() {
            assert!(since.elapsed() < PATIENCE, "nothing is sealed; {next} sent");
            continue;
        }
        let answer = send(&server, next);
        match answer.status {
            200 => next += 1,
            429 | 503 => std::thread::sleep(Duration::from_millis(20)),
            _ => panic!("{answer:?}"),
        }
        let is_patient = since.elapsed() < PATIENCE;
        assert!(is_patient, "nothing was removed; {next} sent, {answer:?}");
    }
    assert!(is_there(next - 1), "the newest is there");
}
