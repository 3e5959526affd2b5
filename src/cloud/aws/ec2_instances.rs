//! EC2: instances, and the images, volumes and snapshots that a relaunch needs.
//!
//! `UserData` is base64 both ways, as `DescribeInstanceAttribute` answers it. Spot requests and elastic accelerators
//! can not be asked for.

use super::json::{answers, operations, parameters, words};

operations! {
    aws_sdk_ec2;

    "DescribeInstances" => describe_instances(
        set_instance_ids, set_include_managed_resources, set_dry_run, set_filters, set_next_token,
        set_max_results,
    ) -> DescribeInstancesOutput { next_token, reservations }
    "DescribeInstanceStatus" => describe_instance_status(
        set_instance_ids, set_max_results, set_next_token, set_include_managed_resources, set_dry_run,
        set_filters, set_include_all_instances,
    ) -> DescribeInstanceStatusOutput { instance_statuses, next_token }
    "DescribeInstanceAttribute" => describe_instance_attribute(
        set_dry_run, set_instance_id, set_attribute,
    ) -> DescribeInstanceAttributeOutput {
        block_device_mappings, disable_api_termination, ena_support, enclave_options, ebs_optimized,
        instance_id, instance_initiated_shutdown_behavior, instance_type, kernel_id, product_codes, ramdisk_id,
        root_device_name, source_dest_check, sriov_net_support, user_data, disable_api_stop, groups,
    }
    "DescribeInstanceCreditSpecifications" => describe_instance_credit_specifications(
        set_dry_run, set_filters, set_instance_ids, set_max_results, set_next_token,
    ) -> DescribeInstanceCreditSpecificationsOutput { instance_credit_specifications, next_token }
    "DescribeVolumes" => describe_volumes(
        set_volume_ids, set_include_managed_resources, set_dry_run, set_filters, set_next_token, set_max_results,
    ) -> DescribeVolumesOutput { next_token, volumes }
    "DescribeImages" => describe_images(
        set_executable_users, set_image_ids, set_owners, set_include_deprecated, set_include_disabled,
        set_max_results, set_next_token, set_dry_run, set_filters,
    ) -> DescribeImagesOutput { next_token, images }
    "DescribeSnapshots" => describe_snapshots(
        set_max_results, set_next_token, set_owner_ids, set_restorable_by_user_ids, set_snapshot_ids,
        set_dry_run, set_filters,
    ) -> DescribeSnapshotsOutput { next_token, snapshots }
    "ModifyInstanceAttribute" => modify_instance_attribute(
        set_source_dest_check, set_enclave_options, set_disable_api_stop, set_dry_run, set_instance_id,
        set_attribute, set_value, set_block_device_mappings, set_disable_api_termination, set_instance_type,
        set_kernel, set_ramdisk, set_instance_initiated_shutdown_behavior, set_groups,
        set_ebs_optimized, set_sriov_net_support, set_ena_support,
    ) -> ModifyInstanceAttributeOutput {}
    "StopInstances" => stop_instances(
        set_instance_ids, set_hibernate, set_skip_os_shutdown, set_dry_run, set_force,
    ) -> StopInstancesOutput { stopping_instances }
    "StartInstances" => start_instances(set_instance_ids, set_additional_info, set_dry_run)
        -> StartInstancesOutput { starting_instances }
    "RunInstances" => run_instances(
        set_block_device_mappings, set_image_id, set_instance_type, set_ipv6_address_count, set_ipv6_addresses,
        set_kernel_id, set_key_name, set_max_count, set_min_count, set_monitoring, set_placement,
        set_ramdisk_id, set_security_group_ids, set_security_groups, set_subnet_id, set_user_data,
        set_tag_specifications, set_launch_template, set_credit_specification, set_cpu_options,
        set_capacity_reservation_specification, set_hibernation_options, set_license_specifications,
        set_metadata_options, set_enclave_options, set_private_dns_name_options, set_maintenance_options,
        set_disable_api_stop, set_enable_primary_ipv6, set_network_performance_options, set_operator,
        set_dry_run, set_disable_api_termination, set_instance_initiated_shutdown_behavior,
        set_private_ip_address, set_client_token, set_additional_info, set_network_interfaces,
        set_iam_instance_profile, set_ebs_optimized,
    ) -> RunInstancesOutput { reservation_id, owner_id, requester_id, groups, instances }
    "TerminateInstances" => terminate_instances(set_instance_ids, set_force, set_skip_os_shutdown, set_dry_run)
        -> TerminateInstancesOutput { terminating_instances }
    "CreateImage" => create_image(
        set_tag_specifications, set_snapshot_location, set_boot_mode_override, set_dry_run, set_instance_id,
        set_name, set_description, set_no_reboot, set_block_device_mappings,
    ) -> CreateImageOutput { image_id }
    "DeregisterImage" => deregister_image(set_image_id, set_delete_associated_snapshots, set_dry_run)
        -> DeregisterImageOutput { r#return, delete_snapshot_results }
    "DeleteSnapshot" => delete_snapshot(set_snapshot_id, set_dry_run) -> DeleteSnapshotOutput {}
}

answers! {
    aws_sdk_ec2;

    EbsInstanceBlockDevice {
        attach_time, delete_on_termination, status, volume_id, associated_resource, volume_owner_id, operator,
        ebs_card_index,
    }
    InstanceBlockDeviceMapping { device_name, ebs }
    IamInstanceProfile { arn, id }
    ElasticGpuAssociation {
        elastic_gpu_id, elastic_gpu_association_id, elastic_gpu_association_state, elastic_gpu_association_time,
    }
    ElasticInferenceAcceleratorAssociation {
        elastic_inference_accelerator_arn, elastic_inference_accelerator_association_id,
        elastic_inference_accelerator_association_state, elastic_inference_accelerator_association_time,
    }
    InstanceNetworkInterfaceAssociation { carrier_ip, customer_owned_ip, ip_owner_id, public_dns_name, public_ip }
    InstanceAttachmentEnaSrdUdpSpecification { ena_srd_udp_enabled }
    InstanceAttachmentEnaSrdSpecification { ena_srd_enabled, ena_srd_udp_specification }
    InstanceNetworkInterfaceAttachment {
        attach_time, attachment_id, delete_on_termination, device_index, status, network_card_index,
        ena_srd_specification, ena_queue_count,
    }
    InstanceIpv6Address { ipv6_address, is_primary_ipv6 }
    InstancePrivateIpAddress { association, primary, private_dns_name, private_ip_address }
    InstanceIpv4Prefix { ipv4_prefix }
    InstanceIpv6Prefix { ipv6_prefix }
    ConnectionTrackingSpecificationResponse { tcp_established_timeout, udp_stream_timeout, udp_timeout }
    InstanceNetworkInterface {
        association, attachment, description, groups, ipv6_addresses, mac_address, network_interface_id,
        owner_id, private_dns_name, private_ip_address, private_ip_addresses, source_dest_check, status,
        subnet_id, vpc_id, interface_type, ipv4_prefixes, ipv6_prefixes, connection_tracking_configuration,
        operator,
    }
    StateReason { code, message }
    CpuOptions { core_count, threads_per_core, amd_sev_snp, nested_virtualization }
    CapacityReservationTargetResponse { capacity_reservation_id, capacity_reservation_resource_group_arn }
    CapacityReservationSpecificationResponse { capacity_reservation_preference, capacity_reservation_target }
    HibernationOptions { configured }
    LicenseConfiguration { license_configuration_arn }
    InstanceMetadataOptionsResponse {
        state, http_tokens, http_put_response_hop_limit, http_endpoint, http_protocol_ipv6,
        instance_metadata_tags,
    }
    EnclaveOptions { enabled }
    PrivateDnsNameOptionsResponse {
        hostname_type, enable_resource_name_dns_a_record,
        enable_resource_name_dns_aaaa_record = "EnableResourceNameDnsAAAARecord",
    }
    InstanceMaintenanceOptions { auto_recovery, reboot_migration }
    InstanceNetworkPerformanceOptions { bandwidth_weighting }
    InstanceSecondaryInterfaceAttachment {
        attach_time, attachment_id, delete_on_termination, device_index, status, network_card_index,
    }
    InstanceSecondaryInterfacePrivateIpAddress { private_ip_address }
    InstanceSecondaryInterface {
        attachment, mac_address, secondary_interface_id, owner_id, private_ip_addresses, source_dest_check,
        status, secondary_subnet_id, secondary_network_id, interface_type,
    }
    InstanceState { code, name }
    ProductCode { product_code_id, product_code_type }
    Placement {
        availability_zone_id, affinity, group_name, partition_number, host_id, tenancy, spread_domain,
        host_resource_group_arn, group_id, availability_zone,
    }
    Monitoring { state }
    Instance {
        architecture, block_device_mappings, client_token, ebs_optimized, ena_support, hypervisor,
        iam_instance_profile, instance_lifecycle, elastic_gpu_associations,
        elastic_inference_accelerator_associations, network_interfaces, outpost_arn, root_device_name,
        root_device_type, security_groups, source_dest_check, spot_instance_request_id, sriov_net_support,
        state_reason, tags, virtualization_type, cpu_options, capacity_block_id, capacity_reservation_id,
        capacity_reservation_specification, hibernation_options, licenses, metadata_options, enclave_options,
        boot_mode, platform_details, usage_operation, usage_operation_update_time, private_dns_name_options,
        ipv6_address, tpm_support, maintenance_options, current_instance_boot_mode, network_performance_options,
        operator, secondary_interfaces, instance_id, image_id, state, private_dns_name, public_dns_name,
        state_transition_reason, key_name, ami_launch_index, product_codes, instance_type, launch_time,
        placement, kernel_id, ramdisk_id, platform, monitoring, subnet_id, vpc_id, private_ip_address,
        public_ip_address,
    }
    Reservation { reservation_id, owner_id, requester_id, groups, instances }
    InstanceStatusEvent { instance_event_id, code, description, not_after, not_before, not_before_deadline }
    InstanceStatusDetails { impaired_since, name, status }
    InstanceStatusSummary { details, status }
    EbsStatusDetails { impaired_since, name, status }
    EbsStatusSummary { details, status }
    ApplicationStatusSummary { status, impaired_since }
    PerformanceStatusSummary { status, impaired_since, remediation }
    InstanceStatus {
        availability_zone, availability_zone_id, outpost_arn, operator, events, instance_id, instance_state,
        instance_status, system_status, attached_ebs_status, application_status, performance_status,
    }
    AttributeValue { value }
    InstanceCreditSpecification { instance_id, cpu_credits }
    VolumeAttachment {
        delete_on_termination, associated_resource, instance_owning_service, ebs_card_index, volume_id,
        instance_id, device, state, attach_time,
    }
    Volume {
        availability_zone_id, outpost_arn, source_volume_id, iops, tags, volume_type, fast_restored,
        multi_attach_enabled, throughput, sse_type, operator, volume_initialization_rate, volume_arn, owner_id,
        volume_id, size, snapshot_id, availability_zone, state, create_time, attachments, encrypted, kms_key_id,
    }
    EbsBlockDevice {
        delete_on_termination, iops, snapshot_id, volume_size, volume_type, kms_key_id, throughput, outpost_arn,
        availability_zone, encrypted, volume_initialization_rate, availability_zone_id, ebs_card_index,
    }
    BlockDeviceMapping { ebs, no_device, device_name, virtual_name }
    ImageWatermark {
        watermark_key, source_image_region, source_image_id, source_image_creation_time, watermark_creation_time,
    }
    ScanResults {
        highest_finding_severity_label, finding_scan_date, informational_fix_available_since,
        low_fix_available_since, medium_fix_available_since, high_fix_available_since,
        critical_fix_available_since,
    }
    InstanceTypeItem { instance_type }
    InstanceTypeSpecification { supported_instance_types, unsupported_instance_types }
    Image {
        platform_details, usage_operation, block_device_mappings, description, ena_support, hypervisor,
        image_owner_alias, name, root_device_name, root_device_type, sriov_net_support, state_reason, tags,
        virtualization_type, boot_mode, tpm_support, deprecation_time, imds_support, source_instance_id,
        deregistration_protection, last_launched_time, image_allowed, source_image_id, source_image_region,
        free_tier_eligible, public_ssm_parameter_name, image_watermarks, scan_results,
        instance_type_specification, image_id, image_location, state, owner_id, creation_date, public,
        product_codes, architecture, image_type, kernel_id, ramdisk_id, platform,
    }
    Snapshot {
        owner_alias, outpost_arn, tags, storage_tier, restore_expiry_time, sse_type, availability_zone,
        transfer_type, completion_duration_minutes, completion_time, full_snapshot_size_in_bytes, snapshot_id,
        volume_id, state, state_message, start_time, progress, owner_id, description, volume_size, encrypted,
        kms_key_id, data_encryption_key_id,
    }
    InstanceStateChange { instance_id, current_state, previous_state }
    DeleteSnapshotReturnCode { snapshot_id, return_code }
}

parameters! {
    aws_sdk_ec2;

    EnclaveOptionsRequest { enabled }
    EbsInstanceBlockDeviceSpecification { volume_id, delete_on_termination }
    InstanceBlockDeviceMappingSpecification { device_name, ebs, virtual_name, no_device }
    EbsBlockDevice {
        delete_on_termination, iops, snapshot_id, volume_size, volume_type, kms_key_id, throughput, outpost_arn,
        availability_zone, encrypted, volume_initialization_rate, availability_zone_id, ebs_card_index,
    }
    BlockDeviceMapping { ebs, no_device, device_name, virtual_name }
    InstanceIpv6Address { ipv6_address, is_primary_ipv6 }
    RunInstancesMonitoringEnabled { enabled }
    Placement {
        availability_zone_id, affinity, group_name, partition_number, host_id, tenancy, spread_domain,
        host_resource_group_arn, group_id, availability_zone,
    }
    LaunchTemplateSpecification { launch_template_id, launch_template_name, version }
    CreditSpecificationRequest { cpu_credits }
    CpuOptionsRequest { core_count, threads_per_core, amd_sev_snp, nested_virtualization }
    CapacityReservationTarget { capacity_reservation_id, capacity_reservation_resource_group_arn }
    CapacityReservationSpecification { capacity_reservation_preference, capacity_reservation_target }
    HibernationOptionsRequest { configured }
    LicenseConfigurationRequest { license_configuration_arn }
    InstanceMetadataOptionsRequest {
        http_tokens, http_put_response_hop_limit, http_endpoint, http_protocol_ipv6, instance_metadata_tags,
    }
    PrivateDnsNameOptionsRequest {
        hostname_type, enable_resource_name_dns_a_record,
        enable_resource_name_dns_aaaa_record = "EnableResourceNameDnsAAAARecord",
    }
    InstanceMaintenanceOptionsRequest { auto_recovery }
    InstanceNetworkPerformanceOptionsRequest { bandwidth_weighting }
    OperatorRequest { principal }
    PrivateIpAddressSpecification { primary, private_ip_address }
    Ipv4PrefixSpecificationRequest { ipv4_prefix }
    Ipv6PrefixSpecificationRequest { ipv6_prefix }
    EnaSrdUdpSpecificationRequest { ena_srd_udp_enabled }
    EnaSrdSpecificationRequest { ena_srd_enabled, ena_srd_udp_specification }
    InstanceNetworkInterfaceSpecification {
        associate_public_ip_address, delete_on_termination, description, device_index, groups,
        ipv6_address_count, ipv6_addresses, network_interface_id, private_ip_address, private_ip_addresses,
        secondary_private_ip_address_count, subnet_id, associate_carrier_ip_address, interface_type,
        network_card_index, ipv4_prefixes, ipv4_prefix_count, ipv6_prefixes, ipv6_prefix_count, primary_ipv6,
        ena_srd_specification, connection_tracking_specification, ena_queue_count,
    }
    IamInstanceProfileSpecification { arn, name }
}

words! {
    aws_sdk_ec2;

    AmdSevSnpSpecification, ArchitectureValues, BootModeOverrideValues, BootModeValues,
    CapacityReservationPreference, DeviceType, EventCode, HttpTokensState, HypervisorType, ImageState,
    ImageTypeValues, ImdsSupportValues, InstanceAttributeName, InstanceAutoRecoveryState,
    InstanceBandwidthWeighting, InstanceBootModeValues, InstanceLifecycleType, InstanceMetadataEndpointState,
    InstanceMetadataOptionsState, InstanceMetadataProtocolState, InstanceMetadataTagsState,
    InstanceRebootMigrationState, InstanceStateName, InstanceType, MonitoringState,
    NestedVirtualizationSpecification, PlatformValues, ProductCodeValues, SecondaryInterfaceStatus,
    SecondaryInterfaceType, SeverityLabel, ShutdownBehavior, SnapshotLocationEnum, SnapshotReturnCodes,
    SnapshotState, SseType, StatusName, StatusType, StorageTier, SummaryStatus, TpmSupportValues, TransferType,
    VirtualizationType, VolumeAttachmentState, VolumeState, VolumeType,
}
