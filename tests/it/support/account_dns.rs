//! Names in DNS zones.

use serde_json::json;

use super::account::{Docs, VPC};

/// The zone that the VPC is associated with.
pub const PRIVATE: &str = "Z0PRIVATE";
/// A public zone of the account.
pub const PUBLIC: &str = "Z0PUBLIC";

impl Docs {
    /// An A record in the private zone `corp.internal`.
    pub fn record(&mut self, name: &str, addresses: &[&str], ttl_s: u64) {
        self.record_in(PRIVATE, "corp.internal.", &format!("{name}.corp.internal."), addresses, ttl_s);
    }

    /// An A record in the public zone `example.com`.
    pub fn public_record(&mut self, name: &str, addresses: &[&str], ttl_s: u64) {
        self.record_in(PUBLIC, "example.com.", &format!("{name}.example.com."), addresses, ttl_s);
    }

    fn record_in(&mut self, id: &str, zone: &str, name: &str, addresses: &[&str], ttl_s: u64) {
        let values: Vec<_> = addresses.iter().map(|address| json!({ "Value": address })).collect();
        self.add(
            "dns_record",
            json!({ "Name": name, "Type": "A", "TTL": ttl_s, "ResourceRecords": values, "HostedZoneId": id,
                "Zone": { "Name": zone, "Private": id == PRIVATE }, "VpcId": VPC }),
        );
    }

    /// The private address of an instance.
    pub fn private_address(&mut self, instance: &str) -> String {
        self.doc(&format!("i-{instance}"))["PrivateIpAddress"].as_str().expect("it has one").to_owned()
    }
}
