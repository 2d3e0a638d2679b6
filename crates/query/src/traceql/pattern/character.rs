//! Escapes that mean one character: `\n`, `\x{1F}`, `\.`, in brackets as outside.
//!
//! **A class or an assertion is none of them.**

use super::rest::Rest;

/// After a backslash: the number of the one character that is meant.
///
/// # Errors
/// Go knows no such escape.
pub(super) fn character(rest: &mut Rest) -> Result<u32, String> {
    let Some(c) = rest.take() else {
        return Err("it ends with a backslash".to_owned());
    };
    let unknown = || Err(format!("`\\{c}` means nothing"));
    let is_octal = |c: Option<char>| c.and_then(|c| c.to_digit(8));
    Ok(match c {
        '1'..='7' if is_octal(rest.peek()).is_none() => {
            return Err(format!(
                "`\\{c}` would refer to a group; only RE2's syntax works"
            ));
        }
        '0'..='7' => {
            let mut code = u32::from(c) - u32::from('0');
            for _ in 0..2 {
                let Some(digit) = is_octal(rest.peek()) else {
                    break;
                };
                code = code * 8 + digit;
                rest.take();
            }
            code
        }
        'x' => match hexadecimal(rest) {
            Some(code) => code,
            None => return Err("`\\x` wants two hexadecimal digits or `{…}`".to_owned()),
        },
        'a' => 0x07,
        'f' => 0x0c,
        'n' => 0x0a,
        'r' => 0x0d,
        't' => 0x09,
        'v' => 0x0b,
        c if c.is_ascii() && !c.is_ascii_alphanumeric() => u32::from(c),
        _ => return unknown(),
    })
}

fn hexadecimal(rest: &mut Rest) -> Option<u32> {
    let digit = |rest: &mut Rest| rest.take()?.to_digit(16);
    if !rest.skip("{") {
        return Some(digit(rest)? * 16 + digit(rest)?);
    }
    let digits = rest.take_until("}")?;
    // Zeros in front may be many.
    let digits = match digits.trim_start_matches('0') {
        "" if !digits.is_empty() => "0",
        short => short,
    };
    let is_hex = digits.chars().all(|c| c.is_ascii_hexdigit());
    let code = u32::from_str_radix(digits, 16).ok().filter(|_| is_hex)?;
    (code <= u32::from(char::MAX)).then_some(code)
}
