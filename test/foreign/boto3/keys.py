"""KMS: keys, policies, grants, real cryptography, replicas, rotation."""
import json

from behaviours import behaviour
from world import BUILDER, FIRST, HOME, OTHER, SECOND, allow, as_role, client, key, name, refusal, role, until


@behaviour("Encrypt and Decrypt are real: the plaintext comes back, and the ciphertext does not hold it")
def _():
    kms = client("kms")
    own = key()["KeyId"]
    made = kms.encrypt(KeyId=own, Plaintext=b"attack at dawn")["CiphertextBlob"]
    assert b"attack" not in made
    back = kms.decrypt(CiphertextBlob=made)
    assert back["Plaintext"] == b"attack at dawn" and back["KeyId"].endswith(own)


@behaviour("a ciphertext that was changed, or has another encryption context, does not decrypt")
def _():
    kms = client("kms")
    made = kms.encrypt(KeyId=key()["KeyId"], Plaintext=b"x", EncryptionContext={"a": "b"})["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=made, EncryptionContext={"a": "b"})["Plaintext"] == b"x"
    changed = made[:-1] + bytes([made[-1] ^ 1])
    assert refusal(kms.decrypt, CiphertextBlob=changed, EncryptionContext={"a": "b"})[0] == "InvalidCiphertextException"
    assert refusal(kms.decrypt, CiphertextBlob=made, EncryptionContext={"a": "c"})[0] == "InvalidCiphertextException"


@behaviour("a data key comes in plaintext and under the key, and both are the same")
def _():
    kms = client("kms")
    made = kms.generate_data_key(KeyId=key()["KeyId"], KeySpec="AES_256")
    assert len(made["Plaintext"]) == 32
    assert kms.decrypt(CiphertextBlob=made["CiphertextBlob"])["Plaintext"] == made["Plaintext"]


@behaviour("ReEncrypt moves a ciphertext under another key")
def _():
    kms = client("kms")
    first, second = key()["KeyId"], key()["Arn"]
    made = kms.encrypt(KeyId=first, Plaintext=b"x")["CiphertextBlob"]
    moved = kms.re_encrypt(CiphertextBlob=made, DestinationKeyId=second)
    assert moved["KeyId"] == second and kms.decrypt(CiphertextBlob=moved["CiphertextBlob"])["Plaintext"] == b"x"


@behaviour("what a primary encrypts its replica decrypts, and a key that is no relative does not")
def _():
    kms = client("kms")
    primary = key(MultiRegion=True)
    kms.replicate_key(KeyId=primary["KeyId"], ReplicaRegion=OTHER)
    there = client("kms", region=OTHER)
    look = lambda: there.describe_key(KeyId=primary["KeyId"])["KeyMetadata"]["KeyState"]
    until(look, lambda s: s == "Enabled", "the replica is not Enabled")
    made = kms.encrypt(KeyId=primary["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    assert there.decrypt(CiphertextBlob=made)["Plaintext"] == b"x"
    alone = kms.encrypt(KeyId=key()["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    assert refusal(there.decrypt, CiphertextBlob=alone)[0] in ("AccessDeniedException", "NotFoundException", "InvalidCiphertextException")


@behaviour("a disabled key encrypts nothing: DisabledException; enabled again it decrypts what it made")
def _():
    kms = client("kms")
    own = key()["KeyId"]
    made = kms.encrypt(KeyId=own, Plaintext=b"x")["CiphertextBlob"]
    kms.disable_key(KeyId=own)
    assert refusal(kms.encrypt, KeyId=own, Plaintext=b"x")[0] == "DisabledException"
    assert refusal(kms.decrypt, CiphertextBlob=made)[0] == "DisabledException"
    kms.enable_key(KeyId=own)
    assert kms.decrypt(CiphertextBlob=made)["Plaintext"] == b"x"


@behaviour("a key whose deletion is scheduled is pending deletion, unusable, and can be saved")
def _():
    kms = client("kms")
    own = key()["KeyId"]
    assert refusal(kms.schedule_key_deletion, KeyId=own, PendingWindowInDays=3)[0] == "ValidationException"
    kms.schedule_key_deletion(KeyId=own, PendingWindowInDays=7)
    assert kms.describe_key(KeyId=own)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert refusal(kms.encrypt, KeyId=own, Plaintext=b"x")[0] == "KMSInvalidStateException"
    kms.cancel_key_deletion(KeyId=own)
    kms.enable_key(KeyId=own)
    kms.encrypt(KeyId=own, Plaintext=b"x")


@behaviour("an alias names a key, moves to another and is listed by the paginator")
def _():
    kms = client("kms")
    alias = f"alias/{name()}"
    first, second = key()["KeyId"], key()["KeyId"]
    kms.create_alias(AliasName=alias, TargetKeyId=first)
    assert refusal(kms.create_alias, AliasName=alias, TargetKeyId=second)[0] == "AlreadyExistsException"
    assert kms.describe_key(KeyId=alias)["KeyMetadata"]["KeyId"] == first
    kms.update_alias(AliasName=alias, TargetKeyId=second)
    assert kms.describe_key(KeyId=alias)["KeyMetadata"]["KeyId"] == second
    pages = kms.get_paginator("list_aliases").paginate(PaginationConfig={"PageSize": 1})
    assert alias in [a["AliasName"] for p in pages for a in p["Aliases"]]


@behaviour("a key policy that names a role which is not there is malformed")
def _():
    missing = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{BUILDER}:role/nobody"}, "Action": "kms:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow(BUILDER, "kms:*"), missing]})
    kms = client("kms")
    code, message = refusal(kms.put_key_policy, KeyId=key()["KeyId"], PolicyName="default", Policy=policy)
    assert code == "MalformedPolicyDocumentException" and "invalid principals" in message, message


@behaviour("a key policy that would lock its maker out is refused")
def _():
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow(SECOND, "kms:*")]})
    code, message = refusal(client("kms").put_key_policy, KeyId=key()["KeyId"], PolicyName="default", Policy=policy)
    assert code == "MalformedPolicyDocumentException" and "lock" not in code.lower(), message


