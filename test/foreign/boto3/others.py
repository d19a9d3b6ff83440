"""SSM, EBS direct, CloudTrail, Service Quotas, Regions."""
import base64
import hashlib

from behaviours import behaviour
from world import BUILDER, FIRST, HOME, OTHER, at_real_speed, client, copy, key, name, plain_image, refusal, snapshot_of, until

BLOCK = 524288


@behaviour("parameters have versions, history and paths")
def _():
    ssm = client("ssm")
    path = f"/boto/{name()}"
    for value in ("one", "two"):
        ssm.put_parameter(Name=f"{path}/a", Value=value, Type="String", Overwrite=True)
    ssm.put_parameter(Name=f"{path}/b/c", Value="deep", Type="String")
    assert ssm.get_parameter(Name=f"{path}/a")["Parameter"]["Version"] == 2
    assert ssm.get_parameter(Name=f"{path}/a:1")["Parameter"]["Value"] == "one"
    assert [h["Value"] for h in ssm.get_parameter_history(Name=f"{path}/a")["Parameters"]] == ["one", "two"]
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=path, Recursive=True)
    assert {p["Name"] for page in pages for p in page["Parameters"]} == {f"{path}/a", f"{path}/b/c"}


@behaviour("a parameter that is there is not overwritten unasked, and one that is not is not found")
def _():
    ssm = client("ssm")
    made = f"/boto/{name()}"
    ssm.put_parameter(Name=made, Value="x", Type="String")
    assert refusal(ssm.put_parameter, Name=made, Value="y", Type="String")[0] == "ParameterAlreadyExists"
    assert refusal(ssm.get_parameter, Name=f"{made}-not")[0] == "ParameterNotFound"
    ssm.delete_parameter(Name=made)
    assert refusal(ssm.get_parameter, Name=made)[0] == "ParameterNotFound"


@behaviour("the blocks of a snapshot are listed and read with EBS direct APIs, with their checksums")
def _():
    ebs = client("ebs")
    snapshot = snapshot_of(plain_image())
    listed = ebs.list_snapshot_blocks(SnapshotId=snapshot)
    assert listed["BlockSize"] == BLOCK and listed["Blocks"]
    for block in listed["Blocks"]:
        got = ebs.get_snapshot_block(SnapshotId=snapshot, BlockIndex=block["BlockIndex"], BlockToken=block["BlockToken"])
        data = got["BlockData"].read()
        assert len(data) == BLOCK
        assert base64.b64encode(hashlib.sha256(data).digest()).decode() == got["Checksum"]


@behaviour("a snapshot is written with EBS direct APIs and read back byte for byte")
def _():
    ebs = client("ebs")
    data = bytes(range(256)) * (BLOCK // 256)
    checksum = base64.b64encode(hashlib.sha256(data).digest()).decode()
    with at_real_speed():  # a snapshot that is not completed within the hour fails
        made = ebs.start_snapshot(VolumeSize=1)["SnapshotId"]
        ebs.put_snapshot_block(
            SnapshotId=made, BlockIndex=3, BlockData=data, DataLength=BLOCK, Checksum=checksum, ChecksumAlgorithm="SHA256"
        )
        ebs.complete_snapshot(SnapshotId=made, ChangedBlocksCount=1)
    look = lambda: client("ec2").describe_snapshots(SnapshotIds=[made])["Snapshots"][0]["State"]
    until(look, lambda s: s == "completed", "the snapshot does not complete")
    blocks = ebs.list_snapshot_blocks(SnapshotId=made)["Blocks"]
    assert [b["BlockIndex"] for b in blocks] == [3]
    got = ebs.get_snapshot_block(SnapshotId=made, BlockIndex=3, BlockToken=blocks[0]["BlockToken"])
    assert got["BlockData"].read() == data


@behaviour("a copy under another key holds the same blocks")
def _():
    ebs = client("ebs")
    source = snapshot_of(plain_image())
    made = snapshot_of(copy(plain_image(), Encrypted=True, KmsKeyId=key()["Arn"]))

    def read(snapshot):
        blocks = ebs.list_snapshot_blocks(SnapshotId=snapshot)["Blocks"]
        return {
            b["BlockIndex"]: ebs.get_snapshot_block(
                SnapshotId=snapshot, BlockIndex=b["BlockIndex"], BlockToken=b["BlockToken"]
            )["Checksum"]
            for b in blocks
        }

    assert read(made) == read(source)


@behaviour("a public snapshot, and one of somebody else, cannot be read block by block")
def _():
    own = snapshot_of(plain_image())
    code, _message = refusal(client("ebs", FIRST).list_snapshot_blocks, SnapshotId=own)
    assert code in ("AccessDeniedException", "ResourceNotFoundException"), code


@behaviour("CloudTrail tells who did what, and what EC2 did to KMS for a caller")
def _():
    own = key()
    copy(plain_image(), Encrypted=True, KmsKeyId=own["Arn"])
    trail = client("cloudtrail")

    def names():
        pages = trail.get_paginator("lookup_events").paginate(
            LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": own["Arn"]}]
        )
        return [e["EventName"] for p in pages for e in p["Events"]]

    seen = names()
    assert any(n in seen for n in ("GenerateDataKeyWithoutPlaintext", "ReEncrypt", "CreateGrant", "DescribeKey")), seen


@behaviour("quotas are told by their codes")
def _():
    found = client("service-quotas").list_service_quotas(ServiceCode="kms")["Quotas"]
    assert any(q["QuotaName"] for q in found)


@behaviour("Regions that need opt-in are off, and calls to them are refused")
def _():
    regions = client("ec2").describe_regions(AllRegions=True)["Regions"]
    off = [r["RegionName"] for r in regions if r["OptInStatus"] == "not-opted-in"]
    assert "af-south-1" in off, off
    assert refusal(client("ec2", region="af-south-1").describe_images, Owners=["self"])[0] == "AuthFailure"


@behaviour("an operation that the simulator does not have is refused by its name")
def _():
    code, message = refusal(client("ec2").describe_vpn_gateways)
    assert code == "UnsupportedOperation" and "DescribeVpnGateways" in message, (code, message)


@behaviour("a parameter that the simulator does not model is refused by its name")
def _():
    code, message = refusal(
        client("ec2").copy_image,
        SourceImageId=plain_image(),
        SourceRegion=HOME,
        Name=name(),
        DestinationOutpostArn="arn:aws:outposts:eu-west-1:111111111111:outpost/op-1",
    )
    assert code == "UnsupportedOperation" and "DestinationOutpostArn" in message, (code, message)
