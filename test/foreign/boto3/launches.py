"""Launches: instances, launch templates, Auto Scaling groups, under keys that serve and keys that do not."""
from behaviours import behaviour
from world import BUILDER, FIRST, HOME, USE, WAIT, allow, as_role, client, copy, ended, key, name, plain_image, refusal, role, until

LAUNCH = ("ec2:*", "iam:PassRole", "iam:CreateServiceLinkedRole", "autoscaling:*")


def run(ec2, image, **more):
    made = ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1, **more)
    return made["Instances"][0]["InstanceId"]


def shared(*statements):
    """An image under a dedicated key, shared with the first account."""
    image = copy(plain_image(), Encrypted=True, KmsKeyId=key(statements=statements)["Arn"])
    client("ec2").modify_image_attribute(ImageId=image, LaunchPermission={"Add": [{"UserId": FIRST}]})
    return image


@behaviour("the waiters instance_running and instance_terminated follow a life")
def _():
    ec2 = client("ec2")
    made = run(ec2, plain_image())
    ec2.get_waiter("instance_running").wait(InstanceIds=[made], WaiterConfig=WAIT)
    ec2.get_waiter("instance_status_ok").wait(InstanceIds=[made], WaiterConfig=WAIT)
    ec2.terminate_instances(InstanceIds=[made])
    ec2.get_waiter("instance_terminated").wait(InstanceIds=[made], WaiterConfig=WAIT)


@behaviour("an instance is stopped and started, and its volume stays")
def _():
    ec2 = client("ec2")
    made = run(ec2, plain_image())
    ec2.get_waiter("instance_running").wait(InstanceIds=[made], WaiterConfig=WAIT)
    ec2.stop_instances(InstanceIds=[made])
    ec2.get_waiter("instance_stopped").wait(InstanceIds=[made], WaiterConfig=WAIT)
    mappings = ec2.describe_instances(InstanceIds=[made])["Reservations"][0]["Instances"][0]["BlockDeviceMappings"]
    ec2.start_instances(InstanceIds=[made])
    ec2.get_waiter("instance_running").wait(InstanceIds=[made], WaiterConfig=WAIT)
    again = ec2.describe_instances(InstanceIds=[made])["Reservations"][0]["Instances"][0]["BlockDeviceMappings"]
    assert [m["Ebs"]["VolumeId"] for m in mappings] == [m["Ebs"]["VolumeId"] for m in again]
    ec2.terminate_instances(InstanceIds=[made])


@behaviour("a shared encrypted image without rights on its key launches, and terminates: Client error on launch")
def _():
    image = shared()
    ec2 = as_role("ec2", role(FIRST, LAUNCH))
    seen = ended(ec2, run(ec2, image))
    assert seen["State"]["Name"] == "terminated", seen["State"]
    assert seen["StateReason"]["Code"] == "Client.InternalError", seen["StateReason"]
    assert "Client error on launch" in seen["StateReason"]["Message"], seen["StateReason"]