@behaviour("another account uses a key only with both sides: its own policy and the key's")
def _():
    closed = key()["Arn"]
    code, message = refusal(client("kms", FIRST).encrypt, KeyId=closed, Plaintext=b"x")
    assert code == "AccessDeniedException" and "no resource-based policies allow access" in message, message
    opened = key(statements=[allow(FIRST, "kms:Encrypt")])["Arn"]
    client("kms", FIRST).encrypt(KeyId=opened, Plaintext=b"x")
    without = as_role("kms", role(FIRST, ("ec2:*",)))
    code, message = refusal(without.encrypt, KeyId=opened, Plaintext=b"x")
    assert code == "AccessDeniedException" and "identity-based policy" in message, message


@behaviour("a grant lets a role use a key at once with its token, and everywhere after a while")
def _():
    owner = client("kms")
    # A grant that the owner makes is the key's side only: the role's own account has to allow it, too.
    user = role(FIRST, ("kms:*",))
    own = key()["Arn"]
    made = owner.create_grant(KeyId=own, GranteePrincipal=f"arn:aws:iam::{FIRST}:role/{user}", Operations=["Encrypt"])
    kms = as_role("kms", user)
    kms.encrypt(KeyId=own, Plaintext=b"x", GrantTokens=[made["GrantToken"]])

    def tries():
        try:
            kms.encrypt(KeyId=own, Plaintext=b"x")
            return "done"
        except Exception as error:
            return str(error)

    until(tries, lambda s: s == "done", "the grant does not settle")
    owner.revoke_grant(KeyId=own, GrantId=made["GrantId"])
    until(tries, lambda s: s != "done", "the grant goes on")


@behaviour("a named grant with equal parameters is made once, and its grantee must be there")
def _():
    kms = client("kms")
    own = key()["Arn"]
    user = role(BUILDER)
    same = {"KeyId": own, "Name": "one", "GranteePrincipal": f"arn:aws:iam::{BUILDER}:role/{user}", "Operations": ["Decrypt"]}
    assert kms.create_grant(**same)["GrantId"] == kms.create_grant(**same)["GrantId"]
    nobody = {**same, "GranteePrincipal": f"arn:aws:iam::{BUILDER}:role/nobody", "Name": "two"}
    assert refusal(kms.create_grant, **nobody)[0] == "InvalidArnException"
    pages = kms.get_paginator("list_grants").paginate(KeyId=own, PaginationConfig={"PageSize": 1})
    assert [g["Name"] for p in pages for g in p["Grants"]] == ["one"]


@behaviour("a grant with an encryption context serves that context only")
def _():
    owner = client("kms")
    # A grant that the owner makes is the key's side only: the role's own account has to allow it, too.
    user = role(FIRST, ("kms:*",))
    own = key()["Arn"]
    made = owner.create_grant(
        KeyId=own,
        GranteePrincipal=f"arn:aws:iam::{FIRST}:role/{user}",
        Operations=["Encrypt"],
        Constraints={"EncryptionContextSubset": {"team": "vod"}},
    )
    kms = as_role("kms", user)
    tokens = [made["GrantToken"]]
    kms.encrypt(KeyId=own, Plaintext=b"x", EncryptionContext={"team": "vod", "more": "1"}, GrantTokens=tokens)
    code, _message = refusal(kms.encrypt, KeyId=own, Plaintext=b"x", EncryptionContext={"team": "web"}, GrantTokens=tokens)
    assert code == "AccessDeniedException", code


@behaviour("automatic rotation is switched on and off, and old ciphertexts go on being read")
def _():
    kms = client("kms")
    own = key()["KeyId"]
    made = kms.encrypt(KeyId=own, Plaintext=b"x")["CiphertextBlob"]
    kms.enable_key_rotation(KeyId=own)
    assert kms.get_key_rotation_status(KeyId=own)["KeyRotationEnabled"] is True
    kms.disable_key_rotation(KeyId=own)
    assert kms.get_key_rotation_status(KeyId=own)["KeyRotationEnabled"] is False
    assert kms.decrypt(CiphertextBlob=made)["Plaintext"] == b"x"


@behaviour("tags of a key are put, listed and taken away")
def _():
    kms = client("kms")
    own = key(Tags=[{"TagKey": "a", "TagValue": "b"}])["KeyId"]
    kms.tag_resource(KeyId=own, Tags=[{"TagKey": "c", "TagValue": "d"}])
    kms.untag_resource(KeyId=own, TagKeys=["a"])
    assert kms.list_resource_tags(KeyId=own)["Tags"] == [{"TagKey": "c", "TagValue": "d"}]


@behaviour("the paginator of list_keys sees every key, in this Region only")
def _():
    own = key()["KeyId"]
    pages = client("kms").get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 3})
    assert own in [k["KeyId"] for p in pages for k in p["Keys"]]
    assert refusal(client("kms", region=OTHER).describe_key, KeyId=own)[0] == "NotFoundException"
