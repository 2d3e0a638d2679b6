//! In which of its two forms a scrape wants the text.
//!
//! OpenMetrics is what Prometheus asks for, and what is answered to whoever has no
//! wish. **The older form is for those who name it alone**: it has no exemplars, and
//! calls families otherwise.

use std::fmt;

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use tracewell_collector::series::TextFormat;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Answers with what `write` makes: metrics in OpenMetrics, and series in `format`,
/// both without an end. On a thread that may take its time: there
/// may be many series.
pub(super) async fn answer(
    format: TextFormat,
    write: impl FnOnce(TextFormat) -> Result<(String, String), fmt::Error> + Send + 'static,
) -> Response {
    let written = tokio::task::spawn_blocking(move || {
        let (own, series) = write(format)?;
        Ok::<String, fmt::Error>(match format {
            TextFormat::OpenMetrics => own + &series + "# EOF\n",
            TextFormat::Prometheus => as_prometheus(&own) + &series,
        })
    });
    let content_type = match format {
        TextFormat::OpenMetrics => OPEN_METRICS,
        TextFormat::Prometheus => PROMETHEUS,
    };
    match written.await {
        Ok(Ok(page)) => ([(header::CONTENT_TYPE, content_type)], page).into_response(),
        Ok(Err(error)) => failed(&error),
        Err(error) => failed(&error),
    }
}

fn failed(error: &dyn fmt::Display) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response()
}

/// What a scrape asks for.
pub(super) fn wanted(headers: &HeaderMap) -> TextFormat {
    let accepted = headers.get_all(header::ACCEPT).into_iter();
    let accepted: Vec<&str> = accepted.filter_map(|value| value.to_str().ok()).collect();
    let names = |kind| accepted.iter().any(|value| value.contains(kind));
    match names("text/plain") && !names("application/openmetrics-text") {
        true => TextFormat::Prometheus,
        false => TextFormat::OpenMetrics,
    }
}

/// OpenMetrics calls a family by the common beginning of its samples, the older form
/// as the samples are called.
fn as_prometheus(page: &str) -> String {
    let mut text = String::with_capacity(page.len());
    let mut help = "";
    for line in page.lines() {
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("#"), Some("HELP"), Some(_), said) => help = said.unwrap_or_default(),
            (Some("#"), Some("TYPE"), Some(name), Some(kind)) => {
                let (ending, kind) = match kind {
                    "counter" => ("_total", "counter"),
                    "info" => ("_info", "gauge"),
                    other => ("", other),
                };
                let lines = [("HELP", help), ("TYPE", kind)];
                text.extend(lines.map(|(what, said)| format!("# {what} {name}{ending} {said}\n")));
            }
            (Some("#"), ..) => {}
            _ => text.extend([line, "\n"]),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_older_form_is_for_those_who_name_it_alone() {
        let open = TextFormat::OpenMetrics;
        for (accept, format) in [
            (None, open),
            (Some("*/*"), open),
            (
                Some("text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
                TextFormat::Prometheus,
            ),
            (
                Some("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"),
                open,
            ),
        ] {
            let accept = accept.map(|accept| (header::ACCEPT, accept.parse().unwrap()));
            let headers: HeaderMap = accept.into_iter().collect();
            assert_eq!(wanted(&headers), format, "{headers:?}");
        }
    }

    #[test]
    fn families_are_called_as_their_samples() {
        let open = "# HELP a Spans seen.\n# TYPE a counter\na_total{b=\"c\"} 1\n# HELP i Which.\n\
                    # TYPE i info\ni_info{v=\"1\"} 1\n# HELP g Now.\n# TYPE g gauge\ng 2\n";
        let older = "# HELP a_total Spans seen.\n# TYPE a_total counter\na_total{b=\"c\"} 1\n\
                     # HELP i_info Which.\n# TYPE i_info gauge\ni_info{v=\"1\"} 1\n\
                     # HELP g Now.\n# TYPE g gauge\ng 2\n";
        assert_eq!(as_prometheus(open), older);
    }
}
