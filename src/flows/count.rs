//! Counters that stay small, however long the logs are.

use std::collections::BTreeMap;

use crate::model::flow::Evidence;
use crate::model::network::{Ports, Protocol};

/// Ports of one pair that are counted one by one; beyond, their span is one.
const PORTS: usize = 64;
/// Destinations of one workload that are counted one by one.
const DESTINATIONS: usize = 64;

/// How often and when something was seen. The same packets are logged at both ends, and answers beside them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Records by where they were logged and which way they went.
    pub of: [u64; 4],
    /// Unix seconds.
    pub first: i64,
    /// Unix seconds.
    pub last: i64,
}

impl Count {
    /// One record: logged at the opener's interface or the acceptor's, of what the opener sent or of answers.
    pub fn once(at_opener: bool, answer: bool, start: i64, end: i64) -> Count {
        let mut of = [0; 4];
        of[usize::from(at_opener) + 2 * usize::from(answer)] = 1;
        Count { of, first: start, last: end }
    }

    /// The same, seen from the other end.
    pub fn turned(self) -> Count {
        let [a, b, c, d] = self.of;
        Count { of: [d, c, b, a], ..self }
    }

    /// Adds.
    pub fn add(&mut self, other: Count) {
        if self.of == [0; 4] {
            *self = other;
            return;
        }
        self.of.iter_mut().zip(other.of).for_each(|(one, more)| *one += more);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }

    /// As evidence: each packet is counted once, where most of it was logged.
    pub fn evidence(&self) -> Evidence {
        let records = self.of.into_iter().max().unwrap_or_default();
        Evidence::Seen { records, first: time(self.first), last: time(self.last) }
    }
}

/// RFC 3339.
pub fn time(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map(|at| at.to_string()).unwrap_or_default()
}

/// The ports of one pair and protocol.
#[derive(Clone, Debug, Default)]
pub struct PortBook {
    ports: BTreeMap<u16, Count>,
    span: Option<(u16, u16, Count)>,
}

impl PortBook {
    /// Counts.
    pub fn add(&mut self, port: u16, count: Count) {
        if let Some((low, high, of)) = &mut self.span {
            (*low, *high) = ((*low).min(port), (*high).max(port));
            of.add(count);
            return;
        }
        self.ports.entry(port).or_default().add(count);
        if self.ports.len() > PORTS {
            let (low, high) = (self.ports.keys().next().copied().unwrap_or(0), self.ports.keys().next_back().copied().unwrap_or(0));
            let mut of = Count::default();
            std::mem::take(&mut self.ports).into_values().for_each(|count| of.add(count));
            self.span = Some((low, high, of));
        }
    }

    /// Whether a port is among them.
    pub fn has(&self, port: u16) -> bool {
        self.ports.contains_key(&port) || self.span.is_some_and(|(low, high, _)| (low..=high).contains(&port))
    }

    /// All.
    pub fn all(self, protocol: &Protocol) -> Vec<(Ports, Count)> {
        let of = |from, to| match protocol {
            Protocol::Icmp => Ports { protocol: Protocol::Icmp, from: 0, to: 65535 },
            _ => Ports { protocol: protocol.clone(), from, to },
        };
        let one_by_one = self.ports.into_iter().map(|(port, count)| (of(port, port), count));
        one_by_one.chain(self.span.map(|(low, high, count)| (of(low, high), count))).collect()
    }
}

/// The destinations that come up most: what comes up in more than one of 65 records is among them, and each is counted too
/// low rather than too high (Misra and Gries).
#[derive(Clone, Debug, Default)]
pub struct Top(BTreeMap<String, u64>);

impl Top {
    /// Counts.
    pub fn add(&mut self, what: String) {
        if self.0.len() < DESTINATIONS || self.0.contains_key(&what) {
            *self.0.entry(what).or_default() += 1;
            return;
        }
        self.0.values_mut().for_each(|count| *count -= 1);
        self.0.retain(|_, count| *count > 0);
    }

    /// The first so many, most frequent first.
    pub fn first(&self, many: usize) -> Vec<(String, u64)> {
        let mut all: Vec<(String, u64)> = self.0.iter().map(|(what, count)| (what.clone(), *count)).collect();
        all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        all.truncate(many);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_logged_at_both_ends_count_once() {
        let mut count = Count::default();
        for _ in 0..3 {
            count.add(Count::once(true, false, 10, 20));
            count.add(Count::once(false, false, 5, 15));
            count.add(Count::once(true, true, 10, 20));
        }
        count.add(Count::once(true, false, 30, 40));
        let expected = Evidence::Seen { records: 4, first: "1970-01-01T00:00:05Z".into(), last: "1970-01-01T00:00:40Z".into() };
        assert_eq!(count.evidence(), expected);
    }

    #[test]
    fn many_ports_are_one_span() {
        let mut book = PortBook::default();
        (1000..1064).for_each(|port| book.add(port, Count::once(true, false, 0, 1)));
        assert_eq!(book.clone().all(&Protocol::Tcp).len(), 64);
        book.add(9000, Count::once(true, false, 0, 1));
        book.add(80, Count::once(true, false, 0, 1));
        let all = book.all(&Protocol::Tcp);
        assert_eq!(all.len(), 1);
        assert_eq!((all[0].0.from, all[0].0.to, all[0].1.of[1]), (80, 9000, 66));
    }

    #[test]
    fn what_comes_up_most_stays_among_any_number_of_others() {
        let mut top = Top::default();
        for at in 0..10_000 {
            top.add(format!("other-{at}"));
            if at % 10 == 0 {
                top.add("often".to_owned());
            }
        }
        assert_eq!(top.first(1)[0].0, "often");
        assert!(top.first(1)[0].1 <= 1000);
    }
}
