//! A network of one's own for a script: every port is free there, and names of hosts are
//! what the test says.

use std::path::Path;
use std::process::{Command, Output};

/// What each script begins with: `hosts` of its directory are the names, and `wait_for`
/// waits for a page.
const BEGINNING: &str = r#"
set -e
mount --bind hosts /etc/hosts
ip link set lo up
wait_for() { timeout 60 sh -c "until curl -sf $1 > /dev/null; do :; done"; }
"#;

/// Runs a script of bash in `dir`, with the binary as `$TRACEWELL` and `host` for a name
/// of this machine; `None`, and says so, where there are no such networks.
pub(crate) fn run(
    dir: &Path,
    host: &str,
    script: &str,
    variables: &[(&str, &str)],
) -> Option<Output> {
    std::fs::write(dir.join("hosts"), format!("127.0.0.1 localhost {host}\n")).unwrap();
    let script = format!("{BEGINNING}{script}");
    let mut unshare = Command::new("unshare");
    unshare.args(["--mount", "--net", "--pid", "--fork", "--kill-child"]);
    unshare.args(["bash", "-c", &script]);
    unshare.env("TRACEWELL", env!("CARGO_BIN_EXE_tracewell"));
    unshare.envs(variables.iter().copied());
    let out = unshare.current_dir(dir).output().unwrap();
    let stderr = String::from_utf8_lossy(&out.stderr);
    if stderr.contains("unshare") || stderr.contains("mount:") {
        eprintln!("skipped: no networks of one's own here: {stderr}");
        return None;
    }
    Some(out)
}
