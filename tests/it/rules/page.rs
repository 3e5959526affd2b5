//! The page for people.

use hikkoshi::model::inventory::Inventory;
use hikkoshi::plan::moment::{Moment, When};
use hikkoshi::report::rules::{Language, Page, markdown};
use serde_json::json;

use crate::support::account::{Docs, spine};
use crate::support::account_access::VPN;
use crate::support::lab::plan_of;

fn planned(docs: &Docs, further: &str) -> Inventory {
    let plan = plan_of(docs, further);
    let moment = Moment::of(&plan, &docs.inventory(), When::End).unwrap_or_else(|stuck| panic!("{}: {}", stuck.step, stuck.why));
    moment.account.inventory("2026-11-24T12:00:00Z")
}

fn page(inventory: &Inventory, language: Language) -> String {
    markdown(&Page { inventory, migration: Some("shop"), planned: true, language })
}

#[track_caller]
fn says(page: &str, part: &str) {
    assert!(page.contains(part), "the page does not say: {part}\n{page}");
}

#[test]
fn the_page_says_what_the_author_would() {
    let page = page(&planned(&spine(), ""), Language::En);
    says(&page, "| shop-private-a | `10.0.");
    says(&page, "| us-east-1a | private |");
    let row = page.lines().find(|line| line.starts_with("| pg-multi |")).expect("a row for the database");
    assert!(
        row.contains("| `shop-pg-multi` | tcp 5432 |") && row.contains("`shop-app-1`") && row.contains("may reach this port today"),
        "{row}"
    );
    says(
        &page,
        "aws ssm start-session --region us-east-1 --target \"$(aws ec2 describe-instances --region us-east-1 --filters 'Name=tag:Name,Values=app-1'",
    );
    says(&page, "--document-name AWS-StartPortForwardingSessionToRemoteHost");
    says(&page, "      - {ports: tcp 5432, from: mailer, why: mailer reads it}");
    says(&page, "No `0.0.0.0/0` or `::/0` inbound, but on the listeners");
    says(&page, "## What is not yet so");
    // The example is a rules file as it stands.
    let example = page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let head = "version: 1\naccount: \"123456789012\"\nregion: us-east-1\nvpc: vpc-1\n";
    hikkoshi::audit::rules::parse(&format!("{head}{example}")).unwrap_or_else(|fault| panic!("{fault:?}\n{example}"));
}

#[test]
fn the_same_in_japanese_with_the_same_facts() {
    let inventory = planned(&spine(), "");
    let (english, japanese) = (page(&inventory, Language::En), page(&inventory, Language::Ja));
    says(&japanese, "## 誰が誰と通信できるか");
    says(&japanese, "移行前から到達可能");
    let commands = |page: &str| page.lines().filter(|line| line.starts_with("aws ")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(commands(&english), commands(&japanese), "the commands are the same");
    let headings = |page: &str| page.matches("\n## ").count();
    assert_eq!(headings(&english), headings(&japanese));
    let rows = |page: &str| page.lines().filter(|line| line.starts_with("| ")).count();
    assert_eq!(rows(&english), rows(&japanese));
}

#[test]
fn a_client_vpn_is_the_way_where_there_is_one() {
    let page = page(&planned(&spine(), VPN), Language::En);
    says(&page, "aws ec2 export-client-vpn-client-configuration --region us-east-1 --client-vpn-endpoint-id CLIENT_VPN_ENDPOINT_ID");
    assert!(!page.contains("PortForwarding"), "two ways are one too many");
}

#[test]
fn hostile_names_are_only_text() {
    let mut docs = spine();
    docs.doc("i-app-1")["Tags"] = json!([{ "Key": "Name", "Value": "x'; rm -rf ~ #|`<b>\n## y\u{202e}" }]);
    let page = page(&docs.inventory(), Language::En);
    assert!(!page.contains("\n## y") && !page.contains('\u{202e}') && !page.contains("<b>\n"), "{page}");
    for line in page.lines().filter(|line| line.starts_with("| ")) {
        let cells = line.replace("\\|", "").matches('|').count();
        assert_eq!(cells, 6, "{line}");
    }
    says(&page, "'Name=tag:Name,Values=x'\\''; rm -rf ~ #|`<b>·## y·'");
}
