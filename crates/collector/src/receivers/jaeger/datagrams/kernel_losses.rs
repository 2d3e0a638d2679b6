//! Datagrams that the kernel dropped because the socket's buffer was full.
//!
//! Linux counts them for each socket and shows the count in `/proc/net/udp`.
//! Where there is no such file nothing is known of them.

use std::net::{IpAddr, SocketAddr};

use super::complaint;
use super::socket_buffer::SocketBuffer;
use crate::accounting::ReceiverAccount;

/// The count of one socket.
#[derive(Debug)]
pub(super) struct KernelLosses {
    /// What the file calls the socket's address.
    name: String,
    path: &'static str,
    address: SocketAddr,
    buffer: SocketBuffer,
    known: u64,
}

impl KernelLosses {
    pub(super) fn of(address: SocketAddr, buffer: SocketBuffer) -> Self {
        // Words of four bytes, each as this machine reads it.
        let (path, octets) = match address.ip() {
            IpAddr::V4(ip) => ("/proc/net/udp", ip.octets().to_vec()),
            IpAddr::V6(ip) => ("/proc/net/udp6", ip.octets().to_vec()),
        };
        let words = octets.as_chunks().0.iter();
        let words = words.map(|word| format!("{:08X}", u32::from_ne_bytes(*word)));
        let words: String = words.collect();
        Self {
            name: format!("{words}:{:04X}", address.port()),
            path,
            address,
            buffer,
            known: 0,
        }
    }

    /// Counts what was dropped since the last look.
    pub(super) fn look(&mut self, account: &ReceiverAccount) {
        let Ok(table) = std::fs::read_to_string(self.path) else {
            return;
        };
        let dropped = dropped(&table, &self.name).unwrap_or(0);
        let new = dropped.saturating_sub(self.known);
        if new == 0 {
            return;
        }
        self.known = dropped;
        let text = format!(
            "the kernel dropped {new} datagrams that came faster than they were read: {}",
            self.buffer.told()
        );
        // First why: whoever sees the count finds it.
        account.complain(complaint("datagrams_lost", self.address, text));
        account.datagrams_lost(new);
    }
}

/// The last column of the row of a socket.
fn dropped(table: &str, name: &str) -> Option<u64> {
    let mut rows = table.lines().map(str::split_ascii_whitespace);
    let row = rows.find(|row| row.clone().nth(1) == Some(name))?;
    row.last()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  101: 0100007F:1AAF 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 17 2 0000000000000000 5
  102: 0100007F:1AB0 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 18 2 0000000000000000 7
";

    const BUFFER: SocketBuffer = SocketBuffer { granted_bytes: 0 };

    #[cfg(target_endian = "little")]
    #[test]
    fn a_socket_is_found_by_its_address() {
        let losses = |address: &str| {
            let losses = KernelLosses::of(address.parse().unwrap(), BUFFER);
            dropped(TABLE, &losses.name)
        };
        assert_eq!(losses("127.0.0.1:6832"), Some(7));
        assert_eq!(losses("127.0.0.1:6833"), None);
        let v6 = KernelLosses::of("[::1]:80".parse().unwrap(), BUFFER);
        assert_eq!(v6.name, "00000000000000000000000001000000:0050");
    }
}
