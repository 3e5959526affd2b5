//! The namespaces: built once for many networks; only rules and routes change from one to the next.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use super::agent::{Agent, Probe};
use super::draw::{Drawn, Entry, HOSTS, NAT, NAT_PUBLIC, NODES, Node, Peer, Rule, Via};

/// Namespaces of one network at a time, and the agents in them: the interfaces first, then the hosts.
pub struct Stage {
    prefix: String,
    agents: Vec<Agent>,
}

fn run(command: &str, arguments: &[&str], input: &str) -> Result<(), String> {
    let mut child = Command::new(command)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{command} does not start: {error}"))?;
    child.stdin.take().expect("piped").write_all(input.as_bytes()).map_err(|error| error.to_string())?;
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    if output.status.success() {
        Ok(())
    } else {
        Err(format!("{command} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr).trim()))
    }
}

fn must(command: &str, arguments: &[&str], input: &str) {
    run(command, arguments, input).unwrap_or_else(|why| panic!("{why}\n{input}"));
}

impl Stage {
    /// Whether this machine lets us: namespaces, a bridge, nftables with connection tracking and translation.
    pub fn possible() -> Result<(), String> {
        let name = format!("hk{}probe", std::process::id());
        run("ip", &["netns", "add", &name], "")?;
        let script = "table ip t { chain c { type filter hook input priority 0; ct state established accept
            }
            chain n { type nat hook postrouting priority 100; tcp sport 1 masquerade to :5-6\n}\n}\n";
        let tried = run("ip", &["-n", &name, "link", "add", "name", "br", "type", "bridge"], "")
            .and_then(|()| run("ip", &["-n", &name, "link", "add", "name", "ve0", "type", "veth", "peer", "name", "ve1"], ""))
            .and_then(|()| run("ip", &["netns", "exec", &name, "nft", "-f", "-"], script));
        let _ = run("ip", &["netns", "del", &name], "");
        tried
    }

    /// Router, internet gateway, NAT gateway, interfaces and hosts, wired.
    pub fn build(lane: usize) -> Stage {
        let stage_prefix = format!("hk{}x{lane}", std::process::id());
        let mut stage = Stage { prefix: stage_prefix, agents: Vec::new() };
        for name in stage.names() {
            must("ip", &["netns", "add", &name], "");
            must("ip", &["-n", &name, "link", "set", "lo", "up"], "");
        }
        let router = stage.name("r");
        for at in 0..4 {
            let number = if at == 3 { 9 } else { at + 1 };
            stage
                .batch(&router, &format!("link add name b{at} type bridge\nlink set b{at} up\naddress add 10.0.{number}.1/24 dev b{at}\n"));
            stage.batch(&router, &format!("rule add iif b{at} lookup {}\n", 100 + at));
        }
        for at in 0..NODES {
            let address = format!("10.0.{}.{}", at / 2 + 1, if at % 2 == 0 { 20 } else { 200 });
            stage.plug(&format!("n{at}"), at / 2, &address, at / 2 + 1);
        }
        stage.plug("t", 3, &NAT.to_string(), 9);
        stage.border();
        stage.sysctl(&router, &["net.ipv4.ip_forward=1", "net.ipv4.conf.all.send_redirects=0", "net.bridge.bridge-nf-call-iptables=0"]);
        let carries = ["net.ipv4.ip_forward=1", "net.ipv4.conf.all.send_redirects=0", "net.netfilter.nf_conntrack_tcp_loose=0"];
        for name in ["g", "t"] {
            stage.sysctl(&stage.name(name), &carries);
        }
        let agents = (0..NODES).map(|at| format!("n{at}")).chain((0..HOSTS.len()).map(|at| format!("h{at}")));
        stage.agents = agents.map(|name| Agent::start(&stage.name(&name))).collect();
        stage
    }

    fn name(&self, short: &str) -> String {
        format!("{}{short}", self.prefix)
    }

    fn names(&self) -> Vec<String> {
        let nodes = (0..NODES).map(|at| format!("n{at}"));
        let hosts = (0..HOSTS.len()).map(|at| format!("h{at}"));
        ["r", "g", "t"].into_iter().map(str::to_owned).chain(nodes).chain(hosts).map(|short| self.name(&short)).collect()
    }

    fn batch(&self, namespace: &str, script: &str) {
        must("ip", &["-n", namespace, "-batch", "-"], script);
    }

    fn sysctl(&self, namespace: &str, settings: &[&str]) {
        let script: String = settings
            .iter()
            .filter_map(|setting| setting.split_once('='))
            .map(|(key, value)| format!("if [ -e /proc/sys/{0} ]; then echo {value} > /proc/sys/{0}; fi\n", key.replace('.', "/")))
            .collect();
        must("ip", &["netns", "exec", namespace, "sh", "-e"], &script);
    }

    /// A namespace with an address in a subnet, whose default route is the router.
    fn plug(&self, short: &str, bridge: usize, address: &str, number: usize) {
        let (router, own) = (self.name("r"), self.name(short));
        self.batch(&router, &format!("link add name v{short} type veth peer name e0 netns {own}\nlink set v{short} master b{bridge} up\n"));
        self.batch(&own, &format!("link set e0 up\naddress add {address}/24 dev e0\nroute add default via 10.0.{number}.1\n"));
    }

    /// The internet gateway between the router and the hosts.
    fn border(&self) {
        let (router, gateway) = (self.name("r"), self.name("g"));
        self.batch(
            &router,
            &format!(
                "link add name border type veth peer name vpc netns {gateway}\nlink set border up\naddress add 169.254.7.1/30 dev border\n"
            ),
        );
        self.batch(&gateway, "link set vpc up\naddress add 169.254.7.2/30 dev vpc\nroute add 10.0.0.0/16 via 169.254.7.1\n");
        for (at, host) in HOSTS.iter().enumerate() {
            let own = self.name(&format!("h{at}"));
            self.batch(
                &gateway,
                &format!(
                    "link add name h{at} type veth peer name e0 netns {own}\nlink set h{at} up\naddress add 169.254.8.{}/30 dev h{at}\n",
                    at * 4 + 1
                ),
            );
            self.batch(&own, &format!("link set e0 up\naddress add {host}/32 dev e0\nroute add 169.254.8.{0}/32 dev e0\nroute add default via 169.254.8.{0} dev e0 src {host}\n", at * 4 + 1));
            self.batch(&gateway, &format!("route add {host}/32 dev h{at}\n"));
        }
    }

    /// Makes it this network.
    pub fn set(&mut self, drawn: &Drawn) {
        let nft = |namespace: &str, script: &str| must("ip", &["netns", "exec", namespace, "nft", "-f", "-"], script);
        let router = self.name("r");
        self.batch(&router, &routes(drawn));
        nft(&router, &acls(drawn));
        nft(&self.name("g"), &gateway(drawn));
        nft(&self.name("t"), &nat());
        for (at, node) in drawn.nodes.iter().enumerate() {
            nft(&self.name(&format!("n{at}")), &groups(drawn, node));
        }
    }

    /// Tries all of these, each from its agent.
    pub fn probe(&mut self, probes: &[(usize, Probe)], patience_ms: u64) -> BTreeMap<(usize, Probe), bool> {
        let mut by_agent: Vec<Vec<Probe>> = vec![Vec::new(); self.agents.len()];
        for (agent, probe) in probes {
            by_agent[*agent].push(*probe);
        }
        for list in &mut by_agent {
            list.sort();
            list.dedup();
        }
        for (agent, list) in self.agents.iter_mut().zip(&by_agent) {
            agent.ask(list, patience_ms);
        }
        let mut results = BTreeMap::new();
        for (at, list) in by_agent.iter().enumerate() {
            let answers = self.agents[at].answer();
            assert_eq!(answers.len(), list.len(), "the agent answers every probe");
            results.extend(list.iter().zip(answers).map(|(probe, arrived)| ((at, *probe), arrived)));
        }
        results
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.agents.clear();
        for name in self.names() {
            let _ = run("ip", &["netns", "del", &name], "");
        }
    }
}

