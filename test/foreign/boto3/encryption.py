"""The encryption matrix as boto3 meets it: copies, defaults, sharing."""
import time

from behaviours import behaviour
from world import BUILDER, FIRST, HOME, OTHER, USE, WAIT, allow, client, copy, key, name, plain_image, refusal, snapshot_of, until


def key_of(image, account=BUILDER, region=HOME):
    found = client("ec2", account, region).describe_snapshots(SnapshotIds=[snapshot_of(image, account, region)])
    return found["Snapshots"][0].get("KmsKeyId")


@behaviour("a copy of an unencrypted image is unencrypted, and encrypted under the very key that is named")
def _():
    assert key_of(copy(plain_image())) is None
    own = key()["Arn"]
    assert key_of(copy(plain_image(), Encrypted=True, KmsKeyId=own)) == own


@behaviour("Encrypted without a key is the default key of the Region, aws/ebs")
def _():
    made = copy(plain_image(), Encrypted=True)
    found = client("kms").describe_key(KeyId=key_of(made))["KeyMetadata"]
    assert found["KeyManager"] == "AWS", found
    assert found["Arn"] == client("kms").describe_key(KeyId="alias/aws/ebs")["KeyMetadata"]["Arn"]


@behaviour("an encrypted image cannot be copied unencrypted")
def _():
    image = copy(plain_image(), Encrypted=True, KmsKeyId=key()["Arn"])
    ec2 = client("ec2")
    code, message = refusal(ec2.copy_image, SourceImageId=image, SourceRegion=HOME, Name=name(), Encrypted=False)
    assert code == "InvalidRequest"
    assert message == (
        f"Snapshot {snapshot_of(image)} is encrypted. Creating an unencrypted copy from an encrypted snapshot is not supported."
    ), message


@behaviour("a key without Encrypted is refused")
def _():
    code, _message = refusal(
        client("ec2").copy_image, SourceImageId=plain_image(), SourceRegion=HOME, Name=name(), KmsKeyId=key()["Arn"]
    )
    assert code == "InvalidParameterDependency", code


@behaviour("an image under aws/ebs cannot be shared")
def _():
    image = copy(plain_image(), Encrypted=True)
    code, message = refusal(
        client("ec2").modify_image_attribute, ImageId=image, LaunchPermission={"Add": [{"UserId": FIRST}]}
    )
    assert code == "InvalidParameter", code
    assert message == "Snapshots encrypted with the AWS Managed CMK can't be shared. Specify another snapshot.", message


@behaviour("an image under a customer key is shared, but never with everybody")
def _():
    image = copy(plain_image(), Encrypted=True, KmsKeyId=key()["Arn"])
    ec2 = client("ec2")
    ec2.modify_image_attribute(ImageId=image, LaunchPermission={"Add": [{"UserId": FIRST}]})
    assert refusal(ec2.modify_image_attribute, ImageId=image, LaunchPermission={"Add": [{"Group": "all"}]})[0]


@behaviour("encryption by default encrypts copies unasked, and is switched off again")
def _():
    ec2 = client("ec2", region=OTHER)
    assert ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"] is False
    ec2.enable_ebs_encryption_by_default()
    try:
        assert key_of(copy(plain_image(), OTHER), region=OTHER)
    finally:
        ec2.disable_ebs_encryption_by_default()
    assert key_of(copy(plain_image(), OTHER), region=OTHER) is None


@behaviour("the default key for EBS can be one's own, and is set back to aws/ebs")
def _():
    ec2 = client("ec2", FIRST, OTHER)
    own = key(FIRST, OTHER)["Arn"]
    assert ec2.modify_ebs_default_kms_key_id(KmsKeyId=own)["KmsKeyId"] == own
    assert ec2.get_ebs_default_kms_key_id()["KmsKeyId"] == own
    assert ec2.reset_ebs_default_kms_key_id()["KmsKeyId"].startswith("arn:aws:kms")
    assert ec2.get_ebs_default_kms_key_id()["KmsKeyId"] != own


