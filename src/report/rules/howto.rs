//! How to do things under the rules: log in, reach a database, add a service. Commands name things by what they are called,
//! so that they stay right when an instance is replaced.

use std::fmt::Write;

use super::{Writer, code, is_stopped, plain, shell};
use crate::model::facet::Role;
use crate::model::network::Peer;
use crate::model::path;
use crate::model::resource::Resource;

/// The id of the running instance of a name, as a shell's substitution.
fn instance(region: &str, name: &str) -> String {
    format!(
        "\"$(aws ec2 describe-instances --region {region} --filters {} Name=instance-state-name,Values=running --query 'Reservations[0].Instances[0].InstanceId' --output text)\"",
        shell(&format!("Name=tag:Name,Values={name}"))
    )
}

impl Writer<'_> {
    fn region(&self) -> String {
        shell(&self.page.inventory.region)
    }

    /// Instances that run, and whether their agent is connected.
    fn instances(&self) -> Vec<(String, bool)> {
        let running = self.page.inventory.all().filter(|r| r.facets.login.is_some() && !is_stopped(r));
        let mut all: Vec<(String, bool)> =
            running.map(|r| (r.name.clone(), r.facets.login.as_ref().is_some_and(|login| login.online))).collect();
        all.sort();
        all.dedup();
        all
    }

    pub(super) fn log_in(&mut self) {
        self.heading("How to log in", "ログイン方法");
        self.line(
            "By Session Manager: no key, no port, no bastion; who did what is in CloudTrail. You need the Session Manager plugin of the AWS CLI, and `ssm:StartSession`.",
            "Session Manager を使う。鍵もポート開放も踏み台も不要で、操作は CloudTrail に残る。AWS CLI の Session Manager プラグインと `ssm:StartSession` 権限が必要。",
        );
        let region = self.region();
        let (online, offline): (Vec<_>, Vec<_>) = self.instances().into_iter().partition(|(_, online)| *online);
        if !online.is_empty() {
            self.out.push_str("\n```sh\n");
            for (name, _) in online.iter().take(20) {
                let _ = writeln!(self.out, "aws ssm start-session --region {region} --target {}", instance(&region, name));
            }
            self.out.push_str("```\n");
        }
        if online.len() > 20 {
            let (en, ja) =
                (format!("\nThe same for the other {} instances.", online.len() - 20), format!("\n残り {} 台も同様。", online.len() - 20));
            self.line(&en, &ja);
        }
        if !offline.is_empty() {
            let names: Vec<String> = offline.iter().map(|(name, _)| plain(name)).collect();
            let (en, ja) = (
                format!("\nNot connected to Session Manager: {}. Look at the agent and at the instance's role.", names.join(", ")),
                format!("\nSession Manager に接続していないもの: {}。エージェントとロールを確認する。", names.join("、")),
            );
            self.line(&en, &ja);
        }
    }

    /// Databases and caches that have an address of their own.
    fn stores(&self) -> Vec<&Resource> {
        let address = |r: &&Resource| r.role == Role::Workload && endpoint(r).is_some();
        let mut stores: Vec<&Resource> = self.page.inventory.all().filter(address).collect();
        stores.sort_by(|a, b| (&a.kind, &a.name).cmp(&(&b.kind, &b.name)));
        stores
    }

    pub(super) fn databases(&mut self) {
        let stores: Vec<(String, String, u64, Option<String>)> = self
            .stores()
            .into_iter()
            .filter_map(|store| endpoint(store).map(|(host, port)| (store.name.clone(), host, port, self.step(store))))
            .collect();
        if stores.is_empty() {
            return;
        }
        self.heading("How to reach a database", "データベースへの接続方法");
        let region = self.region();
        let vpn = self.page.inventory.all().find(|r| r.kind == "client_vpn_endpoint").map(|r| r.id.to_string());
        if let Some(id) = &vpn {
            self.line(
                "By AWS Client VPN, with your own certificate or single sign-on:",
                "AWS Client VPN で接続する(各自の証明書または SSO):",
            );
            let id = if self.page.planned { "CLIENT_VPN_ENDPOINT_ID".to_owned() } else { shell(id) };
            let _ = write!(
                self.out,
                "\n```sh\naws ec2 export-client-vpn-client-configuration --region {region} --client-vpn-endpoint-id {id} --output text > company.ovpn\n# import company.ovpn into the AWS VPN Client and connect, then:\n"
            );
            for (name, host, port, _) in &stores {
                let _ = writeln!(self.out, "{}   # {}", client(host, *port), crate::report::harmless(name));
            }
            self.out.push_str("```\n");
            return;
        }
        self.line(
            "There is no Client VPN. Forward a port through an instance that may reach it (Session Manager again, no port opened):",
            "Client VPN はない。到達を許可されたインスタンス経由で、Session Manager のポートフォワードを使う(ポート開放は不要):",
        );
        self.out.push_str("\n```sh\n");
        for (at, (name, host, port, step)) in stores.iter().enumerate() {
            let local = 15000 + at;
            match step {
                Some(step) => {
                    let _ = writeln!(
                        self.out,
                        "# {}\naws ssm start-session --region {region} --target {} --document-name AWS-StartPortForwardingSessionToRemoteHost --parameters {}\n{}   # in another terminal",
                        crate::report::harmless(name),
                        instance(&region, step),
                        shell(&format!("host={host},portNumber={port},localPortNumber={local}")),
                        client("127.0.0.1", local as u64),
                    );
                }
                None => {
                    let _ =
                        writeln!(self.out, "# {}: no instance with Session Manager may reach {host}:{port}", crate::report::harmless(name));
                }
            }
        }
        self.out.push_str("```\n");
    }

    /// An instance with Session Manager whose groups a store lets in.
    fn step(&self, store: &Resource) -> Option<String> {
        let inventory = self.page.inventory;
        let admitted: Vec<_> = store
            .groups()
            .iter()
            .filter_map(|group| inventory.get(group)?.facets.rules.as_ref())
            .flat_map(|rules| &rules.ingress)
            .filter_map(|rule| if let Peer::Group(id) = &rule.peer { Some(id) } else { None })
            .collect();
        let able = |r: &&Resource| {
            r.facets.login.as_ref().is_some_and(|login| login.online)
                && !is_stopped(r)
                && r.groups().iter().any(|group| admitted.contains(&group))
        };
        inventory.all().find(able).map(|r| r.name.clone())
    }

    /// A worked example on this VPC's own subnets and, if there is one, database.
    pub(super) fn add_a_service(&mut self) {
        self.heading("How to add a service", "サービスの追加方法");
        let inventory = self.page.inventory;
        let (region, vpc) = (self.region(), shell(inventory.vpc.as_str()));
        let private: Vec<String> =
            self.rules.subnets.iter().filter(|s| s.value.r#use == super::Use::Private).map(|s| code(&s.value.cidr)).collect();
        let steps = [
            (
                format!("Put it into the private subnets ({}), one per zone, without a public address.", private.join(", ")),
                format!("プライベートサブネット({})に、AZ ごとに、パブリック IP なしで置く。", private.join("、")),
            ),
            ("Make a security group for it alone. Nobody may come in at first.".to_owned(), "専用のセキュリティグループを作る。最初は受信を許可しない。".to_owned()),
            (
                "In the group of each thing that it must reach, let its group in: by group id, on that one port, with the reason as description.".to_owned(),
                "接続先のグループ側で、そのグループ ID を送信元として、必要なポートだけを許可する。理由を説明に書く。".to_owned(),
            ),
            (
                "If it is called: let the callers' groups in on its port. If the internet calls it: put it behind a load balancer in the public subnets, and let in the balancer's group only.".to_owned(),
                "呼び出される側なら、呼び出し元のグループからそのポートを許可する。インターネットから呼ばれるなら、パブリックサブネットのロードバランサーの後ろに置き、そのグループだけを許可する。".to_owned(),
            ),
            ("Write the lines into the rules file, and have it reviewed.".to_owned(), "規約ファイルに行を追加し、レビューを受ける。".to_owned()),
        ];
        for (at, (english, japanese)) in steps.iter().enumerate() {
            let _ = writeln!(self.out, "{}. {}", at + 1, self.say(english, japanese));
        }
        let target = self.stores().into_iter().find_map(|store| {
            let (_, port) = endpoint(store)?;
            let group = inventory.get(store.groups().first()?)?;
            Some((store.name.clone(), port, path::text(&group.doc, "GroupName").to_owned()))
        });
        let Some((store, port, group)) = target else { return };
        let (en, ja) = (
            format!("\nFor example, a service `mailer` that reads {}:", plain(&store)),
            format!("\n例: {} を読むサービス `mailer` を追加する場合:", plain(&store)),
        );
        self.line(&en, &ja);
        let lookup = shell(&format!("Name=group-name,Values={group}"));
        let _ = write!(
            self.out,
            "\n```sh\nMAILER=$(aws ec2 create-security-group --region {region} --vpc-id {vpc} --group-name mailer --description 'mailer alone' --query GroupId --output text)\nSTORE=$(aws ec2 describe-security-groups --region {region} --filters Name=vpc-id,Values={vpc} {lookup} --query 'SecurityGroups[0].GroupId' --output text)\naws ec2 authorize-security-group-ingress --region {region} --group-id \"$STORE\" --ip-permissions \"IpProtocol=tcp,FromPort={port},ToPort={port},UserIdGroupPairs=[{{GroupId=$MAILER,Description='mailer reads it'}}]\"\n```\n\n```yaml\n# network-rules.yaml\ngroups:\n  - name: {}\n    admits:\n      - {{ports: tcp {port}, from: mailer, why: mailer reads it}}   # the new line\n  - name: mailer\n    worn_by: [mailer]\n    admits: []\n```\n",
            crate::audit::rules::scalar(&group)
        );
    }
}

/// A store's address and port.
fn endpoint(store: &Resource) -> Option<(String, u64)> {
    let doc = &store.doc;
    let at = [
        ("Endpoint.Address", "Endpoint.Port"),
        ("Endpoint", "Port"),
        ("ConfigurationEndpoint.Address", "ConfigurationEndpoint.Port"),
        ("NodeGroups[0].PrimaryEndpoint.Address", "NodeGroups[0].PrimaryEndpoint.Port"),
        ("CacheNodes[0].Endpoint.Address", "CacheNodes[0].Endpoint.Port"),
    ];
    at.into_iter().find_map(|(host, port)| Some((path::first(doc, host)?.as_str()?.to_owned(), path::first(doc, port)?.as_u64()?)))
}

/// How one connects by hand.
fn client(host: &str, port: u64) -> String {
    let host = shell(host);
    match port {
        3306 => format!("mysql -h {host} -P {port} -u USER -p"),
        6379 => format!("redis-cli -h {host} -p {port} --tls"),
        11211 => format!("nc {host} {port}"),
        _ => format!("psql \"host={host} port={port} user=USER dbname=DATABASE sslmode=require\""),
    }
}
