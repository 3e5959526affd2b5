//! Who opened a connection: by TCP flags, else by ports.

use super::record::Traffic;
use crate::model::network::{Ports, Protocol};

/// SYN.
const SYN: u8 = 2;
/// ACK; a flow log has it with SYN only (VPC guide, `flow-logs.md`).
const ACK: u8 = 16;
/// From here on ports are given to who opens a connection (Linux, `ip_local_port_range`; Windows and IANA begin later).
const EPHEMERAL: u16 = 32768;

/// Who opened a connection, as far as one record tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opener {
    /// The sender of these packets.
    Sender,
    /// Their receiver: these are answers.
    Receiver,
    /// Nobody can tell from it: what else was seen decides, else the lower port accepts.
    Unclear,
}

/// Judges a record. `known` tells whether a side, the sender or not, listens on its port as far as the inventory knows.
pub fn opener(traffic: &Traffic, known: &dyn Fn(bool) -> bool) -> Opener {
    if let (6, Some(flags)) = (traffic.protocol, traffic.flags)
        && flags & SYN != 0
    {
        return if flags & ACK == 0 { Opener::Sender } else { Opener::Receiver };
    }
    let (from, to) = (traffic.from_port, traffic.to_port);
    match (known(true), known(false)) {
        (false, true) => Opener::Sender,
        (true, false) => Opener::Receiver,
        _ if from >= EPHEMERAL && to < EPHEMERAL => Opener::Sender,
        _ if to >= EPHEMERAL && from < EPHEMERAL => Opener::Receiver,
        _ => Opener::Unclear,
    }
}

/// The port on which the receiver accepts, if the sender opened it; and the other way round.
pub fn ports(protocol: u8, port: u16) -> Option<Ports> {
    let of = |protocol| Some(Ports { protocol, from: port, to: port });
    match protocol {
        6 => of(Protocol::Tcp),
        17 => of(Protocol::Udp),
        1 => Some(Ports { protocol: Protocol::Icmp, from: 0, to: 65535 }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flows::record::Action;

    #[track_caller]
    fn check(protocol: u8, from_port: u16, to_port: u16, flags: Option<u8>, listens: (bool, bool), expected: Opener) {
        let near = "10.0.0.1".parse().expect("an address");
        let (from, to, leaves, action) = (near, near, None, Action::Accept);
        let traffic = Traffic { from, to, near_from: near, near_to: near, from_port, to_port, protocol, flags, leaves, action };
        assert_eq!(opener(&traffic, &|sender| if sender { listens.0 } else { listens.1 }), expected, "{traffic:?}");
    }

    #[test]
    fn flags_decide_then_listeners_then_ports() {
        let nobody = (false, false);
        check(6, 40000, 5432, Some(2), nobody, Opener::Sender);
        check(6, 5432, 40000, Some(18), nobody, Opener::Receiver);
        // Flags of an interval are ORed: SYN and FIN of who opened it, SYN, ACK and FIN of who accepted.
        check(6, 40000, 5432, Some(3), nobody, Opener::Sender);
        check(6, 5432, 40000, Some(19), nobody, Opener::Receiver);
        // A client may well have the lower port.
        check(6, 1024, 40000, Some(2), (true, false), Opener::Sender);
        // In the midst of a connection there are no flags.
        check(6, 5432, 40000, Some(0), nobody, Opener::Receiver);
        check(6, 40000, 5432, None, nobody, Opener::Sender);
        check(6, 50000, 61616, Some(0), (false, true), Opener::Sender);
        check(6, 8080, 20000, Some(0), (true, false), Opener::Receiver);
        check(17, 50000, 53, None, nobody, Opener::Sender);
        check(17, 7946, 7946, None, nobody, Opener::Unclear);
        check(6, 50000, 61616, Some(1), nobody, Opener::Unclear);
    }
}
