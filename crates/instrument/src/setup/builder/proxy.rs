//! Whether a proxy is between us and a backend, and which.
//!
//! It exists so that the variables mean what they mean to Go's programs and to
//! curl: an operator sets them once for a machine. A password must never get into
//! a message, and a request never past a proxy that was not understood.

use super::*;
use crate::export::ProxySettings;
use hyper::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use std::net::IpAddr;

/// What the builder says of a proxy.
#[derive(Debug, Clone)]
pub(super) enum ProxyInCode {
    Url(String),
    None,
}

impl Builder {
    /// The HTTP proxy through which everything is sent, such as
    /// `http://user:password@proxy:3128`, whatever the variables say of proxies.
    /// Those are in [the table](super::super).
    pub fn proxy(mut self, url: impl Into<String>) -> Builder {
        self.otlp.proxy = Some(ProxyInCode::Url(url.into()));
        self
    }

    /// Sends everything without a proxy, whatever the variables say.
    pub fn without_proxy(mut self) -> Builder {
        self.otlp.proxy = Some(ProxyInCode::None);
        self
    }
}

/// The proxy for requests to `endpoint`, if there is one.
pub(super) fn read_proxy(
    in_code: Option<ProxyInCode>,
    endpoint: &Uri,
    env: &mut Env,
) -> Option<ProxySettings> {
    let host = endpoint.host()?;
    let (set, without) = match in_code {
        Some(ProxyInCode::None) => return None,
        Some(ProxyInCode::Url(value)) => {
            let name = "proxy".to_owned();
            (Set { name, value }, "leave it out".to_owned())
        }
        None => {
            let set = variable(endpoint, env)?;
            if is_this_machine(host) || is_exempt(endpoint, env) {
                return None;
            }
            (set, format!("name {host} in NO_PROXY"))
        }
    };
    if let Some(intercept) = parse(&set.value) {
        return Some(ProxySettings {
            intercept,
            setting: set.name,
            without,
        });
    }
    let set = Set {
        value: without_password(&set.value),
        ..set
    };
    env.wrong(
        &set,
        format!("write http://host:port or http://user:password@host:port, or {without}"),
    );
    None
}

fn variable(endpoint: &Uri, env: &Env) -> Option<Set> {
    let own: &[&str] = match endpoint.scheme_str() {
        Some("https") => &["HTTPS_PROXY", "https_proxy"],
        // Under CGI, whoever sends the header `Proxy` sets it.
        _ if env.first(&["REQUEST_METHOD"]).is_some() => &[],
        _ => &["HTTP_PROXY", "http_proxy"],
    };
    let all = || env.first(&["ALL_PROXY", "all_proxy"]);
    env.first(own).or_else(all)
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost"
        || name.ends_with(".localhost")
        || address.is_ok_and(|address| address.is_loopback())
}

/// Whether `NO_PROXY` names it. The matcher knows names, domains, addresses and
/// networks; ports and stars are settled before it is asked.
fn is_exempt(endpoint: &Uri, env: &Env) -> bool {
    let Some(set) = env.first(&["NO_PROXY", "no_proxy"]) else {
        return false;
    };
    let default_port = if endpoint.scheme_str() == Some("https") {
        443
    } else {
        80
    };
    let port = endpoint.port_u16().unwrap_or(default_port);
    let entries = set
        .value
        .split([',', ' '])
        .filter(|entry| !entry.is_empty());
    let of_this_port: Vec<_> = entries.filter_map(|entry| of_port(entry, port)).collect();
    let matcher = Matcher::builder()
        .all("http://proxy")
        .no(of_this_port.join(","))
        .build();
    of_this_port.contains(&"*") || matcher.intercept(endpoint).is_none()
}

/// An entry without its port, unless that is another one.
fn of_port(entry: &str, port: u16) -> Option<&str> {
    let is_bare = entry.parse::<IpAddr>().is_ok();
    let (host, entry_port) = match entry.rsplit_once(':') {
        Some((host, digits)) if !is_bare => match digits.parse::<u16>() {
            Ok(number) => (host, Some(number)),
            Err(_) => (entry, None),
        },
        _ => (entry, None),
    };
    let host = host.trim_matches(['[', ']']);
    let host = match host.strip_prefix("*.") {
        Some(domain) => domain,
        None => host,
    };
    entry_port.is_none_or(|of| of == port).then_some(host)
}

/// `None` where it cannot be used: only HTTP proxies can.
fn parse(url: &str) -> Option<Intercept> {
    let has_scheme = url.contains("://");
    let url = if has_scheme {
        url.to_owned()
    } else {
        format!("http://{url}")
    };
    let anywhere = Uri::from_static("http://backend");
    let intercept = Matcher::builder().all(url).build().intercept(&anywhere)?;
    let uri = intercept.uri();
    let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
    let (host, authority) = (uri.host()?, uri.authority()?.as_str());
    // A port that is no number is not there.
    let has_port = host == authority || uri.port_u16().is_some();
    (is_http && !host.is_empty() && has_port).then_some(intercept)
}

