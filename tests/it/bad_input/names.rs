//! Anybody who may tag something writes its name. None of it reaches a terminal raw, and none of it forges a line.

use super::{ACCOUNT, Desk, SIM};

/// An escape sequence, a bell, a line of somebody else's, a C1 control and a mark that turns the direction of writing.
const EVIL: &str = r"app\u001b[2J\u001b]0;owned\u0007\nerror[HK0000]: forged\u009b31m\u202e\u2028-1";

#[test]
fn names_from_the_account_do_not_reach_the_terminal_raw() {
    let desk = Desk::new();
    let text = desk.read(ACCOUNT);
    // The instance's name, the VPC's, an interface's description and a group's: whoever may create them writes them.
    let mut evil = text.replace("\"app-1\"", &format!("\"{EVIL}\"")).replace("\"prod\"", &format!("\"{EVIL}\""));
    evil = evil.replace("\"Description\": \"ELB app/", &format!("\"Description\": \"{EVIL} ELB app/"));
    assert!(evil.matches("forged").count() > 3, "the story has the names that are poisoned here");
    desk.write(ACCOUNT, evil);
    let mut said = String::new();
    for command in [
        &["init", "--name", "evil", SIM][..],
        &["discover", "evil", SIM],
        &["audit", "evil"],
        &["audit", "evil", "--brief"],
        &["graph", "evil", "--format", "mermaid", "--all"],
        &["graph", "evil", "--format", "dot"],
        &["graph", "evil", "--format", "svg"],
        &["plan", "evil", "-v", SIM],
        &["plan", "evil", "--step", "group-internal"],
        &["dry-run", "evil", "-v", SIM],
        &["apply", "evil", "--yes", "-v", "--fault", "60=fail", SIM],
        &["status", "evil"],
        &["apply", "evil", "--yes", SIM],
        &["verify", "evil", SIM],
        &["rollback", "evil", "--all", "--yes", SIM],
        &["audit", "--vpc", "vpc-9e74fb33c16f2e304", SIM],
    ] {
        let finished = desk.run(command);
        assert!([Some(0), Some(3), Some(4)].contains(&finished.code), "{finished:?}");
        for (where_to, text) in [("stdout", &finished.stdout), ("stderr", &finished.stderr)] {
            let harmful = |c: char| (c.is_control() && c != '\n') || "\u{202e}\u{2028}".contains(c);
            let line = text.lines().find(|line| line.contains(harmful));
            assert_eq!(line, None, "raw on {where_to} of {}", finished.what);
            let forged = text.lines().find(|line| line.starts_with("error[HK0000]"));
            assert_eq!(forged, None, "forged on {where_to} of {}", finished.what);
            said.push_str(text);
        }
    }
    assert!(said.contains("forged"), "the names were said at all");
}
