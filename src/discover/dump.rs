//! An inventory from a folder of AWS CLI answers: no credentials, no network.
//!
//! Files are recognised by their content, whatever their names and however deep they lie: a top-level key such as
//! `Subnets` says which read it answers; several files of one read are put together. An answer that does not say what
//! it is about (target health) is matched by the file's path, which must then hold the target group's name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::{Error, nested, parse};
use crate::kinds::{Each, Follow, KINDS, Kind, Listing, Scope, Source};
use crate::model::id::Id;
use crate::model::inventory::{Inventory, Missing};
use crate::model::path;

/// One file's answer.
struct File {
    path: PathBuf,
    answer: Value,
}

/// Reads the folder.
///
/// # Errors
/// If the folder can't be read, holds no VPC, several VPCs and none is chosen, or two different documents of one thing.
pub fn read(folder: &Path, vpc: Option<&Id>, region: Option<&str>, taken_at: String) -> Result<Inventory, Error> {
    let mut texts = Vec::new();
    collect(folder, &mut texts)?;
    of(&texts, folder, vpc, region, taken_at)
}

/// Makes an inventory of texts that were read, each with its path; the folder is only for messages.
///
/// # Errors
/// As [`read`], but for the reading.
pub fn of(
    texts: &[(PathBuf, String)],
    folder: &Path,
    vpc: Option<&Id>,
    region: Option<&str>,
    taken_at: String,
) -> Result<Inventory, Error> {
    let files = texts.iter().map(|(path, text)| file(path, text)).collect::<Result<Vec<File>, Error>>()?;
    let known: Vec<(&'static dyn Kind, &'static Listing)> = KINDS.iter().filter_map(|kind| Some((*kind, kind.listing()?))).collect();
    let mut documents: Vec<(&'static dyn Kind, Vec<Value>)> = Vec::new();
    let mut missing = Vec::new();
    for (kind, listing) in known {
        let found = listed(&files, listing)?;
        match found {
            None => {
                missing.push(Missing { operation: listing.operation.to_owned(), why: format!("no file holds `{}`", listing.result_key()) })
            }
            Some(docs) => documents.push((kind, kind.gather(docs))),
        }
    }
    let vpc = choose(&documents, vpc, folder)?;
    nested::place(&mut documents, &vpc);
    for (kind, docs) in &mut documents {
        let listing = kind.listing().expect("only listed kinds are read");
        listing.follow.iter().for_each(|further| merge(&files, listing, further, docs, &mut missing));
    }
    let others = vpcs(&documents); // before they are parsed, which takes them
    let resources = parse(&mut documents, &vpc);
    let network = resources.get(&vpc).ok_or_else(|| {
        let others = if others.is_empty() { String::new() } else { format!("; it is about {}", others.join(", ")) };
        Error::Dump(format!("{} holds no answer of describe-vpcs with {vpc}{others}", folder.display()))
    })?;
    let account = path::text(&network.doc, "OwnerId").to_owned();
    let zone = resources.values().map(|r| path::text(&r.doc, "AvailabilityZone")).find(|zone| !zone.is_empty()).unwrap_or_default();
    let region = region.map_or_else(|| zone.trim_end_matches(|c: char| c.is_ascii_lowercase()).to_owned(), str::to_owned);
    missing.sort();
    missing.dedup();
    Ok(Inventory { version: 1, account, region, vpc, taken_at, missing, resources })
}

#[expect(clippy::disallowed_methods, reason = "reading a folder that a person names is this module's purpose")]
fn collect(folder: &Path, texts: &mut Vec<(PathBuf, String)>) -> Result<(), Error> {
    let unreadable = |path: &Path, why: &dyn std::fmt::Display| Error::Dump(format!("{} can't be read: {why}", path.display()));
    let entries = std::fs::read_dir(folder).map_err(|why| unreadable(folder, &why))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            // A link to a folder may lead round in a circle.
            if !path.is_symlink() {
                collect(&path, texts)?;
            }
            continue;
        }
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let text = std::fs::read_to_string(&path).map_err(|why| unreadable(&path, &why))?;
        texts.push((path, text));
    }
    Ok(())
}

fn file(path: &Path, text: &str) -> Result<File, Error> {
    let answer = serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|why| not_json(path, text, &why))?;
    Ok(File { path: path.to_owned(), answer })
}

