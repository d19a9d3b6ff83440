"""Clients for the three accounts of the default world, and what most behaviours need of it."""
import contextlib
import itertools
import json
import time
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

URL = ""
# The simulator's own address and control token: its control API is not AWS's.
CONTROL, TOKEN = "", ""
SPEED = 600
BUILDER, FIRST, SECOND = "111111111111", "222222222222", "333333333333"
HOME, OTHER = "eu-west-1", "us-east-1"
_names = itertools.count(1)
# One attempt: a refusal is what is looked at. Waiters poll by their own clock.
CONFIG = Config(retries={"max_attempts": 0}, connect_timeout=10, read_timeout=60)
# The simulator runs SPEED times as fast as the clock: what takes AWS minutes takes part of a second.
WAIT = {"Delay": 0.2, "MaxAttempts": 200}


def client(service, account=BUILDER, region=HOME, token=None, key=None, secret="test"):
    return boto3.client(
        service,
        endpoint_url=URL,
        region_name=region,
        aws_access_key_id=key or account,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=CONFIG,
    )


def set_speed(speed):
    request = urllib.request.Request(
        f"{CONTROL}/_amiport/speed", json.dumps({"speed": speed}).encode(), {"x-amiport-token": TOKEN}
    )
    urllib.request.urlopen(request, timeout=60).close()


@contextlib.contextmanager
def at_real_speed():
    """What takes minutes is not over before it was looked at, however busy the machine is."""
    set_speed(1)
    try:
        yield
    finally:
        set_speed(SPEED)


def name(prefix="boto"):
    return f"{prefix}-{next(_names)}"


def refusal(call, **parameters):
    """The code and message of a refusal; fails where nothing is refused."""
    try:
        call(**parameters)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    raise AssertionError("nothing was refused")


def until(look, holds, says, seconds=60):
    """Looks again until it holds."""
    end = time.monotonic() + seconds
    while True:
        seen = look()
        if holds(seen):
            return seen
        assert time.monotonic() < end, f"{says}: {seen}"
        time.sleep(0.1)


def base_image(region=HOME):
    found = client("ec2", region=region).describe_images(
        Filters=[{"Name": "is-public", "Values": ["true"]}, {"Name": "architecture", "Values": ["x86_64"]}]
    )
    return found["Images"][0]


_plain = {}


def plain_image(account=BUILDER, region=HOME):
    """An unencrypted AMI of the account itself, made once."""
    if (account, region) not in _plain:
        ec2 = client("ec2", account, region)
        made = ec2.copy_image(SourceImageId=base_image(region)["ImageId"], SourceRegion=region, Name=name("plain"))
        ec2.get_waiter("image_available").wait(ImageIds=[made["ImageId"]], WaiterConfig=WAIT)
        _plain[account, region] = made["ImageId"]
    return _plain[account, region]


def copy(source, region=HOME, account=BUILDER, **more):
    ec2 = client("ec2", account, region)
    made = ec2.copy_image(SourceImageId=source, SourceRegion=HOME, Name=name("copy"), **more)
    ec2.get_waiter("image_available").wait(ImageIds=[made["ImageId"]], WaiterConfig=WAIT)
    return made["ImageId"]


def snapshot_of(image, account=BUILDER, region=HOME):
    found = client("ec2", account, region).describe_images(ImageIds=[image])["Images"][0]
    return found["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]


def key(account=BUILDER, region=HOME, statements=(), **more):
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "kms:*", "Resource": "*"},
            *statements,
        ],
    }
    return client("kms", account, region).create_key(Policy=json.dumps(policy), **more)["KeyMetadata"]


def allow(account, *actions):
    return {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": list(actions),
        "Resource": "*",
    }


USE = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*", "kms:ReEncrypt*", "kms:CreateGrant"]


def role(account=FIRST, actions=("ec2:*",), trusted=None):
    """A role with one inline policy. @returns its name"""
    iam = client("iam", account)
    made = name("role")
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{trusted or account}:root"}, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName=made, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    iam.put_role_policy(
        RoleName=made, PolicyName="work", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    time.sleep(0.05)
    return made


def as_role(service, role_name, account=FIRST, region=HOME):
    arn = f"arn:aws:iam::{account}:role/{role_name}"
    session = client("sts", account).assume_role(RoleArn=arn, RoleSessionName="boto")["Credentials"]
    return client(
        service, account, region, session["SessionToken"], session["AccessKeyId"], session["SecretAccessKey"]
    )


def ended(ec2, instance):
    """The instance once it is running or terminated."""
    look = lambda: ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    return until(look, lambda i: i["State"]["Name"] in ("running", "terminated"), "the launch does not end")
