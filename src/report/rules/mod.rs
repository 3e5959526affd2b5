//! The network rules of a VPC as somebody would write them down for the others: what goes where, who may talk to whom, how
//! to get in, how to add something, what is never done. Pure: an inventory in, Markdown out, in English or Japanese.

mod howto;

use std::collections::BTreeMap;
use std::fmt::Write;

use ipnet::IpNet;

use crate::audit::rules::{Group, Rules, Use, of};
use crate::model::facet::{GatewayKind, Role};
use crate::model::inventory::Inventory;
use crate::model::network::is_world;
use crate::model::path;
use crate::model::resource::Resource;
use crate::report::harmless;

/// The language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English.
    En,
    /// Japanese.
    Ja,
}

/// What the page is about.
pub struct Page<'p> {
    /// The account.
    pub inventory: &'p Inventory,
    /// The migration's name, if the page is one's.
    pub migration: Option<&'p str>,
    /// Whether the account is what the plan will make of it, and ids are of the simulation.
    pub planned: bool,
    /// The language.
    pub language: Language,
}

/// How the reasons begin that a plan writes down, behind the name of who is let in.
const PLANNED: [&str; 3] = ["may reach this port today", "nobody vouches for this", "target of "];

/// Names in a cell.
const NAMES: usize = 12;

/// Text in a table's cell or a sentence: nothing in it is markup.
fn plain(text: &str) -> String {
    let text = harmless(text);
    text.chars().flat_map(|c| "|\\`*_<>[]".contains(c).then_some('\\').into_iter().chain([c])).collect()
}

/// Text in a code span.
fn code(text: &str) -> String {
    format!("`{}`", harmless(text).replace('`', "'").replace('|', "\\|"))
}

/// Text in a shell's single quotes, where it needs them.
fn shell(text: &str) -> String {
    let text = harmless(text);
    let bare = |c: char| c.is_ascii_alphanumeric() || "-_./:@".contains(c);
    if !text.is_empty() && text.chars().all(bare) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// The page.
pub fn markdown(page: &Page<'_>) -> String {
    let writer = Writer { page, rules: of(page.inventory), out: String::new() };
    writer.whole()
}

struct Writer<'p> {
    page: &'p Page<'p>,
    rules: Rules,
    out: String,
}