@behaviour("with the key policy alone it still fails; with the role's policy, too, it runs under the own key")
def _():
    image = shared(allow(FIRST, *USE))
    one_side = as_role("ec2", role(FIRST, LAUNCH))
    assert ended(one_side, run(one_side, image))["State"]["Name"] == "terminated"
    both = as_role("ec2", role(FIRST, (*LAUNCH, "kms:*")))
    seen = ended(both, run(both, image))
    assert seen["State"]["Name"] == "running", seen["StateReason"]
    volume = both.describe_volumes(VolumeIds=[seen["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]])["Volumes"][0]
    assert volume["KmsKeyId"].split(":")[4] == FIRST, volume


@behaviour("a launch under a key that is disabled ends with its reason")
def _():
    ec2 = client("ec2")
    own = key()
    image = copy(plain_image(), Encrypted=True, KmsKeyId=own["Arn"])
    client("kms").disable_key(KeyId=own["KeyId"])
    seen = ended(ec2, run(ec2, image))
    assert seen["State"]["Name"] == "terminated" and seen["StateReason"]["Code"].startswith("Client."), seen["StateReason"]


@behaviour("a launch template has versions, a default, and launches")
def _():
    ec2 = client("ec2")
    template = name("template")
    ec2.create_launch_template(
        LaunchTemplateName=template, LaunchTemplateData={"ImageId": plain_image(), "InstanceType": "t3.micro"}
    )
    image = copy(plain_image())
    ec2.create_launch_template_version(LaunchTemplateName=template, SourceVersion="1", LaunchTemplateData={"ImageId": image})
    ec2.modify_launch_template(LaunchTemplateName=template, DefaultVersion="2")
    pages = ec2.get_paginator("describe_launch_template_versions").paginate(LaunchTemplateName=template)
    versions = [v for p in pages for v in p["LaunchTemplateVersions"]]
    assert sorted(v["VersionNumber"] for v in versions) == [1, 2]
    made = ec2.run_instances(LaunchTemplate={"LaunchTemplateName": template}, MinCount=1, MaxCount=1)["Instances"][0]
    assert made["ImageId"] == image
    ec2.terminate_instances(InstanceIds=[made["InstanceId"]])


@behaviour("a launch template with resolve:ssm launches what the parameter names")
def _():
    ec2, ssm = client("ec2"), client("ssm")
    parameter, template = f"/golden/{name()}", name("template")
    ssm.put_parameter(Name=parameter, Value=plain_image(), Type="String", DataType="aws:ec2:image")
    look = lambda: ssm.get_parameters(Names=[parameter])["Parameters"]
    until(look, lambda found: len(found) == 1, "the parameter is not checked")
    ec2.create_launch_template(
        LaunchTemplateName=template,
        LaunchTemplateData={"ImageId": f"resolve:ssm:{parameter}", "InstanceType": "t3.micro"},
    )
    made = ec2.run_instances(LaunchTemplate={"LaunchTemplateName": template}, MinCount=1, MaxCount=1)["Instances"][0]
    assert made["ImageId"] == plain_image()
    ec2.terminate_instances(InstanceIds=[made["InstanceId"]])


@behaviour("an Auto Scaling group launches, and its activity tells of success")
def _():
    activity = first_activity(plain_image(), BUILDER)
    assert activity["StatusCode"] == "Successful", activity


@behaviour("a group without a grant on a foreign key fails, and its activity tells why")
def _():
    activity = first_activity(shared(allow(FIRST, *USE)), FIRST)
    assert activity["StatusCode"] in ("Cancelled", "Failed"), activity
    assert "Client.InternalError: Client error on launch" in activity["StatusMessage"], activity


def first_activity(image, account):
    ec2, groups = client("ec2", account), client("autoscaling", account)
    template, group = name("template"), name("group")
    ec2.create_launch_template(
        LaunchTemplateName=template, LaunchTemplateData={"ImageId": image, "InstanceType": "t3.micro"}
    )
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    groups.create_auto_scaling_group(
        AutoScalingGroupName=group,
        LaunchTemplate={"LaunchTemplateName": template},
        MinSize=1,
        MaxSize=1,
        VPCZoneIdentifier=subnet,
    )

    def look():
        pages = groups.get_paginator("describe_scaling_activities").paginate(AutoScalingGroupName=group)
        return [a for p in pages for a in p["Activities"]]

    over = ("Successful", "Cancelled", "Failed")
    seen = until(look, lambda all: any(a["StatusCode"] in over for a in all), "no activity ends")
    groups.delete_auto_scaling_group(AutoScalingGroupName=group, ForceDelete=True)
    return [a for a in seen if a["StatusCode"] in over][0]


@behaviour("an image that Allowed AMIs does not admit is not there")
def _():
    image = copy(plain_image())
    client("ec2").modify_image_attribute(ImageId=image, LaunchPermission={"Add": [{"UserId": FIRST}]})
    ec2 = client("ec2", FIRST)
    seen = ended(ec2, run(ec2, image))
    assert seen["State"]["Name"] == "running"
    ec2.terminate_instances(InstanceIds=[seen["InstanceId"]])
    assert refusal(ec2.run_instances, ImageId="ami-0123456789abcdef0", InstanceType="t3.micro", MinCount=1, MaxCount=1)[0] == "InvalidAMIID.NotFound"
