//! What sends and answers in a namespace: this test binary again, started there, told over its standard input what to send.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::draw::PORTS;

/// Says to the binary that it is an agent.
const AGENT: &str = "HIKKOSHI_KERNEL_AGENT";

/// Transport of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Transport {
    Tcp,
    Udp,
}

/// A connection to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Probe {
    pub transport: Transport,
    pub source: u16,
    pub target: Ipv4Addr,
    pub port: u16,
}

/// An agent in a namespace, as its master sees it.
pub struct Agent {
    child: Child,
    to: ChildStdin,
    from: std::io::BufReader<ChildStdout>,
}

impl Agent {
    /// Starts one, and waits until it listens.
    pub fn start(namespace: &str) -> Agent {
        let own = std::env::current_exe().expect("the test binary knows itself");
        let mut child = Command::new("ip")
            .args(["netns", "exec", namespace])
            .arg(own)
            .args(["--exact", "kernel::agent::serve", "--nocapture", "--test-threads=1"])
            .env(AGENT, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("ip starts");
        let to = child.stdin.take().expect("piped");
        let mut agent = Agent { from: std::io::BufReader::new(child.stdout.take().expect("piped")), to, child };
        assert_eq!(agent.line(), "ready");
        agent
    }

    /// What it says after its mark; what else a test binary prints is passed over.
    fn line(&mut self) -> String {
        loop {
            let mut line = String::new();
            let read = self.from.read_line(&mut line).expect("the agent can be read");
            assert!(read > 0, "the agent has ended");
            if let Some((_, said)) = line.split_once("agent: ") {
                return said.trim().to_owned();
            }
        }
    }

    /// Has it begin with these probes.
    pub fn ask(&mut self, probes: &[Probe], patience_ms: u64) {
        let one = |probe: &Probe| format!("{:?}/{}/{}/{}", probe.transport, probe.source, probe.target, probe.port);
        let list: Vec<String> = probes.iter().map(one).collect();
        writeln!(self.to, "{patience_ms} {}", list.join(" ")).expect("the agent listens");
    }

    /// Which of them arrived and were answered, in their order.
    pub fn answer(&mut self) -> Vec<bool> {
        self.line().chars().map(|mark| mark == '1').collect()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The agent's own life; nothing where the binary is not started as one.
#[test]
fn serve() {
    if std::env::var_os(AGENT).is_none() {
        return;
    }
    for port in PORTS {
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).expect("the port is free");
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let _ = stream.write_all(b"!");
            }
        });
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)).expect("the port is free");
        std::thread::spawn(move || {
            let mut buffer = [0; 16];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                let _ = socket.send_to(&buffer[..length], from);
            }
        });
    }
    println!("\nagent: ready");
    for line in std::io::stdin().lines() {
        let line = line.expect("text");
        let (patience, list) = line.split_once(' ').expect("patience and probes");
        let probes: Vec<Probe> = list.split(' ').filter(|text| !text.is_empty()).map(read).collect();
        let arrived = send(&probes, Duration::from_millis(patience.parse().expect("milliseconds")));
        let marks: String = probes.iter().map(|probe| if arrived.contains(probe) { '1' } else { '0' }).collect();
        println!("\nagent: {marks}");
    }
}

fn read(text: &str) -> Probe {
    let [transport, source, target, port] = text.split('/').collect::<Vec<_>>()[..] else { panic!("not a probe: {text}") };
    Probe {
        transport: if transport == "Tcp" { Transport::Tcp } else { Transport::Udp },
        source: source.parse().expect("a port"),
        target: target.parse().expect("an address"),
        port: port.parse().expect("a port"),
    }
}

/// Sends from one source port after the other: the kernel's own range of client ports is narrowed to it, for TCP.
fn send(probes: &[Probe], patience: Duration) -> BTreeSet<Probe> {
    let mut by_source: BTreeMap<u16, Vec<Probe>> = BTreeMap::new();
    for probe in probes {
        by_source.entry(probe.source).or_default().push(*probe);
    }
    let arrived = Arc::new(Mutex::new(BTreeSet::new()));
    for (source, probes) in by_source {
        std::fs::write("/proc/sys/net/ipv4/ip_local_port_range", format!("{source} {source}")).expect("the namespace is ours");
        let (tcp, udp): (Vec<Probe>, Vec<Probe>) = probes.iter().partition(|probe| probe.transport == Transport::Tcp);
        std::thread::scope(|scope| {
            for probe in tcp {
                let arrived = &arrived;
                scope.spawn(move || {
                    if connects(&probe, patience) {
                        arrived.lock().expect("no sender panicked").insert(probe);
                    }
                });
            }
            if !udp.is_empty() {
                let answered = echoes(source, &udp, patience);
                arrived.lock().expect("no sender panicked").extend(answered);
            }
        });
    }
    Arc::into_inner(arrived).expect("all senders ended").into_inner().expect("no sender panicked")
}

fn connects(probe: &Probe, patience: Duration) -> bool {
    let Ok(mut stream) = TcpStream::connect_timeout(&SocketAddr::from((probe.target, probe.port)), patience) else { return false };
    let mut byte = [0];
    stream.set_read_timeout(Some(patience)).is_ok() && stream.read_exact(&mut byte).is_ok()
}

fn echoes(source: u16, probes: &[Probe], patience: Duration) -> Vec<Probe> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, source)).expect("the source port is free");
    socket.set_read_timeout(Some(Duration::from_millis(20))).expect("a timeout");
    let mut arrived: Vec<Probe> = Vec::new();
    let begin = Instant::now();
    let mut sent = 0;
    while begin.elapsed() < patience && arrived.len() < probes.len() {
        if begin.elapsed() >= patience / 3 * sent {
            sent += 1;
            for probe in probes.iter().filter(|probe| !arrived.contains(probe)) {
                let _ = socket.send_to(b"?", (probe.target, probe.port));
            }
        }
        let mut buffer = [0; 16];
        if let Ok((_, SocketAddr::V4(from))) = socket.recv_from(&mut buffer) {
            let of = |probe: &&Probe| IpAddr::V4(probe.target) == IpAddr::V4(*from.ip()) && probe.port == from.port();
            if let Some(probe) = probes.iter().find(of).filter(|probe| !arrived.contains(probe)) {
                arrived.push(*probe);
            }
        }
    }
    arrived
}
