//! Query parameters of a request, and the ids in them.

use tracewell_model::TraceId;

use crate::base64;
pub(super) use crate::go_params::Params;

/// A trace id as Jaeger takes it: up to 32 hexadecimal digits, or (from
/// Jaeger 2.20 on) the 16 bytes in base64, of the usual or the URL alphabet,
/// padded or not. An id of zeros is read, there is just no such trace.
pub(super) fn trace_id(text: &str) -> Result<TraceId, String> {
    let is_hex = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex && text.len() <= 32 {
        return Ok(TraceId::parse_hex(text).unwrap_or_default());
    }
    if let Some(Ok(bytes)) = base64::decode(text).map(TryInto::try_into) {
        return Ok(TraceId(bytes));
    }
    if text.len() > 32 {
        return Err(format!(
            "TraceID cannot be longer than 32 hex characters: {text}"
        ));
    }
    Err(format!(
        "strconv.ParseUint: parsing {text:?}: invalid syntax"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trace_ids_come_as_hex_or_base64() {
        let id = TraceId::parse_hex("0af7651916cd43dd8448eb211c80319c").unwrap();
        let table = [
            ("0af7651916cd43dd8448eb211c80319c", Some(id)),
            ("AF7651916CD43DD8448EB211C80319C", Some(id)),
            ("CvdlGRbNQ92ESOshHIAxnA==", Some(id)),
            ("CvdlGRbNQ92ESOshHIAxnA", Some(id)),
            ("1f", TraceId::parse_hex("1f").ok()),
            ("0", Some(TraceId::default())),
            ("", None),
            ("xyz", None),
            ("0af7651916cd43dd8448eb211c80319c0", None),
        ];
        for (text, expected) in table {
            assert_eq!(trace_id(text).ok(), expected, "{text}");
        }
    }
}
