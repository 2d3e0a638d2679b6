//! Where a span was recorded, or whom it talked to.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

use tracewell_model::batch::builder::RawValue;

use crate::WireError;
use crate::json::Reader;
use crate::json::scalar::integer;

/// `Endpoint`; what is not known is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Endpoint<'a> {
    pub(super) service: Cow<'a, [u8]>,
    /// As text.
    pub(super) ipv4: Cow<'a, [u8]>,
    /// As text.
    pub(super) ipv6: Cow<'a, [u8]>,
    pub(super) port: i64,
}

/// What an endpoint's address is called among attributes.
pub(super) struct Names {
    pub(super) ip: &'static str,
    /// For the second address of an endpoint that has both.
    pub(super) ipv6: &'static str,
    pub(super) port: &'static str,
}

pub(super) const LOCAL: Names = Names {
    ip: "net.host.ip",
    ipv6: "net.host.ipv6",
    port: "net.host.port",
};

pub(super) const REMOTE: Names = Names {
    ip: "net.peer.ip",
    ipv6: "net.peer.ipv6",
    port: "net.peer.port",
};

impl<'a> Endpoint<'a> {
    /// From JSON, of either version.
    pub(super) fn from_json(reader: &mut Reader<'a>) -> Result<Self, WireError> {
        let mut endpoint = Self::default();
        reader.object(|reader, name| {
            match name {
                "serviceName" => endpoint.service = text(reader, "serviceName")?,
                "ipv4" => endpoint.ipv4 = text(reader, "ipv4")?,
                "ipv6" => endpoint.ipv6 = text(reader, "ipv6")?,
                "port" => {
                    let port = integer(reader).map_err(|error| error.within("port"))?;
                    endpoint.port = port.unwrap_or(0);
                }
                _ => drop(reader.skip()?),
            }
            Ok(())
        })?;
        Ok(endpoint)
    }

    /// Sets the address from its bytes; those of another length are none.
    pub(super) fn set_ip(&mut self, bytes: &[u8]) {
        if let Ok(ip) = <[u8; 4]>::try_from(bytes) {
            self.ipv4 = Cow::Owned(Ipv4Addr::from(ip).to_string().into_bytes());
        } else if let Ok(ip) = <[u8; 16]>::try_from(bytes) {
            self.ipv6 = Cow::Owned(Ipv6Addr::from(ip).to_string().into_bytes());
        }
    }

    /// As Zipkin has names of services.
    pub(super) fn service_in_lower_case(&self) -> String {
        String::from_utf8_lossy(&self.service).to_lowercase()
    }

    pub(super) fn is_known(&self) -> bool {
        *self != Self::default()
    }

    /// The address as attributes.
    pub(super) fn address(
        &self,
        names: &Names,
    ) -> impl Iterator<Item = (&'static str, RawValue<'_>)> {
        let (first, second) = match (&*self.ipv4, &*self.ipv6) {
            (b"", ipv6) => (ipv6, &b""[..]),
            (ipv4, ipv6) => (ipv4, ipv6),
        };
        let texts = [(names.ip, first), (names.ipv6, second)];
        let texts = texts.into_iter().filter(|(_, text)| !text.is_empty());
        let port = (self.port != 0).then_some((names.port, RawValue::Int(self.port)));
        texts
            .map(|(key, text)| (key, RawValue::Str(text)))
            .chain(port)
    }
}

/// A text member of JSON.
pub(super) fn text<'a>(
    reader: &mut Reader<'a>,
    field: &'static str,
) -> Result<Cow<'a, [u8]>, WireError> {
    let text = reader.string().map_err(|error| error.within(field))?;
    Ok(match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    })
}