/// A table per subnet; what it does not know is unreachable rather than left to the router's own table.
fn routes(drawn: &Drawn) -> String {
    let mut out = String::new();
    for (at, subnet) in drawn.subnets.iter().enumerate() {
        let table = 100 + at;
        out.push_str(&format!("route flush table {table}\nroute add unreachable default metric 9999 table {table}\n"));
        for (other, local) in drawn.subnets.iter().enumerate() {
            out.push_str(&format!("route add {} dev b{other} table {table}\n", local.range));
        }
        for (range, via) in &subnet.routes {
            let via = match via {
                Via::InternetGateway => "via 169.254.7.2 dev border".to_owned(),
                Via::Nat => format!("via {NAT} dev b3"),
                Via::BlackHole => String::new(),
            };
            let kind = if via.is_empty() { "blackhole " } else { "" };
            out.push_str(&format!("route add {kind}{range} {via} metric 10 table {table}\n"));
        }
    }
    // The kernel keeps what a flush of an empty table would complain about out of the way.
    out.replace("route flush table", "route flush cache\nroute flush table")
}

/// Stateless, in the order of their numbers; what no entry matches is dropped.
fn acls(drawn: &Drawn) -> String {
    let mut out = "flush ruleset\ntable ip acl {\n".to_owned();
    let mut jumps = String::new();
    for (at, subnet) in drawn.subnets.iter().enumerate() {
        let Some(entries) = &subnet.acl else { continue };
        for (name, egress, side, field) in [("in", false, "oifname", "saddr"), ("out", true, "iifname", "daddr")] {
            out.push_str(&format!("chain s{at}{name} {{\n"));
            let mut sorted: Vec<&Entry> = entries.iter().filter(|entry| entry.out == egress).collect();
            sorted.sort_by_key(|entry| entry.number);
            for entry in sorted {
                let verdict = if entry.allow { "return" } else { "drop" };
                out.push_str(&format!("ip {field} {} {} {verdict}\n", entry.range, entry.what.nft()));
            }
            out.push_str("drop\n}\n");
            jumps.push_str(&format!("{side} \"b{at}\" jump s{at}{name}\n"));
        }
    }
    out.push_str(&format!("chain forward {{ type filter hook forward priority 0; policy accept;\n{jumps}}}\n}}\n"));
    out
}

