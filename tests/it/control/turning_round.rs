//! A rollback that did not come to its end, and a person who changes her mind.

use super::{SIM, printed};
use crate::bad_input::Desk;

#[test]
fn a_way_back_that_failed_may_be_followed_by_the_way_there() {
    let desk = Desk::new();
    printed(&desk, &["apply", "story", "--until", "pets", "--yes", SIM]);
    // The old bastion runs again when this run ends, half a minute after its last change: the next run must find it so.
    let back = desk.run(&["rollback", "story", "--to", "guard", "--yes", "--fault", "5=fail", SIM]).expect_code(4);
    assert!(back.stdout.contains("bastion-stop  undone"), "{}", back.stdout);
    let there = printed(&desk, &["apply", "story", "--until", "pets", "--yes", SIM]);
    assert!(there.contains("pets        19/19  checkpoint reached"), "{there}");
}

#[test]
fn what_the_way_back_could_not_give_back_is_no_strangers_change() {
    let desk = Desk::new();
    let account = desk.read("account.json").replace("\"IpOwnerId\": \"123456789012\"", "\"IpOwnerId\": \"amazon\"");
    desk.write("account.json", account);
    printed(&desk, &["discover", "story", SIM]);
    printed(&desk, &["plan", "story", SIM]);
    printed(&desk, &["apply", "story", "--until", "pets", "--yes", SIM]);
    printed(&desk, &["rollback", "story", "--to", "guard", "--yes", SIM]);
    // The old instances run again with other public addresses: AWS gives none back.
    printed(&desk, &["apply", "story", "--until", "pets", "--yes", SIM]);
}