fn not_json(path: &Path, text: &str, why: &serde_json::Error) -> Error {
    if text.trim().is_empty() {
        return Error::Dump(format!("{} is empty: a command that fails leaves such a file", path.display()));
    }
    let words = why.to_string();
    let words = words.split(" at line ").next().unwrap_or(&words);
    Error::Dump(format!("{}:{}:{}: not JSON: {words}", path.display(), why.line(), why.column()))
}

/// Whether an answer says that there is another page.
fn goes_on(answer: &Value) -> bool {
    ["NextToken", "nextToken", "NextMarker", "NextRecordName", "Marker"]
        .iter()
        .any(|key| answer[*key].as_str().is_some_and(|token| !token.is_empty()))
}

/// The documents of one listing from all files that hold some; none if no file does.
fn listed(files: &[File], listing: &Listing) -> Result<Option<Vec<Value>>, Error> {
    let key = listing.result_key();
    let (_, id_key, _) = listing.ids;
    let mut seen: BTreeMap<String, (&Path, Value)> = BTreeMap::new();
    let holding: Vec<&File> = files.iter().filter(|file| file.answer[key].is_array()).collect();
    if let Some(last) = holding.last().filter(|_| holding.iter().all(|file| goes_on(&file.answer))) {
        return Err(Error::Dump(format!(
            "{} is not the last page of `{key}` (it has a NextToken), and no other file is",
            last.path.display()
        )));
    }
    for file in &holding {
        for doc in path::select(&file.answer, listing.documents) {
            let mut doc = doc.clone();
            if let Scope::Each(Each { merge: Some(merge), from, .. }) = listing.scope {
                let Some(trail) = trail(files, from, file) else { continue };
                merge(&mut doc, &trail);
            }
            if !doc.is_object() {
                let (path, doc) = (file.path.display(), doc.to_string().chars().take(60).collect::<String>());
                return Err(Error::Dump(format!("{path} has {doc} in `{key}`, where AWS's answers have an object")));
            }
            let id = identity(&doc, id_key);
            match seen.get(&id) {
                Some((first, other)) if *other != doc => {
                    let (a, b) = (first.display(), file.path.display());
                    return Err(Error::Dump(format!("{a} and {b} describe {id} differently; keep the newer of the two")));
                }
                _ => {
                    seen.insert(id, (&file.path, doc));
                }
            }
        }
    }
    Ok((!holding.is_empty()).then(|| seen.into_values().map(|(_, doc)| doc).collect()))
}

/// By what two documents are one: the id, and what it is within.
fn identity(doc: &Value, id_key: &str) -> String {
    let within = ["Id", "clusterArn", "HostedZoneId", "Type", "SetIdentifier"].map(|key| path::text(doc, key));
    format!("{}{}", path::text(doc, id_key), within.map(|name| if name.is_empty() { String::new() } else { format!(" {name}") }).join(""))
}

/// The last source's document that a file's path names: an answer of targets doesn't say whose they are. The longest
/// name that fits counts; where there is only one document, it is that.
fn trail(files: &[File], from: &[&[Source]], file: &File) -> Option<Vec<Value>> {
    let sources = from.iter().filter_map(|way| way.last());
    let mut found: Vec<&Value> =
        sources.flat_map(|source| files.iter().flat_map(|file| path::select(&file.answer, source.documents))).collect();
    found.dedup();
    let path = file.path.to_string_lossy();
    let fits = |doc: &&&Value| called(doc).filter(|name| path.contains(name)).map(str::len).max();
    let named = found.iter().filter(|doc| fits(doc).is_some()).max_by_key(fits);
    named.or(found.first().filter(|_| found.len() == 1)).map(|doc| vec![(*doc).clone()])
}

/// What a file may be named after: a document that is a name, or a zone's id or name.
fn called(doc: &Value) -> impl Iterator<Item = &str> {
    let named = ["HostedZoneId", "Id", "Name"].into_iter().filter_map(|key| doc[key].as_str());
    doc.as_str().into_iter().chain(named).map(|name| name.trim_start_matches("/hostedzone/").trim_end_matches('.'))
}

