//! The buffer in which the kernel keeps datagrams until they are read.
//!
//! A larger one than `net.core.rmem_max` is never granted, and the kernel says
//! nothing of it. **A small buffer keeps nobody from starting:** it is said, and
//! said again when datagrams are lost for it.

use std::io;
use std::net::UdpSocket;
use std::sync::Once;

use rustix::net::sockopt::{set_socket_recv_buffer_size, socket_recv_buffer_size};

/// What the kernel is asked for.
pub(super) const WANTED_BYTES: usize = 8 << 20;

/// Linux grants twice what is asked for and counts what it needs itself.
const GRANTED_FOR_ASKED: usize = if cfg!(target_os = "linux") { 2 } else { 1 };

/// What was granted.
#[derive(Debug, Clone, Copy)]
pub(super) struct SocketBuffer {
    /// As the kernel counts: with what it needs itself.
    pub(super) granted_bytes: usize,
}

impl SocketBuffer {
    /// Asks for [`WANTED_BYTES`].
    ///
    /// # Errors
    /// The kernel does not tell what it granted.
    pub(super) fn ask_for(socket: &UdpSocket) -> io::Result<Self> {
        let refused = set_socket_recv_buffer_size(socket, WANTED_BYTES).err();
        let granted_bytes = socket_recv_buffer_size(socket)?;
        let buffer = Self { granted_bytes };
        if buffer.is_small() {
            static SAID: Once = Once::new();
            SAID.call_once(|| {
                let because = refused.map_or_else(String::new, |error| format!(" ({error})"));
                // No warning: most who start have no client that sends datagrams.
                tracing::info!(
                    "bursts of datagrams for Jaeger's UDP ports may be lost{because}: {}",
                    buffer.told()
                );
            });
        }
        Ok(buffer)
    }

    fn kept_bytes(self) -> usize {
        self.granted_bytes / GRANTED_FOR_ASKED
    }

    fn is_small(self) -> bool {
        self.kept_bytes() < WANTED_BYTES
    }

    /// How large it is, and how it becomes larger.
    pub(super) fn told(self) -> String {
        let kept_bytes = self.kept_bytes();
        let fix = if self.is_small() {
            format!(
                ", {WANTED_BYTES} were asked for; `sysctl -w net.core.rmem_max={WANTED_BYTES}` \
                 and a restart give them"
            )
        } else {
            ", which is all that is ever asked for".to_owned()
        };
        format!("the kernel keeps {kept_bytes} bytes until they are read{fix}")
    }
}
