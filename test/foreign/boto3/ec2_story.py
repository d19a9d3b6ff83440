"""Images and snapshots: waiters, paginators, filters, tags, sharing, idempotency."""
from behaviours import behaviour
from botocore.exceptions import WaiterError
from world import BUILDER, FIRST, HOME, OTHER, SECOND, WAIT, at_real_speed, base_image, client, copy, name, plain_image, refusal, snapshot_of, until


@behaviour("a public base image is there in every Region, owned by nobody of the world")
def _():
    for region in (HOME, OTHER):
        assert base_image(region)["OwnerId"] not in (BUILDER, FIRST, SECOND)


@behaviour("the paginator of describe_launch_templates sees every template, each once, page by page")
def _():
    ec2 = client("ec2")
    made = {name("paged") for _ in range(5)}
    for template in made:
        ec2.create_launch_template(LaunchTemplateName=template, LaunchTemplateData={"InstanceType": "t3.micro"})
    pages = list(ec2.get_paginator("describe_launch_templates").paginate(PaginationConfig={"PageSize": 2}))
    names = [t["LaunchTemplateName"] for p in pages for t in p["LaunchTemplates"]]
    assert len(pages) >= 3 and len(names) == len(set(names)) and made <= set(names)


@behaviour("the waiter image_available waits for a copy")
def _():
    ec2 = client("ec2")
    source = plain_image()
    with at_real_speed():
        made = ec2.copy_image(SourceImageId=source, SourceRegion=HOME, Name=name())["ImageId"]
        assert ec2.describe_images(ImageIds=[made])["Images"][0]["State"] == "pending"
    ec2.get_waiter("image_available").wait(ImageIds=[made], WaiterConfig=WAIT)
    assert ec2.describe_images(ImageIds=[made])["Images"][0]["State"] == "available"


@behaviour("the waiter snapshot_completed waits for a copy of a snapshot")
def _():
    ec2 = client("ec2")
    source = snapshot_of(plain_image())
    made = ec2.copy_snapshot(SourceSnapshotId=source, SourceRegion=HOME)["SnapshotId"]
    ec2.get_waiter("snapshot_completed").wait(SnapshotIds=[made], WaiterConfig=WAIT)


@behaviour("the waiter image_available fails on a copy that fails")
def _():
    ec2 = client("ec2")
    kms = client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    made = ec2.copy_image(SourceImageId=plain_image(), SourceRegion=HOME, Name=name(), Encrypted=True, KmsKeyId=key)
    try:
        ec2.get_waiter("image_available").wait(ImageIds=[made["ImageId"]], WaiterConfig=WAIT)
    except WaiterError as error:
        assert "failure" in str(error), error
    else:
        raise AssertionError("the copy did not fail")
    image = ec2.describe_images(ImageIds=[made["ImageId"]])["Images"][0]
    assert image["State"] == "failed" and image["StateReason"]["Message"], image


@behaviour("an image id that is malformed, and one that is not there, are two refusals")
def _():
    ec2 = client("ec2")
    assert refusal(ec2.describe_images, ImageIds=["ami-xyz"])[0] == "InvalidAMIID.Malformed"
    code, message = refusal(ec2.describe_images, ImageIds=["ami-0123456789abcdef0"])
    assert (code, message) == ("InvalidAMIID.NotFound", "The image id '[ami-0123456789abcdef0]' does not exist")


@behaviour("a filter that EC2 does not know is refused by name")
def _():
    code, message = refusal(client("ec2").describe_images, Filters=[{"Name": "colour", "Values": ["red"]}])
    assert code == "InvalidParameterValue" and "colour" in message


@behaviour("filters: values are alternatives, filters add up, * and ? are wildcards")
def _():
    ec2 = client("ec2")
    first, second = copy(plain_image()), copy(plain_image())
    ec2.create_tags(Resources=[first, second], Tags=[{"Key": "set", "Value": "filters"}])
    ec2.create_tags(Resources=[first], Tags=[{"Key": "one", "Value": "yes"}])

    def found(*filters):
        images = ec2.describe_images(Filters=[{"Name": n, "Values": v} for n, v in filters])["Images"]
        return {i["ImageId"] for i in images}

    assert found(("tag:set", ["filters", "other"])) == {first, second}
    assert found(("tag:set", ["filt*"]), ("tag:one", ["y?s"])) == {first}
    assert found(("tag-key", ["one"]), ("tag:set", ["filters"])) == {first}