@behaviour("a copy under a key of another Region is accepted and fails later")
def _():
    ec2 = client("ec2")
    there = key(region=OTHER)["Arn"]
    made = ec2.copy_image(SourceImageId=plain_image(), SourceRegion=HOME, Name=name(), Encrypted=True, KmsKeyId=there)
    look = lambda: ec2.describe_images(ImageIds=[made["ImageId"]])["Images"][0]["State"]
    assert until(look, lambda s: s != "pending", "the copy does not end") == "failed"


@behaviour("a copy without the right to the key fails later: Given key ID is not accessible")
def _():
    owner, friend = client("ec2"), client("ec2", FIRST)
    image = copy(plain_image(), Encrypted=True, KmsKeyId=key()["Arn"])
    snapshot = snapshot_of(image)
    owner.modify_snapshot_attribute(
        SnapshotId=snapshot, Attribute="createVolumePermission", OperationType="add", UserIds=[FIRST]
    )
    made = friend.copy_snapshot(SourceSnapshotId=snapshot, SourceRegion=HOME, Encrypted=True)["SnapshotId"]
    look = lambda: friend.describe_snapshots(SnapshotIds=[made])["Snapshots"][0]
    ended = until(look, lambda s: s["State"] != "pending", "the copy does not end")
    assert ended["State"] == "error" and "Given key ID is not accessible" in ended["StateMessage"], ended


@behaviour("with the key policy the other account copies it under its own key")
def _():
    owner, friend = client("ec2"), client("ec2", FIRST)
    image = copy(plain_image(), Encrypted=True, KmsKeyId=key(statements=[allow(FIRST, *USE)])["Arn"])
    owner.modify_image_attribute(ImageId=image, LaunchPermission={"Add": [{"UserId": FIRST}]})
    owner.modify_snapshot_attribute(
        SnapshotId=snapshot_of(image), Attribute="createVolumePermission", OperationType="add", UserIds=[FIRST]
    )
    own = key(FIRST)["Arn"]
    made = copy(image, account=FIRST, Encrypted=True, KmsKeyId=own)
    assert key_of(made, FIRST) == own


@behaviour("the copy of a snapshot without a key is under the default key, not under that of its source")
def _():
    ec2 = client("ec2")
    image = copy(plain_image(), Encrypted=True, KmsKeyId=key()["Arn"])
    made = ec2.copy_snapshot(SourceSnapshotId=snapshot_of(image), SourceRegion=HOME)["SnapshotId"]
    ec2.get_waiter("snapshot_completed").wait(SnapshotIds=[made], WaiterConfig=WAIT)
    found = ec2.describe_snapshots(SnapshotIds=[made])["Snapshots"][0]["KmsKeyId"]
    assert client("kms").describe_key(KeyId=found)["KeyMetadata"]["KeyManager"] == "AWS"


@behaviour("a volume of an encrypted snapshot is encrypted under its key; a disabled key makes it vanish")
def _():
    ec2, kms = client("ec2"), client("kms")
    own = key()
    image = copy(plain_image(), Encrypted=True, KmsKeyId=own["Arn"])
    zone = ec2.describe_availability_zones()["AvailabilityZones"][0]["ZoneName"]
    made = ec2.create_volume(AvailabilityZone=zone, SnapshotId=snapshot_of(image))
    assert made["KmsKeyId"] == own["Arn"]
    ec2.get_waiter("volume_available").wait(VolumeIds=[made["VolumeId"]], WaiterConfig=WAIT)
    kms.disable_key(KeyId=own["KeyId"])
    time.sleep(0.1)
    gone = ec2.create_volume(AvailabilityZone=zone, SnapshotId=snapshot_of(image))["VolumeId"]
    ec2.get_waiter("volume_deleted").wait(VolumeIds=[gone], WaiterConfig=WAIT)
