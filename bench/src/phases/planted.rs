//! What is known about the spans of the main data set: ids that exist, and a
//! value that only a handful of them have.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use anyhow::{Context, ensure};

use crate::server::Server;
use crate::spans;

/// A key of the data set, on every ninth span.
pub(super) const KEY: &str = "key-05";
/// In the spans that are planted, and nowhere else.
pub(super) const RARE: &str = "planted-and-rare";

/// What is known about the data.
#[derive(Debug, Default)]
pub(super) struct Planted {
    /// Files of the load: trace ids and numbers of spans.
    pub(super) id_files: Vec<PathBuf>,
    rare_traces: u64,
    pub(super) stored_spans: u64,
    pub(super) blocks: u64,
}

impl Planted {
    /// Stores a trace of one span with a value that nothing else has; answers
    /// how many spans were stored.
    pub(super) fn plant(&mut self, server: &Server) -> anyhow::Result<u64> {
        let body = spans::request(1, KEY, RARE);
        let answer = server
            .receiver()?
            .post(spans::PATH, spans::CONTENT_TYPE, &body)?;
        ensure!(answer.status == 200, "a planted span was not taken");
        self.rare_traces += 1;
        Ok(1)
    }

    /// Traces that hold the rare value.
    pub(super) fn rare_traces(&self) -> u64 {
        self.rare_traces
    }

    /// Ids of existing traces, evenly over all of them, with their spans.
    pub(super) fn ids(&self, count: usize) -> anyhow::Result<Vec<(String, u64)>> {
        let mut lines = 0;
        for file in &self.id_files {
            lines += BufReader::new(File::open(file)?).lines().count();
        }
        // The ids are random, so every so-manyth is a random choice.
        let step = (lines / count.max(1)).max(1);
        let (mut chosen, mut at) = (HashMap::new(), 0);
        let mut order = Vec::new();
        for pass in 0..2 {
            for file in &self.id_files {
                for line in BufReader::new(File::open(file)?).lines() {
                    let line = line?;
                    let (id, spans) = line.split_once(' ').context("an odd line of ids")?;
                    let is_chosen = pass == 0 && at % step == 0 && !chosen.contains_key(id);
                    at += 1;
                    if is_chosen {
                        chosen.insert(id.to_owned(), 0);
                        order.push(id.to_owned());
                    } else if pass == 1
                        && let Some(sum) = chosen.get_mut(id)
                    {
                        *sum += spans.parse::<u64>()?;
                    }
                }
            }
        }
        let with_spans = order.into_iter().map(|id| {
            let spans = chosen[&id];
            (id, spans)
        });
        let mut ids: Vec<_> = with_spans.collect();
        // By their digits: neighbours in time are asked for at other times.
        ids.sort_unstable();
        Ok(ids)
    }
}