@behaviour("tags are given at the making, and aws: is reserved")
def _():
    ec2 = client("ec2")
    spec = [{"ResourceType": "snapshot", "Tags": [{"Key": "a", "Value": "b"}]}]
    source = snapshot_of(plain_image())
    made = ec2.copy_snapshot(SourceSnapshotId=source, SourceRegion=HOME, TagSpecifications=spec)["SnapshotId"]
    assert ec2.describe_snapshots(SnapshotIds=[made])["Snapshots"][0]["Tags"] == [{"Key": "a", "Value": "b"}]
    assert refusal(ec2.create_tags, Resources=[made], Tags=[{"Key": "aws:a", "Value": "b"}])[0] == "InvalidParameterValue"


@behaviour("one client token makes one copy, and other parameters with it are refused")
def _():
    ec2 = client("ec2")
    same = {"SourceImageId": plain_image(), "SourceRegion": HOME, "Name": name(), "ClientToken": name("token")}
    assert ec2.copy_image(**same)["ImageId"] == ec2.copy_image(**same)["ImageId"]
    assert refusal(ec2.copy_image, **{**same, "Description": "other"})[0] == "IdempotentParameterMismatch"


@behaviour("a name that an image of the account has is refused")
def _():
    ec2 = client("ec2")
    taken = name()
    ec2.copy_image(SourceImageId=plain_image(), SourceRegion=HOME, Name=taken)
    assert refusal(ec2.copy_image, SourceImageId=plain_image(), SourceRegion=HOME, Name=taken)[0] == "InvalidAMIName.Duplicate"