impl Writer<'_> {
    /// The text in the page's language.
    fn say<'t>(&self, english: &'t str, japanese: &'t str) -> &'t str {
        if self.page.language == Language::En { english } else { japanese }
    }

    fn line(&mut self, english: &str, japanese: &str) {
        let text = self.say(english, japanese).to_owned();
        self.out.push_str(&text);
        self.out.push('\n');
    }

    fn heading(&mut self, english: &str, japanese: &str) {
        self.out.push_str("\n## ");
        self.line(english, japanese);
        self.out.push('\n');
    }

    fn whole(mut self) -> String {
        self.head();
        self.places();
        self.talk();
        self.log_in();
        self.databases();
        self.add_a_service();
        self.never();
        self.not_yet();
        self.kept();
        self.out
    }

    fn head(&mut self) {
        let inventory = self.page.inventory;
        let vpc = plain(inventory.name(&inventory.vpc));
        let _ = writeln!(self.out, "# {} {vpc}\n", self.say("Network rules of", "ネットワーク規約:"));
        let _ = writeln!(self.out, "{} · {} · {}", code(inventory.vpc.as_str()), inventory.account, inventory.region);
        self.out.push('\n');
        match (self.page.planned, self.page.migration) {
            (true, Some(name)) => {
                let (en, ja) = (
                    format!("This is how it will be at the end of migration {name}, before cleanup: nothing has been carried out yet."),
                    format!("移行 {name} の完了時点(cleanup の前)の姿です。まだ何も実行していません。"),
                );
                self.line(&en, &ja);
            }
            _ => {
                let (en, ja) = (
                    format!("As the account was at {}.", inventory.taken_at),
                    format!("{} 時点のアカウントの姿です。", inventory.taken_at),
                );
                self.line(&en, &ja);
            }
        }
    }

    fn places(&mut self) {
        self.heading("What goes into which subnet", "どのサブネットに何を置くか");
        self.line(
            "- **Public subnets** hold load balancers that face the internet, and NAT gateways. Nothing else.",
            "- **パブリックサブネット**: インターネット向けロードバランサーと NAT ゲートウェイだけを置く。ほかは置かない。",
        );
        self.line(
            "- **Private subnets** hold everything else: instances, containers, functions, databases, caches, internal load balancers. They reach the internet through the NAT gateways.",
            "- **プライベートサブネット**: それ以外のすべて(EC2、コンテナ、Lambda、データベース、キャッシュ、内部ロードバランサー)。インターネットへは NAT ゲートウェイ経由で出る。",
        );
        self.out.push('\n');
        self.line("| Subnet | Range | Zone | Use | What is in it |", "| サブネット | CIDR | AZ | 用途 | 置かれているもの |");
        self.out.push_str("|---|---|---|---|---|\n");
        let inside = self.inside();
        for subnet in self.rules.subnets.iter().map(|subnet| subnet.value.clone()).collect::<Vec<_>>() {
            let r#use = match subnet.r#use {
                Use::Public => self.say("public", "パブリック"),
                Use::Private => self.say("private", "プライベート"),
            };
            let names = inside.get(&subnet.cidr).map_or(String::new(), |names| listed(names));
            let _ = writeln!(self.out, "| {} | {} | {} | {use} | {names} |", plain(&subnet.name), code(&subnet.cidr), plain(&subnet.zone));
        }
    }

    /// Who may be in each subnet, by range.
    fn inside(&self) -> BTreeMap<String, Vec<String>> {
        let inventory = self.page.inventory;
        let mut out: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let nat = |r: &Resource| matches!(r.facets.gateway, Some(GatewayKind::Nat | GatewayKind::PrivateNat));
        for resource in inventory.all().filter(|r| (r.is_movable() || nat(r)) && !is_stopped(r)) {
            for subnet in resource.subnets().iter().filter_map(|id| inventory.get(id)) {
                out.entry(path::text(&subnet.doc, "CidrBlock").to_owned()).or_default().push(resource.name.clone());
            }
        }
        for names in out.values_mut() {
            names.sort();
            names.dedup();
        }
        out
    }

    fn talk(&mut self) {
        self.heading("Who may talk to whom", "誰が誰と通信できるか");
        self.line(
            "By security group: each thing has a group of its own, and sources are groups, not addresses. Out, everything may go; the way in decides.",
            "セキュリティグループ単位で決める。それぞれに専用のグループがあり、送信元は IP アドレスではなくグループ ID で指定する。送信側は制限せず、受信側で決める。",
        );
        self.out.push('\n');
        self.line("| Who accepts | Group | Ports | From | Why |", "| 受け側 | グループ | ポート | 送信元 | 理由 |");
        self.out.push_str("|---|---|---|---|---|\n");
        let mut silent = Vec::new();
        for group in self.active() {
            if group.admits.is_empty() {
                silent.push(group.clone());
            }
            for (ports, why, from) in permissions(&group) {
                let from: Vec<String> = from.iter().map(|from| self.source(from)).collect();
                let (ports, why) = (self.ports(ports), self.why(why));
                let _ =
                    writeln!(self.out, "| {} | {} | {ports} | {} | {why} |", listed(group.wearers()), code(&group.name), from.join(", "));
            }
        }
        if !silent.is_empty() {
            let names: Vec<String> = silent.iter().map(|group| code(&group.name)).collect();
            let (en, ja) = (
                format!("\nNobody may come in to: {}.", names.join(", ")),
                format!("\n受信を一切許可しないグループ: {}。", names.join("、")),
            );
            self.line(&en, &ja);
        }
    }

    fn ports(&self, ports: &str) -> String {
        if ports == "all traffic" { self.say("all traffic", "すべてのトラフィック").to_owned() } else { plain(ports) }
    }

    /// The reasons that plans give, in the page's language; others as somebody wrote them.
    fn why(&self, why: &str) -> String {
        match (why, why.strip_prefix("target of ")) {
            ("may reach this port today", _) => self.say(why, "移行前から到達可能").to_owned(),
            ("nobody vouches for this", _) => self.say(why, "必要性は未確認(移行前の規則を維持)").to_owned(),
            (_, Some(target)) => self.say(&plain(why), &format!("{} のターゲット", plain(target))).to_owned(),
            _ => plain(why),
        }
    }

    /// Groups that something wears.
    fn active(&self) -> Vec<Group> {
        let worn = |group: &&Group| !group.retired && !group.wearers().is_empty();
        self.rules.groups.iter().map(|group| &group.value).filter(worn).cloned().collect()
    }

    fn source(&self, from: &str) -> String {
        match from.parse::<IpNet>() {
            Ok(net) if is_world(&net) => format!("**{}** ({})", self.say("the internet", "インターネット"), code(from)),
            _ => code(from),
        }
    }

    fn never(&mut self) {
        self.heading("What is never done", "やってはいけないこと");
        let rules = [
            (
                "No `0.0.0.0/0` or `::/0` inbound, but on the listeners of load balancers that face the internet.",
                "`0.0.0.0/0`・`::/0` からの受信許可(インターネット向けロードバランサーのリスナーを除く)。",
            ),
            (
                "No port 22 or 3389 from anywhere: people log in by Session Manager.",
                "22 番・3389 番ポートの開放。ログインは Session Manager で行う。",
            ),
            ("No public address on an instance or a task, and no elastic IP.", "EC2 やタスクへのパブリック IP・Elastic IP の付与。"),
            ("No database or cache that is publicly accessible.", "データベースやキャッシュのパブリックアクセス有効化。"),
            (
                "No route to an internet gateway in the route table of a private subnet.",
                "プライベートサブネットのルートテーブルへのインターネットゲートウェイ向け経路の追加。",
            ),
            (
                "No protocol ALL, and no group that several different things share.",
                "プロトコル ALL の許可、および種類の違うもの同士でのグループの使い回し。",
            ),
            (
                "No rule by address where there is a group: addresses change, groups stay.",
                "グループで指定できる送信元を IP アドレスで指定すること。アドレスは変わる。",
            ),
        ];
        for (english, japanese) in rules {
            let _ = writeln!(self.out, "- {}", self.say(english, japanese));
        }
    }

    /// What the account does not keep of its own rules.
    fn not_yet(&mut self) {
        let mut lines: Vec<(String, String)> = Vec::new();
        for entry in self.rules.public.iter().map(|entry| &entry.value) {
            let facing = |r: &&Resource| r.facets.balancing.as_ref().is_some_and(|balancing| balancing.internet_facing);
            let same = self.page.inventory.all().filter(|r| r.kind == entry.kind && r.name == entry.name);
            if !same.clone().any(|r| facing(&r)) {
                let name = plain(&entry.name);
                lines.push((format!("{name} is public ({}).", plain(&entry.why)), format!("{name} がパブリックのまま。")));
            }
        }
        for group in self.rules.groups.iter().map(|group| &group.value) {
            let name = code(&group.name);
            if group.retired {
                lines.push((
                    format!("The old group {name} is open to the internet; nothing that runs wears it. Delete it."),
                    format!("古いグループ {name} がインターネットに開いたまま残っている(稼働中のものは使っていない)。削除する。"),
                ));
            } else if !self.serves(group) {
                let world = group.admits.iter().filter(|line| line.value.from.parse::<IpNet>().is_ok_and(|net| is_world(&net)));
                let all = group.admits.iter().filter(|line| line.value.ports == "all traffic").count();
                if all > 0 {
                    lines.push((
                        format!("{name} lets in all traffic from {all} sources: write down what is needed, and narrow it."),
                        format!("{name} が {all} 個の送信元からすべてのトラフィックを許可している。必要なポートを確認して絞る。"),
                    ));
                }
                lines.extend(world.map(|line| {
                    let ports = plain(&line.value.ports);
                    (format!("{name} lets the internet in on {ports}."), format!("{name} が {ports} をインターネットに開いている。"))
                }));
            }
        }
        if lines.is_empty() {
            return;
        }
        self.heading("What is not yet so", "まだ守られていないこと");
        for (english, japanese) in lines {
            let _ = writeln!(self.out, "- {}", self.say(&english, &japanese));
        }
    }

    /// Whether all that wears a group serves the internet.
    fn serves(&self, group: &Group) -> bool {
        let facing = |name: &String| {
            let mut balancers = self.page.inventory.with_role(Role::Balancer).filter(|r| r.name == *name);
            balancers.any(|r| r.facets.balancing.as_ref().is_some_and(|balancing| balancing.internet_facing))
        };
        !group.wearers().is_empty() && group.wearers().iter().all(facing)
    }

    fn kept(&mut self) {
        self.heading("How these rules are kept", "この規約を守る仕組み");
        let name = self.page.migration.unwrap_or("NAME");
        self.line(
            "A file says the same for a program. A pipeline holds the account against it each day and at each change; exit status 3 means that something breaks the rules.",
            "同じ内容を機械可読なファイルにして、CI で毎日・変更のたびにアカウントと突き合わせる。終了コード 3 は規約違反。",
        );
        let _ = write!(
            self.out,
            "\n```sh\nhikkoshi rules {name} --format yaml --out network-rules.yaml\nhikkoshi audit --rules network-rules.yaml\nhikkoshi audit --rules network-rules.yaml --format sarif > rules.sarif\n```\n"
        );
    }
}

/// A group's permissions, those with the same ports and reason together: ports, reason, sources. A plan's reason begins with
/// who it is about, which the source says already.
fn permissions(group: &Group) -> Vec<(&str, &str, Vec<&str>)> {
    let mut out: Vec<(&str, &str, Vec<&str>)> = Vec::new();
    for line in group.admits.iter().map(|line| &line.value) {
        let why = line
            .why
            .split_once(": ")
            .filter(|(_, rest)| PLANNED.iter().any(|start| rest.starts_with(start)))
            .map_or(line.why.as_str(), |(_, why)| why);
        match out.iter_mut().find(|(ports, same, _)| *ports == line.ports && *same == why) {
            Some((_, _, from)) => from.push(&line.from),
            None => out.push((&line.ports, why, vec![&line.from])),
        }
    }
    out
}

/// Whether a thing is at rest.
fn is_stopped(resource: &Resource) -> bool {
    matches!(resource.facets.state.as_str(), "stopped" | "stopping" | "terminated" | "shutting-down")
}

/// The first names of many.
fn listed(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(NAMES).map(|name| plain(name)).collect();
    let more = if names.len() > NAMES { format!(", … (+{})", names.len() - NAMES) } else { String::new() };
    format!("{}{more}", shown.join(", "))
}
