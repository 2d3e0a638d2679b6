//! The peers that DNS names: all addresses of a name, asked for again and again.
//!
//! **Where there is no answer, or an empty one, those that are known stay**: a name
//! server that is away must not stop spans.

use std::net::IpAddr;
use std::sync::Weak;

use tokio::net::lookup_host;

use super::LoadBalancing;
use super::config::DnsConfig;

/// Asks until nobody sends any more.
pub(super) async fn follow(config: DnsConfig, balancer: Weak<LoadBalancing>) {
    let mut known: Option<Result<Vec<String>, String>> = None;
    loop {
        let found = resolve(&config).await;
        let Some(balancer) = balancer.upgrade() else {
            return;
        };
        if known.as_ref() != Some(&found) {
            let exporter = balancer.account.exporter();
            let set = found.clone().and_then(|names| {
                tracing::info!("{exporter}: the peers are {}", names.join(", "));
                balancer.set_peers(names)
            });
            if let Err(why) = set {
                let host = &config.hostname;
                tracing::warn!("{exporter}: peers stay as they are: {host}: {why}");
                balancer.account.failed(&format!("{host}: {why}"));
            } else {
                balancer.account.recovered();
            }
            known = Some(found);
        }
        drop(balancer);
        tokio::time::sleep(config.interval).await;
    }
}

/// Names of peers as they stand on the ring, in order.
async fn resolve(config: &DnsConfig) -> Result<Vec<String>, String> {
    let lookup = lookup_host((&*config.hostname, 0));
    let addresses = tokio::time::timeout(config.timeout, lookup).await;
    let addresses = addresses.map_err(|_| format!("no answer within {:?}", config.timeout))?;
    let addresses = addresses.map_err(|error| error.to_string())?;
    let name = |address: IpAddr| {
        let host = match address.to_canonical() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        };
        match config.port {
            Some(port) => format!("{host}:{port}"),
            None => host,
        }
    };
    let mut names: Vec<String> = addresses.map(|address| name(address.ip())).collect();
    names.sort_unstable();
    names.dedup();
    match names.is_empty() {
        true => Err("it has no address".to_owned()),
        false => Ok(names),
    }
}
