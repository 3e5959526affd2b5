//! One flow log record, and how its fields stand in a line.

use std::net::IpAddr;

use super::fault::Fault;

/// Whether groups and network ACLs let the traffic through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// They did.
    Accept,
    /// One of them did not.
    Reject,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Traffic.
    Traffic(Traffic),
    /// `NODATA`: nothing was there to log in this interval.
    NoData,
    /// `SKIPDATA`: AWS left something out in this interval.
    SkipData,
}

/// Packets from one address and port to another in one interval, at one interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// The addresses as the packet has them: `pkt-srcaddr` and `pkt-dstaddr` where the log has these fields, for traffic through NAT
    /// gateways and of pods, else `srcaddr` and `dstaddr`.
    pub from: IpAddr,
    /// See `from`.
    pub to: IpAddr,
    /// The address that stands for the sender at the interface: `srcaddr`.
    pub near_from: IpAddr,
    /// The same for the receiver: `dstaddr`.
    pub near_to: IpAddr,
    /// The sender's port; 0 for protocols without.
    pub from_port: u16,
    /// The receiver's port.
    pub to_port: u16,
    /// IANA's number.
    pub protocol: u8,
    /// TCP flags, ORed over the interval; none where the log has no such field.
    pub flags: Option<u8>,
    /// Whether it left by this interface; none where the log does not say.
    pub leaves: Option<bool>,
    /// Whether it got through.
    pub action: Action,
}

/// A record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The interface.
    pub interface: String,
    /// The VPC, where the log says it.
    pub vpc: Option<String>,
    /// Start of the interval, Unix seconds.
    pub start: i64,
    /// End of the interval, Unix seconds.
    pub end: i64,
    /// What was there.
    pub said: Said,
}

/// The default format, version 2, in which the fields stand where nothing else is said (VPC guide, `flow-logs.md`).
pub const DEFAULT: &str =
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status";

/// The fields that are read here; others are passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// `interface-id`
    Interface,
    /// `vpc-id`
    Vpc,
    /// `srcaddr`
    Source,
    /// `dstaddr`
    Destination,
    /// `pkt-srcaddr`
    PacketSource,
    /// `pkt-dstaddr`
    PacketDestination,
    /// `srcport`
    SourcePort,
    /// `dstport`
    DestinationPort,
    /// `protocol`
    Protocol,
    /// `start`
    Start,
    /// `end`
    End,
    /// `action`
    Action,
    /// `log-status`
    Status,
    /// `tcp-flags`
    Flags,
    /// `flow-direction`
    Direction,
}

/// Names of the fields, and whether a log is of use without.
pub const FIELDS: [(Field, &str, bool); 15] = [
    (Field::Interface, "interface-id", true),
    (Field::Vpc, "vpc-id", false),
    (Field::Source, "srcaddr", true),
    (Field::Destination, "dstaddr", true),
    (Field::PacketSource, "pkt-srcaddr", false),
    (Field::PacketDestination, "pkt-dstaddr", false),
    (Field::SourcePort, "srcport", true),
    (Field::DestinationPort, "dstport", true),
    (Field::Protocol, "protocol", true),
    (Field::Start, "start", true),
    (Field::End, "end", true),
    (Field::Action, "action", true),
    (Field::Status, "log-status", false),
    (Field::Flags, "tcp-flags", false),
    (Field::Direction, "flow-direction", false),
];

/// The texts of one record, by field; none where the log has no such field or the text is `-`.
pub trait Texts {
    /// The text of a field.
    fn text(&self, field: Field) -> Option<&str>;
    /// A fault in a field, at its place.
    fn fault(&self, field: Field, expected: &str) -> Fault;
}

impl Record {
    /// A record from its texts.
    ///
    /// # Errors
    /// The first field that is not what it should be.
    pub fn of(texts: &dyn Texts) -> Result<Record, Fault> {
        let interface = needed(texts, Field::Interface, "an interface's id (eni-…)")?;
        let said = match texts.text(Field::Status) {
            Some("NODATA") => Said::NoData,
            Some("SKIPDATA") => Said::SkipData,
            Some("OK") | None => Said::Traffic(traffic(texts)?),
            Some(_) => return Err(texts.fault(Field::Status, "OK, NODATA or SKIPDATA")),
        };
        Ok(Record {
            interface: interface.to_owned(),
            vpc: texts.text(Field::Vpc).map(str::to_owned),
            start: number(texts, Field::Start, "Unix seconds")?,
            end: number(texts, Field::End, "Unix seconds")?,
            said,
        })
    }
}

fn traffic(texts: &dyn Texts) -> Result<Traffic, Fault> {
    let near_from = address(texts, Field::Source)?;
    let near_to = address(texts, Field::Destination)?;
    let packet = |field| if texts.text(field).is_some() { address(texts, field).map(Some) } else { Ok(None) };
    let protocol = number(texts, Field::Protocol, "a protocol's number, 0 to 255")?;
    let port = |field| match texts.text(field) {
        None => Ok(0),
        Some(_) => number(texts, field, "a port, 0 to 65535"),
    };
    let flags = if texts.text(Field::Flags).is_some() { Some(number(texts, Field::Flags, "TCP flags, 0 to 255")?) } else { None };
    Ok(Traffic {
        from: packet(Field::PacketSource)?.unwrap_or(near_from),
        to: packet(Field::PacketDestination)?.unwrap_or(near_to),
        near_from,
        near_to,
        from_port: port(Field::SourcePort)?,
        to_port: port(Field::DestinationPort)?,
        protocol,
        flags,
        leaves: match texts.text(Field::Direction) {
            Some("egress") => Some(true),
            Some("ingress") => Some(false),
            None => None,
            Some(_) => return Err(texts.fault(Field::Direction, "ingress or egress")),
        },
        action: match texts.text(Field::Action) {
            Some("ACCEPT") => Action::Accept,
            Some("REJECT") => Action::Reject,
            _ => return Err(texts.fault(Field::Action, "ACCEPT or REJECT")),
        },
    })
}

fn needed<'t>(texts: &'t dyn Texts, field: Field, expected: &str) -> Result<&'t str, Fault> {
    texts.text(field).ok_or_else(|| texts.fault(field, expected))
}

fn address(texts: &dyn Texts, field: Field) -> Result<IpAddr, Fault> {
    let expected = "an IPv4 or IPv6 address";
    needed(texts, field, expected)?.parse().map_err(|_| texts.fault(field, expected))
}

fn number<N: std::str::FromStr>(texts: &dyn Texts, field: Field, expected: &str) -> Result<N, Fault> {
    needed(texts, field, expected)?.parse().map_err(|_| texts.fault(field, expected))
}
