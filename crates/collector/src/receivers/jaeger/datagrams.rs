//! Datagrams for Jaeger's agent, from one UDP socket.
//!
//! UDP cannot push back: who sends too much is told nothing. So what is lost
//! is counted, by us where we have no room and by the kernel where we do not
//! read fast enough. **A datagram never waits for the one before it**, and at
//! most [`MAX_AT_WORK`] are decoded or wait for the store; beyond them the
//! socket's buffer fills, and then the kernel drops and counts.

mod kernel_losses;
mod socket_buffer;

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};
use tracewell_wire::decompress::Encoding;
use tracewell_wire::jaeger;

use self::kernel_losses::KernelLosses;
use self::socket_buffer::SocketBuffer;
use crate::accounting::Outcome;
use crate::complaints::Complaint;
use crate::intake::{Accepted, Decode, RequestBody};
use crate::receivers::connections::told_to_stop;
use crate::receivers::port::Port;
use crate::refusal::Refusal;

/// No datagram is longer.
const DATAGRAM_BYTES_MAX: usize = 65_535;

/// As many as Jaeger's agent queues.
const MAX_AT_WORK: usize = 1_000;

/// What the kernel keeps for a datagram beside its bytes, at least.
const KEPT_BYTES_MIN: usize = 256;

/// Datagrams that are read before anything else is looked at.
const READ_AT_ONCE: usize = 64;

/// Time between two looks at what the kernel has dropped.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// A socket that is being read. Dropping it stops that without waiting.
#[derive(Debug)]
pub(super) struct Datagrams {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    reading: JoinHandle<()>,
}

impl Datagrams {
    /// Reads `socket`, which is bound, from a task of the current runtime.
    ///
    /// # Errors
    ///
    /// When the socket cannot be used.
    pub(super) fn receive(socket: UdpSocket, port: Port) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let buffer = SocketBuffer::ask_for(&socket)?;
        let socket = tokio::net::UdpSocket::from_std(socket)?;
        let address = socket.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let reader = Reader {
            losses: KernelLosses::of(address, buffer),
            port,
            left_at_end_bytes: buffer.granted_bytes,
            datagram: vec![0; DATAGRAM_BYTES_MAX],
            at_work: JoinSet::new(),
        };
        Ok(Self {
            address,
            stop,
            reading: tokio::spawn(reader.run(socket, stopped)),
        })
    }

    /// Where it receives.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Tells it to stop, without waiting for it.
    pub(super) fn close(&self) {
        self.stop.send_replace(true);
    }

    /// Takes what has arrived, and stops once all of it is stored, or at
    /// `deadline`.
    pub(super) async fn stop(mut self, deadline: Instant) {
        self.close();
        if timeout_at(deadline, &mut self.reading).await.is_err() {
            // The task owns the datagrams at work and takes them along.
            self.reading.abort();
            tracing::warn!(
                address = %self.address,
                "datagrams were not stored in time and are counted as abandoned"
            );
        }
    }
}

struct Reader {
    port: Port,
    /// The most that the kernel may have when it is time to stop.
    left_at_end_bytes: usize,
    /// The one that was read last.
    datagram: Vec<u8>,
    at_work: JoinSet<()>,
    losses: KernelLosses,
}

impl Reader {
    async fn run(mut self, socket: tokio::net::UdpSocket, mut stopped: watch::Receiver<bool>) {
        let mut look = interval(LOOK_INTERVAL);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let has_room = self.at_work.len() < MAX_AT_WORK;
            tokio::select! {
                readable = socket.readable(), if has_room => {
                    let read = readable.and_then(|()| self.read(&socket));
                    if let Err(error) = read {
                        tracing::warn!(%error, "datagrams cannot be read");
                        look.tick().await;
                    }
                }
                Some(_) = self.at_work.join_next() => {}
                _ = look.tick() => self.losses.look(&self.port.account),
                () = told_to_stop(&mut stopped) => break,
            }
        }
        // The runtime may not know yet of what has come.
        match socket.into_std() {
            Ok(socket) => self.drain(socket).await,
            Err(error) => tracing::warn!(%error, "datagrams cannot be read"),
        }
        while self.at_work.join_next().await.is_some() {}
    }

    /// Reads what is there, within reason.
    fn read(&mut self, socket: &tokio::net::UdpSocket) -> io::Result<()> {
        while self.at_work.try_join_next().is_some() {}
        for _ in 0..READ_AT_ONCE {
            match socket.try_recv_from(&mut self.datagram) {
                Ok((len, peer)) => self.take(len, peer),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
            if self.at_work.len() >= MAX_AT_WORK {
                break;
            }
        }
        Ok(())
    }

    /// Has a datagram decoded and stored.
    fn take(&mut self, len: usize, peer: SocketAddr) {
        let Port {
            intake, account, ..
        } = &self.port;
        let progress = account.request();
        let mut permit = intake.admission().permit();
        let room = permit.resize(len);
        let body = RequestBody {
            bytes: Bytes::copy_from_slice(&self.datagram[..len]),
            encoding: Encoding::Identity,
            decode: Decode::Stated(jaeger::thrift::decode_datagram_within),
            limit_bytes: DATAGRAM_BYTES_MAX,
            permit,
        };
        let (intake, account) = (intake.clone(), account.clone());
        self.at_work.spawn(async move {
            let result = async {
                room?;
                // A datagram names nobody.
                let who = intake.lock().unnamed();
                let to = intake.destination().of(&who, account.name())?;
                intake.accept(body, &account, to).await
            };
            let result = result.await;
            let (outcome, message) = told(result);
            if let Some(message) = message {
                account.complain(complaint(outcome.label(), peer, message));
            }
            // Last: whoever sees the count finds why.
            progress.end(outcome);
        });
    }

    /// Takes what had arrived when it was time to stop. More than the socket's
    /// buffer holds had not: who goes on sending must not keep us. From then on
    /// senders on this machine are told that nobody listens.
    async fn drain(&mut self, socket: UdpSocket) {
        let mut left_bytes = self.left_at_end_bytes;
        while left_bytes > 0
            && let Ok((len, peer)) = socket.recv_from(&mut self.datagram)
        {
            left_bytes = left_bytes.saturating_sub(len + KEPT_BYTES_MIN);
            self.take(len, peer);
            if self.at_work.len() >= MAX_AT_WORK {
                self.at_work.join_next().await;
            }
        }
        self.losses.look(&self.port.account);
    }
}

/// How a datagram is counted, and what is told to the people who run the
/// server: its sender hears nothing.
fn told(result: Result<Accepted, Refusal>) -> (Outcome, Option<String>) {
    match result {
        Ok(accepted) if accepted.rejected_spans > 0 => (Outcome::PartlyAccepted, accepted.message),
        Ok(_) => (Outcome::Accepted, None),
        Err(refusal) => (refusal.verdict().outcome, Some(refusal.to_string())),
    }
}

fn complaint(reason: &'static str, peer: SocketAddr, message: String) -> Complaint {
    Complaint {
        // The account puts its name here.
        receiver: "".into(),
        reason,
        peer,
        user_agent: String::new(),
        path: String::new(),
        message,
        times: 0,
        last_ns: 0,
    }
}
