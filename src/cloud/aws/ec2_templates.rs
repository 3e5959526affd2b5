//! EC2: what instances are launched from and as: launch templates and instance profiles.
//!
//! A new version of a template is made from an old one (`SourceVersion`), so only what places an instance is in these
//! tables. User data is in none.

use super::json::{answers, operations, parameters, words};

operations! {
    aws_sdk_ec2;

    "DescribeLaunchTemplates" => describe_launch_templates(
        set_dry_run, set_launch_template_ids, set_launch_template_names, set_filters, set_next_token,
        set_max_results, set_include_managed_resources,
    ) -> DescribeLaunchTemplatesOutput { launch_templates, next_token }
    "DescribeLaunchTemplateVersions" => describe_launch_template_versions(
        set_dry_run, set_launch_template_id, set_launch_template_name, set_versions, set_min_version,
        set_max_version, set_next_token, set_max_results, set_filters, set_resolve_alias,
        set_include_managed_resources,
    ) -> DescribeLaunchTemplateVersionsOutput { launch_template_versions, next_token }
    "CreateLaunchTemplateVersion" => create_launch_template_version(
        set_dry_run, set_client_token, set_launch_template_id, set_launch_template_name, set_source_version,
        set_version_description, set_launch_template_data, set_resolve_alias,
    ) -> CreateLaunchTemplateVersionOutput { launch_template_version, warning }
    "DeleteLaunchTemplateVersions" => delete_launch_template_versions(
        set_dry_run, set_launch_template_id, set_launch_template_name, set_versions,
    ) -> DeleteLaunchTemplateVersionsOutput {
        successfully_deleted_launch_template_versions, unsuccessfully_deleted_launch_template_versions,
    }
    "DescribeIamInstanceProfileAssociations" => describe_iam_instance_profile_associations(
        set_association_ids, set_filters, set_max_results, set_next_token,
    ) -> DescribeIamInstanceProfileAssociationsOutput { iam_instance_profile_associations, next_token }
    "AssociateIamInstanceProfile" => associate_iam_instance_profile(set_iam_instance_profile, set_instance_id)
        -> AssociateIamInstanceProfileOutput { iam_instance_profile_association }
    "DisassociateIamInstanceProfile" => disassociate_iam_instance_profile(set_association_id)
        -> DisassociateIamInstanceProfileOutput { iam_instance_profile_association }
}

answers! {
    aws_sdk_ec2;

    LaunchTemplate {
        launch_template_id, launch_template_name, create_time, created_by, default_version_number,
        latest_version_number, tags, operator,
    }
    LaunchTemplateVersion {
        launch_template_id, launch_template_name, version_number, version_description, create_time, created_by,
        default_version, launch_template_data, operator,
    }
    ResponseLaunchTemplateData {
        iam_instance_profile, network_interfaces, image_id, instance_type, key_name, tag_specifications,
        security_group_ids, security_groups,
    }
    LaunchTemplateIamInstanceProfileSpecification { arn, name }
    LaunchTemplateInstanceNetworkInterfaceSpecification {
        associate_carrier_ip_address, associate_public_ip_address, delete_on_termination, description,
        device_index, groups, interface_type, ipv6_address_count, ipv6_addresses, network_interface_id,
        private_ip_address, private_ip_addresses, secondary_private_ip_address_count, subnet_id,
        network_card_index, ipv4_prefixes, ipv4_prefix_count, ipv6_prefixes, ipv6_prefix_count, primary_ipv6,
        ena_srd_specification, connection_tracking_specification, ena_queue_count,
    }
    PrivateIpAddressSpecification { primary, private_ip_address }
    Ipv4PrefixSpecificationResponse { ipv4_prefix }
    Ipv6PrefixSpecificationResponse { ipv6_prefix }
    LaunchTemplateEnaSrdSpecification { ena_srd_enabled, ena_srd_udp_specification }
    LaunchTemplateEnaSrdUdpSpecification { ena_srd_udp_enabled }
    ConnectionTrackingSpecification { tcp_established_timeout, udp_timeout, udp_stream_timeout }
    LaunchTemplateTagSpecification { resource_type, tags }
    ValidationWarning { errors }
    ValidationError { code, message }
    DeleteLaunchTemplateVersionsResponseSuccessItem { launch_template_id, launch_template_name, version_number }
    DeleteLaunchTemplateVersionsResponseErrorItem {
        launch_template_id, launch_template_name, version_number, response_error,
    }
    ResponseError { code, message }
    IamInstanceProfileAssociation { association_id, instance_id, iam_instance_profile, state, timestamp }
}

parameters! {
    aws_sdk_ec2;

    RequestLaunchTemplateData {
        image_id, instance_type, key_name, iam_instance_profile, network_interfaces, security_group_ids, security_groups,
    }
    LaunchTemplateIamInstanceProfileSpecificationRequest { arn, name }
    LaunchTemplateInstanceNetworkInterfaceSpecificationRequest {
        associate_carrier_ip_address, associate_public_ip_address, delete_on_termination, description,
        device_index, groups, interface_type, ipv6_address_count, ipv6_addresses, network_interface_id,
        private_ip_address, private_ip_addresses, secondary_private_ip_address_count, subnet_id,
        network_card_index, ipv4_prefixes, ipv4_prefix_count, ipv6_prefixes, ipv6_prefix_count, primary_ipv6,
        ena_srd_specification, connection_tracking_specification, ena_queue_count,
    }
    InstanceIpv6AddressRequest { ipv6_address }
}

words! {
    aws_sdk_ec2;

    IamInstanceProfileAssociationState, LaunchTemplateErrorCode,
}
