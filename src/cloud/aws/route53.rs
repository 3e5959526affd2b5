//! Route 53: which zones there are, their record sets, and changes of these. One service for all regions.
//!
//! `UPSERT` replaces a record set whole, so a set comes and goes with every member that AWS has. `ListHostedZones`
//! answers with the mark that it was asked with, too (`Marker`): it is left out, because it is not the next page's.

use super::json::{answers, built, operations, words};

operations! {
    aws_sdk_route53;

    "ListHostedZonesByVPC" => list_hosted_zones_by_vpc(
        set_vpc_id = "VPCId", set_vpc_region = "VPCRegion", set_max_items, set_next_token,
    ) -> ListHostedZonesByVpcOutput { hosted_zone_summaries, next_token }
    "ListHostedZones" => list_hosted_zones(set_marker, set_max_items) -> ListHostedZonesOutput { hosted_zones, next_marker }
    "ListResourceRecordSets" => list_resource_record_sets(
        set_hosted_zone_id, set_start_record_name, set_start_record_type, set_start_record_identifier, set_max_items,
    ) -> ListResourceRecordSetsOutput {
        resource_record_sets, next_record_name, next_record_type, next_record_identifier,
    }
    "ChangeResourceRecordSets" => change_resource_record_sets(set_hosted_zone_id, set_change_batch)
        -> ChangeResourceRecordSetsOutput { change_info }
    "GetChange" => get_change(set_id) -> GetChangeOutput { change_info }
}

answers! {
    aws_sdk_route53;

    HostedZoneSummary { hosted_zone_id, name, owner }
    HostedZoneOwner { owning_account, owning_service }
    HostedZone { id, name, config, linked_service }
    HostedZoneConfig { comment, private_zone }
    LinkedService { service_principal, description }
    ResourceRecordSet {
        name, r#type, set_identifier, weight, region, geo_location, failover, multi_value_answer, ttl = "TTL",
        resource_records, alias_target, health_check_id, traffic_policy_instance_id, cidr_routing_config,
        geo_proximity_location,
    }
    ResourceRecord { value }
    AliasTarget { hosted_zone_id, dns_name = "DNSName", evaluate_target_health }
    GeoLocation { continent_code, country_code, subdivision_code }
    CidrRoutingConfig { collection_id, location_name }
    GeoProximityLocation { aws_region = "AWSRegion", local_zone_group, coordinates, bias }
    Coordinates { latitude, longitude }
    ChangeInfo { id, status, submitted_at, comment }
}

built! {
    aws_sdk_route53;

    ChangeBatch { set_comment, set_changes }
    Change { set_action, set_resource_record_set }
    ResourceRecordSet {
        set_name, set_type, set_set_identifier, set_weight, set_multi_value_answer, set_ttl = "TTL", set_resource_records,
    }
    ResourceRecord { set_value }
}

words! {
    aws_sdk_route53;

    ChangeAction, ChangeStatus, ResourceRecordSetFailover, ResourceRecordSetRegion, RrType, VpcRegion,
}
