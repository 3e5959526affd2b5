//! The list beside the `.tf` file: what a person edits, and what Terraform must be told by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::book::{Book, Left};
use super::changed::{Changed, Edit};
use super::made::Made;
use super::rules::UNKNOWN;
use super::value::Arg;
use super::{Input, Moment};
use crate::report::harmless;

/// Text in a code span: nothing in it ends the span.
fn code(text: &str) -> String {
    format!("`{}`", harmless(text).replace('`', "'"))
}

/// Text in a shell's single quotes.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@,".contains(c);
    let text = harmless(text);
    if !text.is_empty() && text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// The list.
pub fn notes(input: &Input<'_>, book: &Book<'_>) -> String {
    let mut out = format!("# What Terraform must learn of migration {}\n\n{}\n", input.plan.migration, moment(input));
    steps(&mut out, book);
    edits(&mut out, input, book);
    associations(&mut out, book);
    replaced(&mut out, book);
    left(&mut out, book);
    unimported(&mut out, book);
    passing(&mut out, book);
    out
}

fn moment(input: &Input<'_>) -> &'static str {
    match input.moment() {
        Moment::Preview => {
            "This is a preview: nothing has been carried out, and ids that begin with `not-made-yet:` are placeholders. Export again after `hikkoshi apply`."
        }
        Moment::Under => {
            "The run is under way; this is how far it has come. Do not run `terraform apply` meanwhile: it would put back what was changed."
        }
        Moment::Before => {
            "The migration is done but for `cleanup`. Do this before anybody runs `terraform apply`: until then it would put back what was changed."
        }
        Moment::After => {
            "The migration is done. Do this before anybody runs `terraform apply`: until then it would put back what was changed."
        }
    }
}

fn steps(out: &mut String, book: &Book<'_>) {
    let imports = book.made.iter().filter(|made| made.import.is_some()).count();
    let added = book.made.iter().filter(|made| made.unimportable.is_some_and(|why| why != UNKNOWN)).count();
    let add = if added == 0 { "0 to add".to_owned() } else { format!("{added} to add (those listed below)") };
    let _ = write!(
        out,
        "\n1. Put `hikkoshi.tf` into the root of your configuration.\n2. Make the edits below.\n3. `terraform plan` must say: {imports} to import, {add}, 0 to change, 0 to destroy. Changes in place that only Terraform knows may show as well: tags by your provider's `default_tags`, `user_data_replace_on_change`, `skip_final_snapshot`. Whatever else it wants to change or destroy: don't apply, and compare with this list.\n"
    );
}

fn edits(out: &mut String, input: &Input<'_>, book: &Book<'_>) {
    if book.changed.is_empty() {
        return;
    }
    out.push_str("\n## What to edit\n\n");
    if input.state.is_none() && input.config.is_none() {
        out.push_str("By AWS's names: give `--tfstate` (`terraform state pull > terraform.tfstate`) and `--config` to have addresses, files and lines.\n\n");
    }
    for changed in book.changed.iter().filter(|changed| book.is_terraforms(changed.of, &changed.name)) {
        for edit in &changed.fields {
            let _ = writeln!(out, "- {}", sentence(book, changed, edit));
        }
    }
    unmanaged(out, input, book);
    if let Some(config) = input.config.filter(|config| !config.unread.is_empty()) {
        out.push_str("\nFiles that could not be read, and what is in them is not in this list:\n\n");
        for problem in &config.unread {
            let _ = writeln!(out, "- {}", harmless(problem));
        }
    }
}

/// What was changed and is not in the state: nothing to edit here, and worth a look whether the state is the right one.
fn unmanaged(out: &mut String, input: &Input<'_>, book: &Book<'_>) {
    let Some(state) = input.state else { return };
    let others: Vec<&Changed> = book.changed.iter().filter(|changed| !book.is_terraforms(changed.of, &changed.name)).collect();
    if others.len() == book.changed.len() {
        let _ = writeln!(out, "None of what was changed is in this state, which has {} resources: is it the right one?", state.count);
    }
    if others.is_empty() {
        return;
    }
    out.push_str("\nChanged as well, and not in this state; whoever manages it must know:\n\n");
    for changed in others {
        let arguments: Vec<String> = changed.fields.iter().map(|edit| code(edit.argument)).collect();
        let _ = writeln!(out, "- {}: {}", who(book, changed.of, &changed.name, &changed.title), arguments.join(", "));
    }
}

/// `aws_db_instance.orders`: `publicly_accessible` true → false (modules/db/main.tf:14)
fn sentence(book: &Book<'_>, changed: &Changed, edit: &Edit) -> String {
    let instances = book.instances(changed.of, &changed.name);
    let inside = instances.iter().any(|one| !one.modules.is_empty());
    let before = edit.before.as_ref().map_or_else(|| "?".to_owned(), Arg::words);
    // A reference to the root's resources means nothing inside a module.
    let after = if inside { &edit.literal } else { &edit.after };
    let after = after.as_ref().map_or_else(|| "nothing (take it out)".to_owned(), Arg::words);
    let place = book.place(changed.of, &changed.name, edit.argument).map_or_else(String::new, |place| format!(" ({place})"));
    format!(
        "{}: {} {} → {}{}",
        who(book, changed.of, &changed.name, &changed.title),
        code(edit.argument),
        code(&before),
        code(&after),
        harmless(&place)
    )
}

/// Its address; without a state, its type and AWS's name.
fn who(book: &Book<'_>, of: &str, name: &str, title: &str) -> String {
    match book.instances(of, name) {
        [] => {
            let people = if title == name { String::new() } else { format!(" ({})", harmless(title)) };
            format!("{of} {}{people}", code(name))
        }
        instances => instances.iter().map(|one| code(&one.address)).collect::<Vec<_>>().join(", "),
    }
}

/// A replaced association has another id: Terraform would look for the old one, and make it again.
fn associations(out: &mut String, book: &Book<'_>) {
    let ours = |changed: &&Changed| changed.of == "aws_route_table_association" && book.is_terraforms(changed.of, &changed.name);
    let turned: Vec<&Changed> = book.changed.iter().filter(ours).collect();
    if turned.is_empty() {
        return;
    }
    out.push_str("\n## Associations that have another id now\n\nAWS gave these a new id when their table was replaced; Terraform would try to make them again, and AWS would refuse it.\n\n```sh\n");
    for changed in turned {
        let table = changed.fields.iter().find_map(|edit| edit.literal.as_ref());
        let table = table.map_or_else(String::new, |table| table.words().trim_matches('"').to_owned());
        let id = quoted(&format!("{}/{table}", changed.name));
        let address = book
            .instances(changed.of, &changed.name)
            .first()
            .map_or_else(|| format!("ADDRESS   # the association of {}", harmless(&changed.title)), |one| quoted(&one.address));
        match address.split_once("   #") {
            None => {
                let _ = writeln!(out, "terraform state rm {address}\nterraform import {address} {id}");
            }
            Some((address, why)) => {
                let _ = writeln!(out, "terraform state rm {address}   #{why}\nterraform import {address} {id}");
            }
        }
    }
    out.push_str("```\n");
}

fn replaced(out: &mut String, book: &Book<'_>) {
    let ours = |(made, old): &(&Made, &String)| book.is_terraforms(made.of, old);
    let made: Vec<(&Made, &String)> = book.made.iter().filter_map(|made| Some((made, made.replaces.as_ref()?))).filter(ours).collect();
    if made.is_empty() {
        return;
    }
    out.push_str("\n## What was replaced\n\nThe old one's block leaves your configuration, what refers to it refers to the new one.\n");
    for (made, old) in made {
        let first = book.renamed.get(&(made.of, old.clone())).unwrap_or(old);
        let title = book.existing(made.of, first).map_or(first.as_str(), |resource| resource.name.as_str());
        let _ = writeln!(out, "\n- {} → {}", who(book, made.of, first, title), code(&made.address()));
        let instances = book.instances(made.of, first);
        for one in instances {
            let _ = write!(out, "{}", forget(&one.address));
        }
        if made.of == "aws_instance" {
            out.push_str("  `ami` and `user_data` are ignored in the new block: it was launched from an image of the old one.\n");
        }
        if let (Some(one), Some(id)) = (instances.first(), &made.import) {
            let (address, id) = (quoted(&one.address), quoted(id));
            let _ = writeln!(
                out,
                "  To keep the old address instead: take the new block and its `import` out of `hikkoshi.tf`, edit the old block to the new one's arguments, then `terraform state rm {address}` and `terraform import {address} {id}`."
            );
        }
    }
}

/// How Terraform forgets something without destroying it.
fn forget(address: &str) -> String {
    if address.ends_with(']') {
        return format!(
            "  Forget it, then lower its `count` or take its key out of `for_each`: `terraform state rm {}`\n",
            quoted(address)
        );
    }
    format!(
        "  Forget it (Terraform 1.7 or later; before: `terraform state rm {}`):\n\n  ```terraform\n  removed {{\n    from = {}\n    lifecycle {{\n      destroy = false\n    }}\n  }}\n  ```\n",
        quoted(address),
        harmless(address)
    )
}

fn left(out: &mut String, book: &Book<'_>) {
    let replaced: BTreeSet<&str> = book.made.iter().filter_map(|made| made.replaces.as_deref()).collect();
    let mut gone: Vec<&Left> =
        book.left.iter().filter(|left| !replaced.contains(left.name.as_str()) && book.is_terraforms(left.of, &left.name)).collect();
    gone.sort_by(|a, b| (a.later, a.of, &a.name).cmp(&(b.later, b.of, &b.name)));
    gone.dedup_by(|a, b| (a.of, &a.name) == (b.of, &b.name));
    for later in [false, true] {
        let some: Vec<&&Left> = gone.iter().filter(|left| left.later == later).collect();
        if some.is_empty() {
            continue;
        }
        out.push_str(match later {
            false => "\n## What left\n\nIt is gone from AWS: take its blocks out. Terraform forgets by itself what it does not find.\n\n",
            true => "\n## What leaves in cleanup\n\nIt is still there. Have Terraform forget it before `hikkoshi apply --cleanup` (`terraform state rm ADDRESS`), and take its blocks out.\n\n",
        });
        for left in some {
            let _ = writeln!(out, "- {}", who(book, left.of, &left.name, &left.title));
        }
    }
}

fn unimported(out: &mut String, book: &Book<'_>) {
    let without: Vec<&Made> = book.made.iter().filter(|made| made.import.is_none()).collect();
    if without.is_empty() {
        return;
    }
    out.push_str("\n## What is not imported\n");
    let mut reasons: Vec<&str> = without.iter().filter_map(|made| made.unimportable).collect();
    reasons.sort_unstable();
    reasons.dedup();
    for why in reasons {
        let _ = writeln!(out, "\n{}.\n", capital(why));
        let mut titles: BTreeSet<&str> = BTreeSet::new();
        for made in without.iter().filter(|made| made.unimportable == Some(why)) {
            if why == UNKNOWN {
                titles.insert(&made.title);
            } else {
                let _ = writeln!(out, "- {}: {}", code(&made.address()), harmless(&made.title));
            }
        }
        for title in titles {
            let _ = writeln!(out, "- {}", harmless(title));
        }
        if why == UNKNOWN {
            out.push_str(&rules_command(book));
        }
    }
}

/// The command that gets the ids of rules.
fn rules_command(book: &Book<'_>) -> String {
    let ids: BTreeMap<(&str, &str), &str> =
        book.made.iter().filter_map(|made| Some(((made.of, made.label.as_str()), made.import.as_deref()?))).collect();
    let mut groups: BTreeSet<String> = BTreeSet::new();
    for made in book.made.iter().filter(|made| made.unimportable == Some(UNKNOWN)) {
        match made.args.iter().find(|(name, _)| name == "security_group_id").map(|(_, value)| value) {
            Some(Arg::Reference(of, label, _)) => groups.extend(ids.get(&(*of, label.as_str())).map(|id| (*id).to_owned())),
            Some(other) => drop(groups.insert(other.words().trim_matches('"').to_owned())),
            None => {}
        }
    }
    // EC2 takes 200 values of a filter; without one it lists the rules of the whole region.
    let groups: Vec<String> = groups.into_iter().collect();
    let filter = if groups.len() <= 200 { format!(" --filters Name=group-id,Values={}", groups.join(",")) } else { String::new() };
    let plan = book.input.plan;
    format!(
        "\nThey are left out of `hikkoshi.tf` until their ids are known:\n\n```sh\naws ec2 describe-security-group-rules --region {}{filter} > rules.json\nhikkoshi export terraform {} --sg-rules rules.json --out DIR\n```\n",
        plan.region, plan.migration
    )
}

fn passing(out: &mut String, book: &Book<'_>) {
    if book.passing.is_empty() {
        return;
    }
    out.push_str("\n## What Terraform keeps nothing of\n\n");
    for (why, titles) in &book.passing {
        let first = titles.first().map_or("", String::as_str);
        let more = if titles.len() > 1 { format!(" and {} more", titles.len() - 1) } else { String::new() };
        let _ = writeln!(out, "- {}{more}: {why}", harmless(first));
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + chars.as_str())
}