@behaviour("DryRun says whether a call would be allowed, and does nothing")
def _():
    ec2 = client("ec2")
    made = name()
    code, message = refusal(ec2.copy_image, SourceImageId=plain_image(), SourceRegion=HOME, Name=made, DryRun=True)
    assert (code, message) == ("DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
    assert ec2.describe_images(Filters=[{"Name": "name", "Values": [made]}])["Images"] == []


@behaviour("a launch permission shows an image to one account and to no other; taking it back hides it")
def _():
    owner, friend, stranger = client("ec2"), client("ec2", FIRST), client("ec2", SECOND)
    image = copy(plain_image())
    assert refusal(friend.describe_images, ImageIds=[image])[0] == "InvalidAMIID.NotFound"
    owner.modify_image_attribute(ImageId=image, LaunchPermission={"Add": [{"UserId": FIRST}]})
    assert friend.describe_images(ImageIds=[image])["Images"][0]["Public"] is False
    assert refusal(stranger.describe_images, ImageIds=[image])[0] == "InvalidAMIID.NotFound"
    held = owner.describe_image_attribute(ImageId=image, Attribute="launchPermission")["LaunchPermissions"]
    assert held == [{"UserId": FIRST}]
    owner.modify_image_attribute(ImageId=image, LaunchPermission={"Remove": [{"UserId": FIRST}]})
    assert refusal(friend.describe_images, ImageIds=[image])[0] == "InvalidAMIID.NotFound"


@behaviour("who sees a shared image cannot change it, nor see its owner's tags")
def _():
    owner, friend = client("ec2"), client("ec2", FIRST)
    image = copy(plain_image())
    owner.create_tags(Resources=[image], Tags=[{"Key": "secret", "Value": "plan"}])
    owner.modify_image_attribute(ImageId=image, LaunchPermission={"Add": [{"UserId": FIRST}]})
    assert "Tags" not in friend.describe_images(ImageIds=[image])["Images"][0]
    assert refusal(friend.modify_image_attribute, ImageId=image, LaunchPermission={"Add": [{"UserId": SECOND}]})[0] == "AuthFailure"
    assert refusal(friend.deregister_image, ImageId=image)[0] == "AuthFailure"


@behaviour("resetting the launch permission makes an image private again")
def _():
    ec2 = client("ec2")
    image = copy(plain_image())
    ec2.modify_image_attribute(ImageId=image, LaunchPermission={"Add": [{"UserId": FIRST}, {"UserId": SECOND}]})
    ec2.reset_image_attribute(ImageId=image, Attribute="launchPermission")
    assert ec2.describe_image_attribute(ImageId=image, Attribute="launchPermission")["LaunchPermissions"] == []


@behaviour("copying a shared image needs the permission on its snapshots, too")
def _():
    owner, friend = client("ec2"), client("ec2", FIRST)
    image = copy(plain_image())
    owner.modify_image_attribute(ImageId=image, LaunchPermission={"Add": [{"UserId": FIRST}]})
    asked = {"SourceImageId": image, "SourceRegion": HOME}
    code, message = refusal(friend.copy_image, Name=name(), **asked)
    assert message == "You do not have permission to access the storage of this ami", (code, message)
    owner.modify_snapshot_attribute(
        SnapshotId=snapshot_of(image), Attribute="createVolumePermission", OperationType="add", UserIds=[FIRST]
    )
    made = friend.copy_image(Name=name(), **asked)["ImageId"]
    friend.get_waiter("image_available").wait(ImageIds=[made], WaiterConfig=WAIT)


@behaviour("a snapshot of an image cannot be deleted while the image is there")
def _():
    ec2 = client("ec2")
    image = copy(plain_image())
    snapshot = snapshot_of(image)
    code, message = refusal(ec2.delete_snapshot, SnapshotId=snapshot)
    assert code == "InvalidSnapshot.InUse" and image in message, message
    ec2.deregister_image(ImageId=image)
    ec2.delete_snapshot(SnapshotId=snapshot)
    assert refusal(ec2.describe_snapshots, SnapshotIds=[snapshot])[0] == "InvalidSnapshot.NotFound"


@behaviour("an image with a time of deprecation still launches, and only its owner sees it in lists")
def _():
    owner, friend = client("ec2"), client("ec2", FIRST)
    image = copy(plain_image())
    owner.modify_image_attribute(ImageId=image, LaunchPermission={"Add": [{"UserId": FIRST}]})
    made = owner.describe_images(ImageIds=[image])["Images"][0]["CreationDate"]
    assert refusal(owner.enable_image_deprecation, ImageId=image, DeprecateAt="2001-01-01T00:00:00Z")[0] == "InvalidParameterValue", made
    assert image in [i["ImageId"] for i in friend.describe_images(ExecutableUsers=["self"])["Images"]]


@behaviour("the paginator of describe_snapshots sees every snapshot of the account")
def _():
    ec2 = client("ec2")
    copy(plain_image())
    pages = ec2.get_paginator("describe_snapshots").paginate(OwnerIds=["self"], PaginationConfig={"PageSize": 5})
    ids = [s["SnapshotId"] for p in pages for s in p["Snapshots"]]
    assert len(ids) == len(set(ids)) == len(ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]) >= 2


@behaviour("an image copied to another Region is another image, and is not in the first")
def _():
    made = copy(plain_image(), OTHER)
    assert client("ec2", region=OTHER).describe_images(ImageIds=[made])["Images"][0]["State"] == "available"
    assert refusal(client("ec2").describe_images, ImageIds=[made])[0] == "InvalidAMIID.NotFound"


@behaviour("volumes are made from snapshots, become available and are deleted")
def _():
    ec2 = client("ec2")
    zone = ec2.describe_availability_zones()["AvailabilityZones"][0]["ZoneName"]
    made = ec2.create_volume(AvailabilityZone=zone, SnapshotId=snapshot_of(plain_image()))["VolumeId"]
    ec2.get_waiter("volume_available").wait(VolumeIds=[made], WaiterConfig=WAIT)
    ec2.delete_volume(VolumeId=made)
    ec2.get_waiter("volume_deleted").wait(VolumeIds=[made], WaiterConfig=WAIT)


@behaviour("a snapshot of a volume completes, and knows its volume")
def _():
    ec2 = client("ec2")
    zone = ec2.describe_availability_zones()["AvailabilityZones"][0]["ZoneName"]
    volume = ec2.create_volume(AvailabilityZone=zone, Size=1)["VolumeId"]
    ec2.get_waiter("volume_available").wait(VolumeIds=[volume], WaiterConfig=WAIT)
    made = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    ec2.get_waiter("snapshot_completed").wait(SnapshotIds=[made], WaiterConfig=WAIT)
    assert ec2.describe_snapshots(SnapshotIds=[made])["Snapshots"][0]["VolumeId"] == volume
