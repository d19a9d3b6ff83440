"""IAM, STS and Organizations."""
import json

from behaviours import behaviour
from world import BUILDER, FIRST, HOME, SECOND, as_role, client, name, refusal, role, until


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@behaviour("who one is: the account, the ARN, and a wrong secret is nobody")
def _():
    assert client("sts").get_caller_identity()["Account"] == BUILDER
    assert refusal(client("sts", secret="wrong").get_caller_identity)[0] == "SignatureDoesNotMatch"
    assert refusal(client("sts", key="AKIAIOSFODNN7EXAMPLE").get_caller_identity)[0] == "InvalidClientTokenId"
    assert refusal(client("ec2", secret="wrong").describe_images)[0] == "AuthFailure"


@behaviour("an assumed role acts with the role's policies, under the session's ARN")
def _():
    made = role(FIRST, ("ec2:Describe*",))
    me = as_role("sts", made).get_caller_identity()
    assert me["Arn"] == f"arn:aws:sts::{FIRST}:assumed-role/{made}/boto"
    as_role("ec2", made).describe_images(Owners=["self"])
    code, message = refusal(as_role("ec2", made).create_key_pair, KeyName=name())
    assert code == "UnauthorizedOperation" and me["Arn"] in message, message


@behaviour("a role that trusts another account is assumed from there, with the external id it asks for")
def _():
    iam = client("iam", FIRST)
    made = name("external")
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{BUILDER}:root"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": "s3cret"}},
    }
    iam.create_role(RoleName=made, AssumeRolePolicyDocument=document(trust))
    arn = f"arn:aws:iam::{FIRST}:role/{made}"
    sts = client("sts")
    code, message = refusal(sts.assume_role, RoleArn=arn, RoleSessionName="boto-x")
    assert code == "AccessDenied" and "sts:AssumeRole on resource" in message, message
    assert sts.assume_role(RoleArn=arn, RoleSessionName="boto-x", ExternalId="s3cret")["Credentials"]["SessionToken"]
    assert refusal(client("sts", SECOND).assume_role, RoleArn=arn, RoleSessionName="boto-x", ExternalId="s3cret")[0] == "AccessDenied"


@behaviour("a session policy narrows what the role may")
def _():
    made = role(FIRST, ("ec2:*",))
    narrow = document({"Effect": "Allow", "Action": "ec2:DescribeImages", "Resource": "*"})
    session = client("sts", FIRST).assume_role(
        RoleArn=f"arn:aws:iam::{FIRST}:role/{made}", RoleSessionName="boto-x", Policy=narrow
    )["Credentials"]
    ec2 = client("ec2", FIRST, HOME, session["SessionToken"], session["AccessKeyId"], session["SecretAccessKey"])
    ec2.describe_images(Owners=["self"])
    assert refusal(ec2.describe_snapshots, OwnerIds=["self"])[0] == "UnauthorizedOperation"


