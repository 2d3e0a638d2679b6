//! The seats of a cinema, over gRPC. `seats` serves, `seats reserve SHOW COUNT` asks.

use seats::seats_server::{Seats, SeatsServer};
use seats::{ADDRESS, ReserveReply, ReserveRequest};
use std::collections::HashMap;
use std::error::Error;
use std::sync::{Mutex, PoisonError};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};
use tracewell_instrument::middleware::server::ServerLayer;
use tracewell_instrument::middleware::task::FutureExt;
use tracewell_instrument::{SpanHandle, current_span, span};

type Outcome = Result<(), Box<dyn Error>>;

#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("there is no show {0}")]
    NoSuchShow(String),
    #[error("{left} seats are left")]
    SoldOut { left: u32 },
    #[error("the hall of {show} is `{hall}`; write a number of seats")]
    Hall { show: String, hall: String },
}

impl From<Refused> for Status {
    fn from(refused: Refused) -> Status {
        match &refused {
            Refused::NoSuchShow(_) => Status::not_found(refused.to_string()),
            Refused::SoldOut { .. } => Status::failed_precondition(refused.to_string()),
            Refused::Hall { .. } => {
                // Ours, and no mistake of the caller's. In the span of the request.
                current_span().record_error(&refused);
                Status::internal("the plan of the hall cannot be read")
            }
        }
    }
}

/// What `SHOWS` says, `NAME=SEATS,…`, and what was taken since.
struct Cinema {
    shows: HashMap<String, String>,
    taken: Mutex<HashMap<String, u32>>,
}

impl Cinema {
    fn of(shows: &str) -> Cinema {
        let shows = shows.split(',').filter_map(|show| show.split_once('='));
        let named = |(name, seats): (&str, &str)| (name.to_owned(), seats.to_owned());
        Cinema {
            shows: shows.map(named).collect(),
            taken: Mutex::default(),
        }
    }

    /// Runs in a span of its own, and so is handed the request's.
    fn take(&self, show: &str, seats: u32, of_request: &SpanHandle) -> Result<u32, Refused> {
        let hall = self.shows.get(show);
        let hall = hall.ok_or_else(|| Refused::NoSuchShow(show.to_owned()))?;
        let all: u32 = hall.parse().map_err(|_| Refused::Hall {
            show: show.to_owned(),
            hall: hall.clone(),
        })?;
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = taken.entry(show.to_owned()).or_default();
        let left = all.saturating_sub(*taken);
        of_request.set_attribute("cinema.seats.before", left);
        current_span().set_attribute("cinema.seats.wanted", seats);
        let rest = left.checked_sub(seats).ok_or(Refused::SoldOut { left })?;
        *taken += seats;
        Ok(rest)
    }
}

#[tonic::async_trait]
impl Seats for Cinema {
    async fn reserve(
        &self,
        request: Request<ReserveRequest>,
    ) -> Result<Response<ReserveReply>, Status> {
        let of_request = current_span();
        let ReserveRequest { show, seats } = request.into_inner();
        of_request.set_attribute("cinema.show", show.clone());
        let taking = span("take").start();
        let left = taking.in_scope(|| self.take(&show, seats, &of_request))?;
        Ok(Response::new(ReserveReply { left }))
    }
}

async fn serve() -> Outcome {
    let shows = std::env::var("SHOWS").unwrap_or_else(|_| "Casablanca=120,Metropolis=3".to_owned());
    let port = std::env::var("PORT").unwrap_or_else(|_| "50051".to_owned());
    let incoming = TcpIncoming::bind(format!("127.0.0.1:{port}").parse()?)?;
    println!("listening on {}", incoming.local_addr()?.port());
    Server::builder()
        .layer(ServerLayer::grpc())
        .add_service(SeatsServer::new(Cinema::of(&shows)))
        .serve_with_incoming(incoming)
        .await?;
    Ok(())
}

async fn reserve(show: String, seats: u32) -> Outcome {
    let address = std::env::var("SEATS_URL").unwrap_or_else(|_| ADDRESS.to_owned());
    let mut client = seats::client(address.parse()?);
    let reply = client.reserve(ReserveRequest { show, seats }).await?;
    println!("{} seats are left", reply.into_inner().left);
    Ok(())
}

#[tokio::main]
async fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => {
            let _tracing = tracewell_instrument::builder()
                .default_service_name("seats")
                .flush_on_signals()
                .init_or_warn();
            serve().await
        }
        ["reserve", show, seats] => {
            let _tracing = tracewell_instrument::builder()
                .default_service_name("box-office")
                .init()?;
            let asked = span("reserve seats").start();
            reserve((*show).to_owned(), seats.parse()?)
                .in_span(asked)
                .await
        }
        _ => Err("write `seats`, or `seats reserve SHOW COUNT`".into()),
    }
}