fn without_password(url: &str) -> String {
    match url.rsplit_once('@') {
        Some((_, host)) => format!("…@{host}"),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(variables: &[(&'static str, &'static str)], endpoint: &'static str) -> Option<String> {
        let variables = variables.to_vec();
        let mut env = Env::new(Box::new(move |name| {
            let found = variables.iter().find(|(known, _)| *known == name)?;
            Some(found.1.to_owned())
        }));
        let found = read_proxy(None, &Uri::from_static(endpoint), &mut env);
        assert!(env.problems.is_empty());
        found.map(|found| format!("{}{}", found.setting, found.intercept.uri()))
    }

    #[test]
    fn the_scheme_of_the_backend_says_which_variable() {
        const ALL: [(&str, &str); 3] = [
            ("HTTP_PROXY", "http://plain:1"),
            ("https_proxy", "secret:2"),
            ("ALL_PROXY", "http://all:3"),
        ];
        const CGI: (&str, &str) = ("REQUEST_METHOD", "GET");
        let (plain, secret) = ("HTTP_PROXYhttp://plain:1/", "https_proxyhttp://secret:2/");
        let all = "ALL_PROXYhttp://all:3/";
        let (http, https) = ("http://collector:4318", "https://collector:4318");
        for (variables, endpoint, expected) in [
            (&ALL[..], http, Some(plain)),
            (&ALL, https, Some(secret)),
            (&ALL[2..], http, Some(all)),
            (&ALL[2..], https, Some(all)),
            (&ALL[1..2], http, None),
            (&ALL[..1], https, None),
            (&[ALL[0], CGI], http, None),
            (&[ALL[0], ALL[2], CGI], http, Some(all)),
            (
                &[("HTTP_PROXY", ""), ("http_proxy", "plain:1")],
                http,
                Some("http_proxyhttp://plain:1/"),
            ),
        ] {
            let found = proxy(variables, endpoint);
            assert_eq!(found.as_deref(), expected, "{variables:?} {endpoint}");
        }
    }

    #[test]
    fn this_machine_needs_no_proxy() {
        for endpoint in [
            "http://localhost:4318",
            "http://LOCALHOST.:4318",
            "http://tracing.localhost",
            "http://127.0.0.1:4318",
            "http://127.9.9.9",
            "http://[::1]:4318",
        ] {
            assert_eq!(
                proxy(&[("HTTP_PROXY", "proxy:1")], endpoint),
                None,
                "{endpoint}"
            );
        }
    }

    #[test]
    fn no_proxy_names_hosts_domains_addresses_networks_and_ports() {
        for (no_proxy, endpoint, is_exempt) in [
            ("collector", "http://collector:4318", true),
            ("Collector", "http://cOLLECTOR:4318", true),
            ("other, collector", "http://collector:4318", true),
            ("other collector", "http://collector:4318", true),
            ("other", "http://collector:4318", false),
            ("example.com", "http://example.com", true),
            ("example.com", "http://a.b.example.com", true),
            (".example.com", "http://a.b.example.com", true),
            ("*.example.com", "http://a.b.example.com", true),
            ("example.com", "http://notexample.com", false),
            ("example.com", "http://example.com.org", false),
            ("*", "http://example.com", true),
            ("*", "http://10.1.2.3", true),
            ("10.1.2.3", "http://10.1.2.3:4318", true),
            ("10.1.2.3", "http://10.1.2.4:4318", false),
            ("10.1.0.0/16", "http://10.1.2.3:4318", true),
            ("10.1.0.0/16", "http://10.2.2.3:4318", false),
            ("fd00::1", "http://[fd00::1]:4318", true),
            ("[fd00::1]:4318", "http://[fd00::1]:4318", true),
            ("[fd00::1]:4317", "http://[fd00::1]:4318", false),
            ("fd00::/8", "http://[fd12::1]:4318", true),
            ("collector:4318", "http://collector:4318", true),
            ("collector:4317", "http://collector:4318", false),
            (".example.com:80", "http://a.example.com", true),
            ("10.1.2.3:4318", "http://10.1.2.3:4318", true),
            ("10.1.2.3:4317", "http://10.1.2.3:4318", false),
            (",", "http://collector:4318", false),
        ] {
            let variables = [("HTTP_PROXY", "proxy:1"), ("no_proxy", no_proxy)];
            let found = proxy(&variables, endpoint);
            assert_eq!(found.is_none(), is_exempt, "{no_proxy} {endpoint}");
        }
    }
}
