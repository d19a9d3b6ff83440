"""Operations that the stories do not come by: one behaviour a family, each call looked at for what it did."""
import json

from behaviours import behaviour
from world import BUILDER, FIRST, HOME, client, ended, name, plain_image, refusal, role, until


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


LIST = {"Effect": "Allow", "Action": "ec2:DescribeImages", "Resource": "*"}
MORE = {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}


@behaviour("policies of a user are put, listed, read, attached and taken away")
def _():
    iam = client("iam", FIRST)
    user = name("user")
    iam.create_user(UserName=user, Tags=[{"Key": "team", "Value": "video"}])
    iam.put_user_policy(UserName=user, PolicyName="own", PolicyDocument=document(LIST))
    assert iam.list_user_policies(UserName=user)["PolicyNames"] == ["own"]
    read = iam.get_user_policy(UserName=user, PolicyName="own")["PolicyDocument"]
    assert read["Statement"] == [LIST], read
    managed = iam.create_policy(PolicyName=name("managed"), PolicyDocument=document(LIST))["Policy"]["Arn"]
    iam.attach_user_policy(UserName=user, PolicyArn=managed)
    assert [p["PolicyArn"] for p in iam.list_attached_user_policies(UserName=user)["AttachedPolicies"]] == [managed]
    assert refusal(iam.delete_user, UserName=user)[0] == "DeleteConflict"
    iam.put_user_permissions_boundary(UserName=user, PermissionsBoundary=managed)
    assert iam.get_user(UserName=user)["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == managed
    iam.delete_user_permissions_boundary(UserName=user)
    assert "PermissionsBoundary" not in iam.get_user(UserName=user)["User"]
    iam.tag_user(UserName=user, Tags=[{"Key": "cost", "Value": "1"}])
    iam.untag_user(UserName=user, TagKeys=["team"])
    assert iam.list_user_tags(UserName=user)["Tags"] == [{"Key": "cost", "Value": "1"}]
    key = iam.create_access_key(UserName=user)["AccessKey"]["AccessKeyId"]
    iam.delete_access_key(UserName=user, AccessKeyId=key)
    assert iam.list_access_keys(UserName=user)["AccessKeyMetadata"] == []
    iam.detach_user_policy(UserName=user, PolicyArn=managed)
    iam.delete_user_policy(UserName=user, PolicyName="own")
    assert refusal(iam.get_user_policy, UserName=user, PolicyName="own")[0] == "NoSuchEntity"
    iam.delete_user(UserName=user)
    assert refusal(iam.get_user, UserName=user)[0] == "NoSuchEntity"


@behaviour("policies of a group are put, listed, read, attached and taken away; members come and go")
def _():
    iam = client("iam", FIRST)
    group, user = name("group"), name("user")
    iam.create_group(GroupName=group)
    iam.create_user(UserName=user)
    iam.put_group_policy(GroupName=group, PolicyName="own", PolicyDocument=document(LIST))
    assert iam.list_group_policies(GroupName=group)["PolicyNames"] == ["own"]
    assert iam.get_group_policy(GroupName=group, PolicyName="own")["PolicyDocument"]["Statement"] == [LIST]
    managed = iam.create_policy(PolicyName=name("managed"), PolicyDocument=document(LIST))["Policy"]["Arn"]
    iam.attach_group_policy(GroupName=group, PolicyArn=managed)
    assert [p["PolicyArn"] for p in iam.list_attached_group_policies(GroupName=group)["AttachedPolicies"]] == [managed]
    iam.add_user_to_group(GroupName=group, UserName=user)
    assert [g["GroupName"] for g in iam.list_groups_for_user(UserName=user)["Groups"]] == [group]
    iam.remove_user_from_group(GroupName=group, UserName=user)
    assert iam.list_groups_for_user(UserName=user)["Groups"] == []
    iam.detach_group_policy(GroupName=group, PolicyArn=managed)
    iam.delete_group_policy(GroupName=group, PolicyName="own")
    iam.delete_group(GroupName=group)
    assert refusal(iam.get_group, GroupName=group)[0] == "NoSuchEntity"


@behaviour("a managed policy has versions, one of them the default")
def _():
    iam = client("iam", FIRST)
    arn = iam.create_policy(PolicyName=name("versions"), PolicyDocument=document(LIST))["Policy"]["Arn"]
    second = iam.create_policy_version(PolicyArn=arn, PolicyDocument=document(MORE))["PolicyVersion"]["VersionId"]
    assert {v["VersionId"]: v["IsDefaultVersion"] for v in iam.list_policy_versions(PolicyArn=arn)["Versions"]} == {
        "v1": True,
        second: False,
    }
    assert iam.get_policy_version(PolicyArn=arn, VersionId=second)["PolicyVersion"]["Document"]["Statement"] == [MORE]
    iam.set_default_policy_version(PolicyArn=arn, VersionId=second)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == second
    assert refusal(iam.delete_policy_version, PolicyArn=arn, VersionId=second)[0] == "DeleteConflict"


@behaviour("a role is described anew, tagged, bounded and freed; profiles and aliases are listed")
def _():
    iam = client("iam", FIRST)
    made = role(FIRST)
    iam.update_role(RoleName=made, Description="launches", MaxSessionDuration=7200)
    seen = iam.get_role(RoleName=made)["Role"]
    assert (seen["Description"], seen["MaxSessionDuration"]) == ("launches", 7200)
    iam.tag_role(RoleName=made, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    iam.untag_role(RoleName=made, TagKeys=["a"])
    assert iam.list_role_tags(RoleName=made)["Tags"] == [{"Key": "b", "Value": "2"}]
    bound = iam.create_policy(PolicyName=name("bound"), PolicyDocument=document(LIST))["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName=made, PermissionsBoundary=bound)
    iam.delete_role_permissions_boundary(RoleName=made)
    assert "PermissionsBoundary" not in iam.get_role(RoleName=made)["Role"]
    iam.attach_role_policy(RoleName=made, PolicyArn=bound)
    assert [p["PolicyArn"] for p in iam.list_attached_role_policies(RoleName=made)["AttachedPolicies"]] == [bound]
    profile = name("profile")
    iam.create_instance_profile(InstanceProfileName=profile)
    assert profile in [p["InstanceProfileName"] for p in iam.list_instance_profiles()["InstanceProfiles"]]
    iam.delete_instance_profile(InstanceProfileName=profile)
    assert refusal(iam.get_instance_profile, InstanceProfileName=profile)[0] == "NoSuchEntity"
    assert iam.list_account_aliases()["AccountAliases"] == []


@behaviour("IAM's waiters end when what they wait for is there")
def _():
    iam = client("iam", FIRST)
    user = name("user")
    iam.create_user(UserName=user)
    made = role(FIRST)
    profile = name("profile")
    iam.create_instance_profile(InstanceProfileName=profile)
    policy = iam.create_policy(PolicyName=name("waited"), PolicyDocument=document(LIST))["Policy"]["Arn"]
    quick = {"Delay": 0.2, "MaxAttempts": 5}
    iam.get_waiter("user_exists").wait(UserName=user, WaiterConfig=quick)
    iam.get_waiter("role_exists").wait(RoleName=made, WaiterConfig=quick)
    iam.get_waiter("instance_profile_exists").wait(InstanceProfileName=profile, WaiterConfig=quick)
    iam.get_waiter("policy_exists").wait(PolicyArn=policy, WaiterConfig=quick)


@behaviour("units are described, renamed and listed with their accounts; policies are read")
def _():
    organizations = client("organizations")
    root = organizations.list_roots()["Roots"][0]["Id"]
    unit = organizations.create_organizational_unit(ParentId=root, Name=name("unit"))["OrganizationalUnit"]["Id"]
    renamed = name("renamed")
    organizations.update_organizational_unit(OrganizationalUnitId=unit, Name=renamed)
    assert organizations.describe_organizational_unit(OrganizationalUnitId=unit)["OrganizationalUnit"]["Name"] == renamed
    children = organizations.get_paginator("list_children").paginate(ParentId=root, ChildType="ORGANIZATIONAL_UNIT")
    assert unit in [c["Id"] for page in children for c in page["Children"]]
    policy = organizations.create_policy(
        Content=document({"Effect": "Deny", "Action": "ec2:CopyImage", "Resource": "*"}),
        Description="no copies",
        Name=name("scp"),
        Type="SERVICE_CONTROL_POLICY",
    )["Policy"]["PolicySummary"]["Id"]
    read = organizations.describe_policy(PolicyId=policy)["Policy"]
    assert read["PolicySummary"]["Description"] == "no copies" and "ec2:CopyImage" in read["Content"]
    assert refusal(organizations.remove_account_from_organization, AccountId=BUILDER)[0] == "MasterCannotLeaveOrganizationException"


def group(desired=1):
    """A group of an unencrypted image with its instances in service. @returns its name"""
    ec2, autoscaling = client("ec2"), client("autoscaling")
    made = name("group")
    ec2.create_launch_template(
        LaunchTemplateName=made, LaunchTemplateData={"ImageId": plain_image(), "InstanceType": "t3.micro"}
    )
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName=made,
        LaunchTemplate={"LaunchTemplateName": made, "Version": "$Latest"},
        MinSize=0,
        MaxSize=3,
        DesiredCapacity=desired,
        AvailabilityZones=[f"{HOME}a"],
    )
    until(lambda: instances(made), lambda all: len(all) == desired and all_in_service(all), "the group does not come up")
    return made


def look_at(made):
    return client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[made])["AutoScalingGroups"][0]


def instances(made):
    return look_at(made)["Instances"]


def all_in_service(seen):
    return all(i["LifecycleState"] == "InService" for i in seen)


@behaviour("a group whose processes are suspended does not launch, and does again when they are resumed")
def _():
    autoscaling = client("autoscaling")
    made = group()
    autoscaling.suspend_processes(AutoScalingGroupName=made, ScalingProcesses=["Launch"])
    assert [p["ProcessName"] for p in look_at(made)["SuspendedProcesses"]] == ["Launch"]
    autoscaling.set_desired_capacity(AutoScalingGroupName=made, DesiredCapacity=2)
    look = lambda: client("ec2").describe_instances(InstanceIds=[instances(made)[0]["InstanceId"]])
    for _ in range(5):
        look()
    assert len(instances(made)) == 1
    autoscaling.resume_processes(AutoScalingGroupName=made)
    assert look_at(made)["SuspendedProcesses"] == []
    until(lambda: instances(made), lambda all: len(all) == 2, "nothing is launched after resuming")


@behaviour("a protected instance is not the one that goes")
def _():
    autoscaling = client("autoscaling")
    made = group(2)
    kept = sorted(i["InstanceId"] for i in instances(made))[0]
    autoscaling.set_instance_protection(AutoScalingGroupName=made, InstanceIds=[kept], ProtectedFromScaleIn=True)
    autoscaling.set_desired_capacity(AutoScalingGroupName=made, DesiredCapacity=1)
    left = until(lambda: instances(made), lambda all: len(all) == 1, "nothing goes")
    assert left[0]["InstanceId"] == kept and left[0]["ProtectedFromScaleIn"]


@behaviour("an instance that is said to be unhealthy is replaced; a refresh is cancelled")
def _():
    autoscaling = client("autoscaling")
    made = group()
    sick = instances(made)[0]["InstanceId"]
    autoscaling.set_instance_health(InstanceId=sick, HealthStatus="Unhealthy")
    until(
        lambda: instances(made),
        lambda all: len(all) == 1 and all[0]["InstanceId"] != sick and all_in_service(all),
        "the instance is not replaced",
    )
    assert refusal(autoscaling.cancel_instance_refresh, AutoScalingGroupName=made)[0] == "ActiveInstanceRefreshNotFound"
    # Long enough that it is still under way when it is cancelled, on a busy machine, too.
    slowly = {"InstanceWarmup": 7200}
    started = autoscaling.start_instance_refresh(AutoScalingGroupName=made, Preferences=slowly)["InstanceRefreshId"]
    assert autoscaling.cancel_instance_refresh(AutoScalingGroupName=made)["InstanceRefreshId"] == started
    look = lambda: autoscaling.describe_instance_refreshes(AutoScalingGroupName=made)["InstanceRefreshes"][0]["Status"]
    until(look, lambda status: status == "Cancelled", "the refresh is not cancelled")


@behaviour("tags of a group, limits of the account, and policies of a group that has none")
def _():
    autoscaling = client("autoscaling")
    made = group(0)
    tag = {"ResourceId": made, "ResourceType": "auto-scaling-group", "Key": "team", "Value": "video", "PropagateAtLaunch": True}
    autoscaling.create_or_update_tags(Tags=[tag])
    assert autoscaling.describe_tags(Filters=[{"Name": "auto-scaling-group", "Values": [made]}])["Tags"] == [tag]
    limits = autoscaling.describe_account_limits()
    assert limits["MaxNumberOfAutoScalingGroups"] >= limits["NumberOfAutoScalingGroups"] >= 1
    assert autoscaling.describe_policies(AutoScalingGroupName=made)["ScalingPolicies"] == []


@behaviour("the network of a default VPC: routes, an internet gateway, rules in and out")
def _():
    ec2 = client("ec2")
    vpc = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    gateways = ec2.describe_internet_gateways(Filters=[{"Name": "attachment.vpc-id", "Values": [vpc]}])["InternetGateways"]
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    assert len(gateways) == 1 and len(tables) == 1
    routes = {r["DestinationCidrBlock"]: r["GatewayId"] for r in tables[0]["Routes"]}
    assert routes["0.0.0.0/0"] == gateways[0]["InternetGatewayId"]
    made = ec2.create_security_group(GroupName=name("rules"), Description="rules", VpcId=vpc)["GroupId"]
    https = [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]
    out = lambda: ec2.describe_security_groups(GroupIds=[made])["SecurityGroups"][0]["IpPermissionsEgress"]
    everything = out()
    assert [p["IpProtocol"] for p in everything] == ["-1"]
    ec2.revoke_security_group_egress(GroupId=made, IpPermissions=everything)
    assert out() == []
    ec2.authorize_security_group_egress(GroupId=made, IpPermissions=https)
    assert [(p["FromPort"], p["ToPort"]) for p in out()] == [(443, 443)]
    again = refusal(ec2.authorize_security_group_egress, GroupId=made, IpPermissions=https)
    assert again[0] == "InvalidPermission.Duplicate", again


@behaviour("what an account and its instance types are: attributes, offerings, credits, console, restart")
def _():
    ec2 = client("ec2")
    attributes = {a["AttributeName"] for a in ec2.describe_account_attributes()["AccountAttributes"]}
    assert {"default-vpc", "max-instances"} <= attributes, attributes
    zones = ec2.describe_instance_type_offerings(
        LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": ["t3.micro"]}]
    )["InstanceTypeOfferings"]
    assert {z["Location"] for z in zones} >= {f"{HOME}a"} and {z["InstanceType"] for z in zones} == {"t3.micro"}
    run = ec2.run_instances(ImageId=plain_image(), InstanceType="t3.micro", MinCount=1, MaxCount=1)
    instance = run["Instances"][0]["InstanceId"]
    assert ended(ec2, instance)["State"]["Name"] == "running"
    credits = ec2.describe_instance_credit_specifications(InstanceIds=[instance])["InstanceCreditSpecifications"]
    assert credits == [{"InstanceId": instance, "CpuCredits": "unlimited"}], credits
    ec2.reboot_instances(InstanceIds=[instance])
    assert ended(ec2, instance)["State"]["Name"] == "running"
    assert ec2.get_console_output(InstanceId=instance)["InstanceId"] == instance
    assert refusal(ec2.reboot_instances, InstanceIds=["i-00000000000000000"])[0] == "InvalidInstanceID.NotFound"


@behaviour("the instances of a fleet are listed")
def _():
    ec2 = client("ec2")
    template = name("fleet")
    ec2.create_launch_template(
        LaunchTemplateName=template, LaunchTemplateData={"ImageId": plain_image(), "InstanceType": "t3.micro"}
    )
    fleet = ec2.create_fleet(
        Type="maintain",
        LaunchTemplateConfigs=[{"LaunchTemplateSpecification": {"LaunchTemplateName": template, "Version": "$Latest"}}],
        TargetCapacitySpecification={"TotalTargetCapacity": 2, "DefaultTargetCapacityType": "on-demand"},
    )["FleetId"]
    look = lambda: ec2.describe_fleet_instances(FleetId=fleet)["ActiveInstances"]
    assert len(until(look, lambda all: len(all) == 2, "the fleet stays empty")) == 2
    ec2.delete_fleets(FleetIds=[fleet], TerminateInstances=True)


@behaviour("a deprecation is taken back")
def _():
    ec2 = client("ec2")
    image = plain_image()
    ec2.enable_image_deprecation(ImageId=image, DeprecateAt="2030-01-01T00:00:00Z")
    assert ec2.describe_images(ImageIds=[image])["Images"][0]["DeprecationTime"].startswith("2030-01-01T00:00")
    ec2.disable_image_deprecation(ImageId=image)
    assert "DeprecationTime" not in ec2.describe_images(ImageIds=[image])["Images"][0]


@behaviour("a key is described anew, a parameter tagged, and default quotas are listed")
def _():
    kms, ssm = client("kms"), client("ssm")
    key = kms.create_key(Description="before")["KeyMetadata"]["KeyId"]
    kms.update_key_description(KeyId=key, Description="after")
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["Description"] == "after"
    parameter = f"/boto/{name()}"
    ssm.put_parameter(Name=parameter, Value="x", Type="String")
    ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId=parameter, Tags=[{"Key": "team", "Value": "video"}])
    tags = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=parameter)["TagList"]
    assert tags == [{"Key": "team", "Value": "video"}]
    pages = client("service-quotas").get_paginator("list_aws_default_service_quotas").paginate(ServiceCode="ec2")
    assert any(q["Value"] > 0 for page in pages for q in page["Quotas"])