/// One public address for one private one, both ways; what has none does not pass.
fn gateway(drawn: &Drawn) -> String {
    let mut pairs: Vec<(String, String)> = vec![(NAT.to_string(), NAT_PUBLIC.to_string())];
    pairs.extend(drawn.nodes.iter().filter_map(|node| Some((node.address.to_string(), node.public?.to_string()))));
    let list = |pair: &dyn Fn(&(String, String)) -> String| pairs.iter().map(pair).collect::<Vec<_>>().join(", ");
    let (private, out, back) = (list(&|p| p.0.clone()), list(&|p| format!("{} : {}", p.0, p.1)), list(&|p| format!("{} : {}", p.1, p.0)));
    format!(
        "flush ruleset
        table ip igw {{
        chain pre {{ type nat hook prerouting priority -100;
 dnat to ip daddr map {{ {back} }}
 }}
        chain post {{ type nat hook postrouting priority 100;
 snat to ip saddr map {{ {out} }}
 }}
        chain forward {{ type filter hook forward priority 0; policy accept;
            iifname \"vpc\" ct state new ip saddr != {{ {private} }} drop
            iifname != \"vpc\" oifname != \"vpc\" drop
 }}
        }}\n"
    )
}

/// A NAT gateway knows the connections that it carries and drops what belongs to none. It sends
/// from any port from 1024 on: which range it takes follows from the source port, so that all are tried.
fn nat() -> String {
    let mut rules = String::new();
    let ranges =
        [("32768-35999", "1100-30000"), ("36000-39999", "33000-39900"), ("40000-49999", "40100-60900"), ("50000-60999", "61000-65000")];
    for (protocol, (from, to)) in ["tcp", "udp"].into_iter().flat_map(|protocol| ranges.map(|range| (protocol, range))) {
        rules.push_str(&format!("{protocol} sport {from} masquerade to :{to}\n"));
    }
    format!(
        "flush ruleset
        table ip nat {{
        chain forward {{ type filter hook forward priority 0; policy accept;
            ct state invalid drop
        }}
        chain post {{ type nat hook postrouting priority 100;
            {rules}            masquerade
        }}
        }}\n"
    )
}

/// Stateful rules of all groups that an interface wears; a group as a peer is the set of its wearers' private addresses.
fn groups(drawn: &Drawn, node: &Node) -> String {
    let policy = if node.groups.is_empty() { "accept" } else { "drop" };
    let mut out = "flush ruleset\ntable ip sg {\n".to_owned();
    for group in 0..drawn.groups.len() {
        let wearers: Vec<String> =
            drawn.nodes.iter().filter(|node| node.groups.contains(&group)).map(|node| node.address.to_string()).collect();
        let elements = if wearers.is_empty() { String::new() } else { format!("elements = {{ {} }}", wearers.join(", ")) };
        out.push_str(&format!("set g{group} {{ type ipv4_addr; {elements} }}\n"));
    }
    for (hook, egress, field) in [("input", false, "saddr"), ("output", true, "daddr")] {
        out.push_str(&format!("chain {hook} {{ type filter hook {hook} priority 0; policy {policy};\nct state established accept\n"));
        let rules = node.groups.iter().flat_map(|group| &drawn.groups[*group]).filter(|rule| rule.out == egress);
        for Rule { what, peer, .. } in rules {
            let peer = match peer {
                Peer::Range(range) => range.clone(),
                Peer::Group(group) => format!("@g{group}"),
            };
            out.push_str(&format!("ip {field} {peer} {} accept\n", what.nft()));
        }
        out.push_str("}\n");
    }
    out.push_str("}\n");
    out
}