/// Merges what further reads answered into the documents that it is about.
fn merge(files: &[File], listing: &Listing, further: &Follow, docs: &mut [Value], missing: &mut Vec<Missing>) {
    let holding: Vec<&File> =
        files.iter().filter(|file| !file.answer[further.result].is_null() && file.answer[listing.result_key()].is_null()).collect();
    let alone = docs.len() == 1;
    for doc in docs.iter_mut() {
        let wanted = (further.parameters)(&[doc]).is_some();
        let answers: Vec<Value> = holding.iter().filter_map(|file| about(file, doc, listing, further, alone)).collect();
        // A read that serves many things at a time may have nothing to say about one of them.
        let silent = further.batch > 1 && !holding.is_empty();
        if answers.is_empty() && wanted && !silent {
            let name = names(doc, listing).pop().unwrap_or_default();
            missing.push(Missing { operation: further.operation.to_owned(), why: format!("no file holds `{}` of {name}", further.result) });
        }
        if !answers.is_empty() {
            (further.merge)(doc, &together(answers));
        }
    }
}

/// By what a document can be known: its id, its ARN, its name.
fn names(doc: &Value, listing: &Listing) -> Vec<String> {
    let keys = [
        listing.ids.1,
        "LoadBalancerArn",
        "TargetGroupArn",
        "LaunchTemplate.LaunchTemplateId",
        "LaunchTemplate.LaunchTemplateName",
        "computeEnvironmentArn",
        "serviceName",
        "FunctionArn",
        "CacheSubnetGroupName",
        "DBSubnetGroup",
        "TargetGroupName",
        "LoadBalancerName",
        "FunctionName",
    ];
    let deeper =
        ["IamInstanceProfile.Arn", "Profile.Roles[0].RoleName"].iter().map(|at| path::text(doc, at)).filter(|name| !name.is_empty());
    let subnet = doc["SubnetIds"][0].as_str();
    // Application Auto Scaling calls it by its kind, too; so does ECS a service's tasks.
    let scaled = doc["DBClusterIdentifier"].as_str().map(|id| format!("cluster:{id}"));
    let found = keys.iter().map(|key| path::text(doc, key)).filter(|name| !name.is_empty());
    deeper.chain(found).chain(subnet).map(str::to_owned).chain(scaled).collect()
}

/// The part of a file's answer that is about a document; none if nothing is.
fn about(file: &File, doc: &Value, listing: &Listing, further: &Follow, alone: bool) -> Option<Value> {
    let names = names(doc, listing);
    let mentions = |value: &Value| {
        let text = value.to_string();
        names.iter().any(|name| text.contains(&format!("\"{name}\"")))
    };
    match &file.answer[further.result] {
        Value::Array(list) => {
            let mine: Vec<Value> = list.iter().filter(|element| mentions(element)).cloned().collect();
            if !mine.is_empty() {
                return Some(json!({ further.result: mine }));
            }
            let path = file.path.to_string_lossy();
            let in_path =
                names.iter().any(|name| path.split(['/', '\\', '.', '_']).any(|part| part == name || part.ends_with(&format!("-{name}"))));
            let anonymous = list.iter().all(|element| element["LoadBalancerArn"].is_null() && element["ResourceArn"].is_null());
            (anonymous && (in_path || alone)).then(|| file.answer.clone())
        }
        _ => mentions(&file.answer).then(|| file.answer.clone()),
    }
}

/// Several answers as one: lists joined, other fields side by side.
fn together(answers: Vec<Value>) -> Value {
    let mut all = Map::new();
    for answer in answers {
        for (key, value) in answer.as_object().into_iter().flatten() {
            match (all.get_mut(key), value) {
                (Some(Value::Array(list)), Value::Array(more)) => {
                    let new: Vec<Value> = more.iter().filter(|element| !list.contains(element)).cloned().collect();
                    list.extend(new);
                }
                _ => {
                    all.insert(key.clone(), value.clone());
                }
            }
        }
    }
    Value::Object(all)
}

/// The VPCs that the folder's answers describe.
fn vpcs(documents: &[(&'static dyn Kind, Vec<Value>)]) -> Vec<String> {
    let of_vpcs = documents.iter().filter(|(kind, _)| kind.name() == "vpc");
    of_vpcs.flat_map(|(_, docs)| docs.iter().map(|doc| path::text(doc, "VpcId").to_owned())).collect()
}

fn choose(documents: &[(&'static dyn Kind, Vec<Value>)], vpc: Option<&Id>, folder: &Path) -> Result<Id, Error> {
    if let Some(vpc) = vpc {
        return Ok(vpc.clone());
    }
    let found = vpcs(documents);
    match found.as_slice() {
        [one] => Ok(Id::from(one.as_str())),
        [] => Err(Error::Dump(format!("{} holds no answer of describe-vpcs", folder.display()))),
        several => Err(Error::SeveralVpcs { folder: folder.display().to_string(), vpcs: several.to_vec() }),
    }
}
