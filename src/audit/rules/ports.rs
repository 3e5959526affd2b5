//! Ports as people read them, read back.

use crate::model::network::{Ports, Protocol};

/// What [`Ports`] are printed as, read back; none if it is nothing of the kind.
pub fn parse(text: &str) -> Option<Ports> {
    if text == "all traffic" {
        return Some(Ports::all());
    }
    let (protocol, rest) = text.split_once(' ')?;
    let named = protocol.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') && !protocol.is_empty();
    let protocol = Protocol::parse(protocol);
    if !named || protocol == Protocol::All {
        return None;
    }
    if protocol.is_icmp() {
        return icmp(protocol, rest);
    }
    if rest == "all ports" {
        return Some(Ports { protocol, from: 0, to: 65535 });
    }
    let (from, to) = rest.split_once('-').unwrap_or((rest, rest));
    let (from, to) = (number(from)?, number(to)?);
    (from <= to).then_some(Ports { protocol, from, to })
}

fn icmp(protocol: Protocol, rest: &str) -> Option<Ports> {
    if rest == "all types" {
        return Some(Ports { protocol, from: 0, to: 65535 });
    }
    let words: Vec<&str> = rest.split(' ').collect();
    match words.as_slice() {
        ["type", kind] => Some(Ports { protocol, from: number(kind)?, to: 255 }),
        ["type", kind, "code", code] => Some(Ports { protocol, from: number(kind)?, to: number(code)? }),
        _ => None,
    }
}

/// Digits only: `parse` alone would take a sign.
fn number(text: &str) -> Option<u16> {
    text.chars().all(|c| c.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_port_is_refused() {
        for text in
            ["", "tcp", "tcp x", "tcp 70000", "tcp 9-8", "tcp -1", "tcp +1", "-1 5", "all", "icmp 8", "icmp type", "tcp  22", "t/p 1"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(
            protocol in prop::sample::select(vec!["tcp", "udp", "icmp", "58", "50", "-1"]), a: u16, b: u16, wide: bool,
        ) {
            let protocol = Protocol::parse(protocol);
            let (from, to) = if wide { (0, 65535) } else { (a.min(b), a.max(b)) };
            let ports = match &protocol {
                Protocol::All => Ports::all(),
                icmp if icmp.is_icmp() && !wide => Ports { protocol, from: a % 256, to: b % 256 },
                _ => Ports { protocol, from, to },
            };
            prop_assert_eq!(parse(&ports.to_string()), Some(ports));
        }
    }
}
