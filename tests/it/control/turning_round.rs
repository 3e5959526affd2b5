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

#[test]
fn back_at_the_beginning_all_is_as_it_was_and_it_may_begin_again() {
    let desk = Desk::new();
    let (verify, apply) = (["verify", "story", SIM], ["apply", "story", "--yes", SIM]);
    let as_it_was = "✓ nothing of the plan is in place, and the whole account is as the inventory says\n";
    assert_eq!(printed(&desk, &verify), as_it_was);
    printed(&desk, &apply);
    printed(&desk, &["rollback", "story", "--all", "--yes", SIM]);
    assert_eq!(printed(&desk, &verify), as_it_was);

    let dry_run = ["dry-run", "story", SIM];
    assert!(printed(&desk, &dry_run).contains("none: the account is as the inventory says"));

    let mine = desk.read("account.json");
    let theirs = mine.replacen("\"PubliclyAccessible\":true", "\"PubliclyAccessible\":false", 1);
    assert_ne!(mine, theirs, "a database is public");
    desk.write("account.json", theirs);
    let told = desk.run(&verify).expect_code(6).stdout;
    assert!(
        told.contains("but the account is not as the inventory says: 1 difference\n") && told.contains("publicly_accessible"),
        "{told}"
    );
    assert!(desk.run(&dry_run).expect_code(6).stdout.contains("Δ pg-multi"));
    desk.write("account.json", mine);

    printed(&desk, &apply);
    assert!(printed(&desk, &verify).contains("hold; the whole account was looked at"));
}