@behaviour("a permissions boundary caps the role")
def _():
    iam = client("iam", FIRST)
    made = role(FIRST, ("ec2:*",))
    bound = iam.create_policy(
        PolicyName=name("bound"), PolicyDocument=document({"Effect": "Allow", "Action": "ec2:DescribeImages", "Resource": "*"})
    )["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName=made, PermissionsBoundary=bound)
    ec2 = as_role("ec2", made)

    def tries():
        try:
            ec2.describe_snapshots(OwnerIds=["self"])
            return "done"
        except Exception as error:
            return str(error)

    until(tries, lambda s: "UnauthorizedOperation" in s, "the boundary does not settle")
    ec2.describe_images(Owners=["self"])


@behaviour("a malformed trust policy and a role that is there already are refused")
def _():
    iam = client("iam")
    assert refusal(iam.create_role, RoleName=name(), AssumeRolePolicyDocument="{}")[0] == "MalformedPolicyDocument"
    made = role(BUILDER)
    trust = document({"Effect": "Allow", "Principal": {"AWS": BUILDER}, "Action": "sts:AssumeRole"})
    assert refusal(iam.create_role, RoleName=made, AssumeRolePolicyDocument=trust)[0] == "EntityAlreadyExists"
    assert refusal(iam.get_role, RoleName="nobody")[0] == "NoSuchEntity"


@behaviour("a role with policies is not deleted before they are gone")
def _():
    iam = client("iam")
    made = role(BUILDER)
    assert refusal(iam.delete_role, RoleName=made)[0] == "DeleteConflict"
    iam.delete_role_policy(RoleName=made, PolicyName="work")
    iam.delete_role(RoleName=made)
    assert refusal(iam.get_role, RoleName=made)[0] == "NoSuchEntity"


@behaviour("the paginator of list_roles sees every role; get_account_authorization_details knows its policies")
def _():
    iam = client("iam", SECOND)
    made = {role(SECOND) for _ in range(3)}
    pages = iam.get_paginator("list_roles").paginate(PaginationConfig={"PageSize": 2})
    assert made <= {r["RoleName"] for p in pages for r in p["Roles"]}
    details = iam.get_paginator("get_account_authorization_details").paginate(Filter=["Role"])
    policies = {r["RoleName"]: r["RolePolicyList"] for p in details for r in p["RoleDetailList"]}
    assert all(policies[r][0]["PolicyName"] == "work" for r in made)


@behaviour("a user with an access key signs with it, until the key is inactive")
def _():
    iam = client("iam", SECOND)
    user = name("user")
    iam.create_user(UserName=user)
    made = iam.create_access_key(UserName=user)["AccessKey"]
    sts = client("sts", SECOND, key=made["AccessKeyId"], secret=made["SecretAccessKey"])
    assert sts.get_caller_identity()["Arn"] == f"arn:aws:iam::{SECOND}:user/{user}"
    iam.update_access_key(UserName=user, AccessKeyId=made["AccessKeyId"], Status="Inactive")
    assert refusal(sts.get_caller_identity)[0] == "InvalidClientTokenId"


@behaviour("simulate_principal_policy says what decides")
def _():
    made = role(FIRST, ("ec2:Describe*",))
    answer = client("iam", FIRST).simulate_principal_policy(
        PolicySourceArn=f"arn:aws:iam::{FIRST}:role/{made}", ActionNames=["ec2:DescribeImages", "ec2:RunInstances"]
    )
    decisions = {r["EvalActionName"]: r["EvalDecision"] for r in answer["EvaluationResults"]}
    assert decisions == {"ec2:DescribeImages": "allowed", "ec2:RunInstances": "implicitDeny"}


@behaviour("an SCP denies its account and not the management account")
def _():
    orgs = client("organizations", region="us-east-1")
    content = document({"Effect": "Deny", "Action": "ec2:CreateKeyPair", "Resource": "*"})
    made = orgs.create_policy(Name=name("scp"), Description="x", Type="SERVICE_CONTROL_POLICY", Content=content)
    policy = made["Policy"]["PolicySummary"]["Id"]
    orgs.attach_policy(PolicyId=policy, TargetId=SECOND)
    try:
        code, message = refusal(client("ec2", SECOND).create_key_pair, KeyName=name())
        assert code == "UnauthorizedOperation" and "service control policy" in message, message
        client("ec2", BUILDER).create_key_pair(KeyName=name())
    finally:
        orgs.detach_policy(PolicyId=policy, TargetId=SECOND)
    client("ec2", SECOND).create_key_pair(KeyName=name())


@behaviour("the organization lists its accounts, to its management account only")
def _():
    pages = client("organizations", region="us-east-1").get_paginator("list_accounts").paginate()
    assert {BUILDER, FIRST, SECOND} <= {a["Id"] for p in pages for a in p["Accounts"]}
    assert refusal(client("organizations", FIRST, "us-east-1").list_accounts)[0] == "AccessDeniedException"
    assert client("organizations", FIRST, "us-east-1").describe_organization()["Organization"]["MasterAccountId"] == BUILDER
