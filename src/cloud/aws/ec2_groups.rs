//! EC2: what lets traffic pass. Security groups, network ACLs, prefix lists, and the interfaces that wear groups.

use super::json::{answers, operations, parameters, words};

operations! {
    aws_sdk_ec2;

    "DescribeSecurityGroups" => describe_security_groups(
        set_group_ids, set_group_names, set_next_token, set_max_results, set_dry_run, set_filters,
    ) -> DescribeSecurityGroupsOutput { next_token, security_groups }
    "DescribeSecurityGroupRules" => describe_security_group_rules(
        set_filters, set_security_group_rule_ids, set_dry_run, set_next_token, set_max_results,
    ) -> DescribeSecurityGroupRulesOutput { security_group_rules, next_token }
    "DescribeNetworkInterfaces" => describe_network_interfaces(
        set_next_token, set_max_results, set_include_managed_resources, set_dry_run, set_network_interface_ids,
        set_filters,
    ) -> DescribeNetworkInterfacesOutput { network_interfaces, next_token }
    "DescribeNetworkAcls" => describe_network_acls(
        set_next_token, set_max_results, set_dry_run, set_network_acl_ids, set_filters,
    ) -> DescribeNetworkAclsOutput { network_acls, next_token }
    "DescribeManagedPrefixLists" => describe_managed_prefix_lists(
        set_dry_run, set_filters, set_max_results, set_next_token, set_prefix_list_ids,
    ) -> DescribeManagedPrefixListsOutput { next_token, prefix_lists }
    "GetManagedPrefixListEntries" => get_managed_prefix_list_entries(
        set_dry_run, set_prefix_list_id, set_target_version, set_max_results, set_next_token,
    ) -> GetManagedPrefixListEntriesOutput { entries, next_token }
    "CreateSecurityGroup" => create_security_group(
        set_description, set_group_name, set_vpc_id, set_tag_specifications, set_dry_run,
    ) -> CreateSecurityGroupOutput { group_id, tags, security_group_arn }
    "DeleteSecurityGroup" => delete_security_group(set_group_id, set_group_name, set_dry_run)
        -> DeleteSecurityGroupOutput { r#return, group_id }
    "AuthorizeSecurityGroupIngress" => authorize_security_group_ingress(
        set_cidr_ip, set_from_port, set_group_id, set_group_name, set_ip_permissions, set_ip_protocol,
        set_source_security_group_name, set_source_security_group_owner_id, set_to_port, set_tag_specifications,
        set_dry_run,
    ) -> AuthorizeSecurityGroupIngressOutput { r#return, security_group_rules }
    "AuthorizeSecurityGroupEgress" => authorize_security_group_egress(
        set_tag_specifications, set_dry_run, set_group_id, set_source_security_group_name,
        set_source_security_group_owner_id, set_ip_protocol, set_from_port, set_to_port, set_cidr_ip,
        set_ip_permissions,
    ) -> AuthorizeSecurityGroupEgressOutput { r#return, security_group_rules }
    "RevokeSecurityGroupIngress" => revoke_security_group_ingress(
        set_cidr_ip, set_from_port, set_group_id, set_group_name, set_ip_permissions, set_ip_protocol,
        set_source_security_group_name, set_source_security_group_owner_id, set_to_port,
        set_security_group_rule_ids, set_dry_run,
    ) -> RevokeSecurityGroupIngressOutput { r#return, unknown_ip_permissions, revoked_security_group_rules }
    "RevokeSecurityGroupEgress" => revoke_security_group_egress(
        set_security_group_rule_ids, set_dry_run, set_group_id, set_source_security_group_name,
        set_source_security_group_owner_id, set_ip_protocol, set_from_port, set_to_port, set_cidr_ip,
        set_ip_permissions,
    ) -> RevokeSecurityGroupEgressOutput { r#return, unknown_ip_permissions, revoked_security_group_rules }
    "ModifyNetworkInterfaceAttribute" => modify_network_interface_attribute(
        set_ena_srd_specification, set_enable_primary_ipv6, set_connection_tracking_specification,
        set_associate_public_ip_address, set_associated_subnet_ids, set_dry_run, set_network_interface_id,
        set_description, set_source_dest_check, set_groups, set_attachment,
    ) -> ModifyNetworkInterfaceAttributeOutput {}
}

answers! {
    aws_sdk_ec2;

    UserIdGroupPair {
        description, user_id, group_name, group_id, vpc_id, vpc_peering_connection_id, peering_status,
    }
    IpRange { description, cidr_ip }
    Ipv6Range { description, cidr_ipv6 }
    PrefixListId { description, prefix_list_id }
    IpPermission { ip_protocol, from_port, to_port, user_id_group_pairs, ip_ranges, ipv6_ranges, prefix_list_ids }
    SecurityGroup {
        group_id, ip_permissions_egress, tags, vpc_id, security_group_arn, owner_id, group_name, description,
        ip_permissions,
    }
    ReferencedSecurityGroup { group_id, peering_status, user_id, vpc_id, vpc_peering_connection_id }
    SecurityGroupRule {
        security_group_rule_id, group_id, group_owner_id, is_egress, ip_protocol, from_port, to_port, cidr_ipv4,
        cidr_ipv6, prefix_list_id, referenced_group_info, description, tags, security_group_rule_arn,
    }
    NetworkInterfaceAssociation {
        allocation_id, association_id, ip_owner_id, public_dns_name, public_ip, customer_owned_ip, carrier_ip,
    }
    AttachmentEnaSrdUdpSpecification { ena_srd_udp_enabled }
    AttachmentEnaSrdSpecification { ena_srd_enabled, ena_srd_udp_specification }
    NetworkInterfaceAttachment {
        attach_time, attachment_id, delete_on_termination, device_index, network_card_index, instance_id,
        instance_owner_id, status, ena_srd_specification, ena_queue_count,
    }
    ConnectionTrackingConfiguration { tcp_established_timeout, udp_stream_timeout, udp_timeout }
    GroupIdentifier { group_id, group_name }
    NetworkInterfaceIpv6Address { ipv6_address, public_ipv6_dns_name, is_primary_ipv6 }
    PublicIpDnsNameOptions {
        dns_hostname_type, public_ipv4_dns_name, public_ipv6_dns_name, public_dual_stack_dns_name,
    }
    NetworkInterfacePrivateIpAddress { association, primary, private_dns_name, private_ip_address }
    Ipv4PrefixSpecification { ipv4_prefix }
    Ipv6PrefixSpecification { ipv6_prefix }
    OperatorResponse { managed, principal, hidden_by_default }
    NetworkInterface {
        association, attachment, availability_zone, connection_tracking_configuration, description, groups,
        interface_type, ipv6_addresses, mac_address, network_interface_id, outpost_arn, owner_id,
        private_dns_name, public_dns_name, public_ip_dns_name_options, private_ip_address, private_ip_addresses,
        ipv4_prefixes, ipv6_prefixes, requester_id, requester_managed, source_dest_check, status, subnet_id,
        tag_set, vpc_id, deny_all_igw_traffic, ipv6_native, ipv6_address, operator, associated_subnets,
        availability_zone_id,
    }
    NetworkAclAssociation { network_acl_association_id, network_acl_id, subnet_id }
    IcmpTypeCode { code, r#type }
    PortRange { from, to }
    NetworkAclEntry {
        cidr_block, egress, icmp_type_code, ipv6_cidr_block, port_range, protocol, rule_action, rule_number,
    }
    NetworkAcl { associations, entries, is_default, network_acl_id, tags, vpc_id, owner_id }
    ManagedPrefixList {
        prefix_list_id, address_family, state, state_message, prefix_list_arn, prefix_list_name, max_entries,
        version, tags, owner_id, ipam_prefix_list_resolver_target_id, ipam_prefix_list_resolver_sync_enabled,
    }
    PrefixListEntry { cidr, description }
    RevokedSecurityGroupRule {
        security_group_rule_id, group_id, is_egress, ip_protocol, from_port, to_port, cidr_ipv4, cidr_ipv6,
        prefix_list_id, referenced_group_id, description,
    }
}

parameters! {
    aws_sdk_ec2;

    UserIdGroupPair {
        description, user_id, group_name, group_id, vpc_id, vpc_peering_connection_id, peering_status,
    }
    IpRange { description, cidr_ip }
    Ipv6Range { description, cidr_ipv6 }
    PrefixListId { description, prefix_list_id }
    IpPermission { ip_protocol, from_port, to_port, user_id_group_pairs, ip_ranges, ipv6_ranges, prefix_list_ids }
    EnaSrdUdpSpecification { ena_srd_udp_enabled }
    EnaSrdSpecification { ena_srd_enabled, ena_srd_udp_specification }
    ConnectionTrackingSpecificationRequest { tcp_established_timeout, udp_stream_timeout, udp_timeout }
    AttributeValue { value }
    NetworkInterfaceAttachmentChanges {
        default_ena_queue_count, ena_queue_count, attachment_id, delete_on_termination,
    }
}

words! {
    aws_sdk_ec2;

    NetworkInterfaceStatus, NetworkInterfaceType, PrefixListState, RuleAction,
}
