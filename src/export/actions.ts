/**
 * Table of AWS facts: every AWS action that amiport calls, why, and whose role needs it. A test holds it against the
 * commands that `src/aws` really sends, both ways; `implied` ones are never sent but asked for by AWS beside another.
 * Source of the implied ones: the Service Authorization Reference of each service, column "Dependent actions".
 */
export type Need =
  /** The role in the builder account. */
  | 'builder'
  /** The role in a user account. */
  | 'account'
  /** The role in a user account, only for `verify --canary`. */
  | 'canary'
  /** The role in a user account, only for `rehome`. */
  | 'rehome'
  /** The role that reads disks for `audit`; the builder's own where `policy.secrets` gates what is shared. */
  | 'auditor'
  /** The identity that amiport starts from. */
  | 'start';

/** What a config may ask for, or not. */
export type Feature =
  | 'an event bus'
  | 'guardrails'
  | 'key'
  | 'opt-in Regions'
  | 'organizational units'
  | 'refresh'
  | 'unencrypted'
  | 'unencrypted copies';

export interface ActionFact {
  readonly why: string;
  /** Empty: AWS asks for no permission, or no command of amiport does it yet. */
  readonly for: readonly Need[];
  /** Changes nothing. */
  readonly reads?: true;
  /** Whose read-only role has it: for what is read beside a change, it would do nothing. Default: all of `for`. */
  readonly looks?: readonly Need[];
  /** What in a config makes a role need it; absent: any. */
  readonly where?: Partial<Record<Need, Feature>>;
  /** The same for looking. */
  readonly looksWhere?: Partial<Record<Need, Feature>>;
  readonly implied?: true;
}

const BOTH: readonly Need[] = ['builder', 'account'];

export const ACTIONS: Readonly<Record<string, ActionFact>> = {
  'autoscaling:CancelInstanceRefresh': { for: ['account', 'rehome'], why: 'a refresh whose launches fail' },
  'autoscaling:CreateAutoScalingGroup': { for: ['canary'], why: 'a canary group of one instance' },
  'autoscaling:CreateOrUpdateTags': {
    for: ['canary'],
    why: 'the tags of a canary group, by which it is found',
    implied: true,
  },
  'autoscaling:DeleteAutoScalingGroup': { for: ['canary'], why: 'canary groups are always cleaned up' },
  'autoscaling:DescribeAutoScalingGroups': {
    for: [...BOTH, 'canary'],
    why: 'groups that keep to a template version; whether a canary group has its instance',
    reads: true,
    looksWhere: { builder: 'key' },
  },
  'autoscaling:DescribeInstanceRefreshes': {
    for: ['account', 'rehome'],
    why: 'how a refresh goes',
    reads: true,
    looks: [],
    where: { account: 'refresh' },
  },
  'autoscaling:DescribeLaunchConfigurations': {
    for: BOTH,
    why: 'who uses a version that is to end',
    reads: true,
    looksWhere: { builder: 'key', account: 'key' },
  },
  'autoscaling:DescribeScalingActivities': {
    for: ['account', 'canary'],
    why: 'why a canary group has no instance, and a refresh does not go on',
    reads: true,
  },
  'autoscaling:StartInstanceRefresh': { for: ['account', 'rehome'], why: 'groups that follow a template that moved' },
  'cloudtrail:LookupEvents': {
    for: BOTH,
    why: 'an event that explain is asked about; uses of a rotated key that were refused',
    reads: true,
    looks: ['account'],
    where: { builder: 'key' },
  },
  'ebs:GetSnapshotBlock': { for: ['auditor'], why: 'the blocks of a disk that is looked through for secrets' },
  'ebs:ListChangedBlocks': { for: ['auditor'], why: 'what differs from a version that was looked through' },
  'ebs:ListSnapshotBlocks': { for: ['auditor'], why: 'which blocks of a disk were ever written' },
  'ec2:AttachVolume': { for: ['rehome'], why: 'the volume under the own key takes the place of the old one' },
  'ec2:CopySnapshot': { for: ['rehome'], why: 'a snapshot under the own key' },
  'ec2:CreateSnapshot': { for: ['rehome'], why: 'a volume as it is while its instance is stopped' },
  'ec2:CreateVolume': { for: ['rehome'], why: 'the volume under the own key' },
  'ec2:DeleteTags': { for: ['rehome'], why: 'the mark on an instance that was stopped' },
  'ec2:DeleteVolume': { for: ['rehome'], why: 'old volumes, where somebody consents' },
  'ec2:DetachVolume': { for: ['rehome'], why: 'the old volume makes room' },
  'ec2:ModifyInstanceAttribute': { for: ['rehome'], why: 'whether the volume goes with its instance, as before' },
  'ec2:StartInstances': { for: ['rehome'], why: 'instances that were stopped for the move' },
  'ec2:StopInstances': { for: ['rehome'], why: 'volumes are moved while nothing writes to them' },
  'ec2:CopyImage': { for: BOTH, why: 'a copy of each version in every Region; private copies in the accounts' },
  'ec2:CreateFleet': { for: ['canary'], why: 'a canary fleet of one instance' },
  'ec2:CreateLaunchTemplate': { for: ['canary'], why: 'a canary group launches from it' },
  'ec2:CreateLaunchTemplateVersion': { for: ['account'], why: 'launch templates are pointed at the newest version' },
  'ec2:CreateTags': { for: [...BOTH, 'canary'], why: 'all that amiport makes carries its tags' },
  'ec2:DeleteFleets': { for: ['canary'], why: 'canary fleets are always cleaned up' },
  'ec2:CreateImageUsageReport': { for: ['builder'], why: 'who uses a version that is to end' },
  'ec2:DeleteImageUsageReport': { for: ['builder'], why: 'usage reports that were read' },
  'ec2:DeleteLaunchTemplate': { for: ['canary'], why: 'canary launch templates are always cleaned up' },
  'ec2:DeleteSnapshot': { for: BOTH, why: 'snapshots go with their copies; those that rehome made, or stands in for' },
  'ec2:DeregisterImage': { for: BOTH, why: 'copies of a former way, once the new one is proven' },
  'ec2:DescribeFleets': {
    for: BOTH,
    why: 'what was left of canary fleets; fleets that keep to a template version',
    reads: true,
    looksWhere: { builder: 'key', account: 'key' },
  },
  'ec2:DescribeImageAttribute': { for: ['builder'], why: 'who may launch a copy', reads: true },
  'ec2:DescribeImageReferences': {
    for: BOTH,
    why: 'who uses a version that is to end',
    reads: true,
    looksWhere: { builder: 'key', account: 'key' },
  },
  'ec2:DescribeImageUsageReportEntries': {
    for: ['builder'],
    why: 'who uses a version that is to end',
    reads: true,
    looks: [],
  },
  'ec2:DescribeImageUsageReports': {
    for: ['builder'],
    why: 'who uses a version that is to end',
    reads: true,
    looks: [],
  },
  'ec2:DescribeImages': {
    for: [...BOTH, 'auditor'],
    why: 'sources and copies; SSM asks for it for parameters that name AMIs',
    reads: true,
  },
  'ec2:DescribeInstances': {
    for: BOTH,
    why: 'canaries, and what was left of them; what runs on a key that leaked',
    reads: true,
    where: { builder: 'key' },
  },
  'ec2:DescribeLaunchTemplateVersions': {
    for: BOTH,
    why: 'which image a launch template names',
    reads: true,
    looksWhere: { builder: 'key' },
  },
  'ec2:DescribeLaunchTemplates': {
    for: ['account'],
    why: 'launch templates, and what was left of canaries',
    reads: true,
  },
  'ec2:DescribeRegions': {
    for: ['account'],
    why: 'whether Regions that need opt-in are on',
    reads: true,
    where: { account: 'opt-in Regions' },
  },
  'ec2:DescribeSnapshots': { for: [...BOTH, 'auditor'], why: 'the key of every snapshot behind a copy', reads: true },
  'ec2:DescribeSubnets': { for: ['canary'], why: 'a default subnet for the canary' },
  'ec2:DescribeVolumes': {
    for: [...BOTH, 'canary'],
    why: "what lies under a key that leaked; the key of a canary's root volume",
    reads: true,
    where: { builder: 'key' },
  },
  'ec2:DisableImage': { for: BOTH, why: 'versions that nobody uses any more' },
  'ec2:DisableEbsEncryptionByDefault': { for: ['builder'], why: 'unencrypted images cannot be made where it is on' },
  'ec2:EnableImage': { for: BOTH, why: 'a copy that was disabled and is wanted' },
  'ec2:EnableImageDeprecation': { for: BOTH, why: 'versions that are older than the config says' },
  'ec2:EnableEbsEncryptionByDefault': { for: [], why: 'no plan switches it on' },
  'ec2:GetAllowedImagesSettings': { for: ['account'], why: 'Allowed AMIs may forbid a launch', reads: true },
  'ec2:GetEbsDefaultKmsKeyId': { for: ['account'], why: 'the key of volumes that name none', reads: true },
  'ec2:GetEbsEncryptionByDefault': {
    for: BOTH,
    why: 'whether copies and volumes are encrypted unasked',
    reads: true,
    where: { builder: 'unencrypted copies', account: 'unencrypted' },
  },
  'ec2:ModifyImageAttribute': { for: ['builder'], why: 'launch permissions for the accounts' },
  'ec2:ModifyLaunchTemplate': { for: ['account'], why: 'the default version of a launch template' },
  'ec2:ModifySnapshotAttribute': {
    for: ['builder'],
    why: 'accounts may read the snapshots of a copy while they make their own',
  },
  'ec2:RunInstances': { for: ['canary'], why: 'Auto Scaling asks it of who makes a group from a launch template' },
  'ec2:TerminateInstances': { for: ['canary'], why: 'canaries are always cleaned up' },
  'events:DescribeEventBus': {
    for: ['builder'],
    why: 'an event for a bus that is not there is lost without a word',
    reads: true,
    looks: [],
    where: { builder: 'an event bus' },
  },
  'events:PutEvents': { for: ['builder'], why: 'the event bus that is told what came of a delivery' },
  'iam:CreateServiceLinkedRole': {
    for: BOTH,
    why: 'a grant can only name a role that is there; KMS has one for multi-Region keys',
  },
  'iam:DeleteRolePolicy': { for: ['account'], why: 'rights on keys that a launcher needs no more' },
  'iam:GetPolicy': { for: ['account'], why: "the launchers' managed policies, for the proof", reads: true },
  'iam:GetPolicyVersion': { for: ['account'], why: "the launchers' managed policies, for the proof", reads: true },
  'iam:GetRole': { for: ['account'], why: 'whether a launcher is there, and its boundary', reads: true },
  'iam:GetRolePolicy': { for: ['account'], why: "the launchers' inline policies, for the proof", reads: true },
  'iam:ListAttachedRolePolicies': {
    for: ['account'],
    why: "the launchers' managed policies, for the proof",
    reads: true,
  },
  'iam:ListRolePolicies': { for: ['account'], why: "the launchers' inline policies, for the proof", reads: true },
  'iam:PassRole': { for: ['canary'], why: 'a group names its service-linked role', implied: true },
  'iam:PutRolePolicy': { for: ['account'], why: "the launchers' rights on the keys" },
  'kms:CreateAlias': { for: BOTH, why: "the alias of the dedicated key, and of the accounts' keys" },
  'kms:CreateGrant': {
    for: BOTH,
    why: 'service-linked roles use a key by a grant from their own account; copies use grants of EC2',
  },
  'kms:CreateKey': { for: BOTH, why: "the dedicated key and its replicas; the accounts' keys for private copies" },
  'kms:Decrypt': { for: BOTH, why: 'EC2 reads the source of a copy', implied: true },
  'kms:DisableKey': { for: BOTH, why: 'a key that leaked, once nothing needs it' },
  'kms:EnableKey': { for: BOTH, why: 'a key that was disabled, on the way back' },
  'kms:ListKeyRotations': {
    for: ['builder'],
    why: 'which snapshots are under which key material',
    reads: true,
    where: { builder: 'key' },
  },
  'kms:RotateKeyOnDemand': { for: ['builder'], why: 'new key material now, where somebody asks' },
  'kms:ScheduleKeyDeletion': { for: BOTH, why: 'a key that leaked, where somebody consents' },
  'kms:UntagResource': { for: BOTH, why: 'the marks of a rotation that is taken back' },
  'kms:DescribeKey': { for: BOTH, why: 'state and Region of the keys', reads: true },
  'kms:EnableKeyRotation': { for: ['builder'], why: 'automatic rotation of the dedicated key' },
  'kms:GenerateDataKeyWithoutPlaintext': { for: BOTH, why: 'EC2 writes the copy', implied: true },
  'kms:GetKeyPolicy': { for: BOTH, why: 'who may use a key, for the proof', reads: true, where: { builder: 'key' } },
  'kms:GetKeyRotationStatus': {
    for: ['builder'],
    why: 'whether the key rotates',
    reads: true,
    where: { builder: 'key' },
  },
  'kms:ListAliases': { for: BOTH, why: 'which key an alias names', reads: true },
  'kms:ListGrants': { for: BOTH, why: 'which grants are there, for the proof', reads: true },
  'kms:ListKeys': { for: BOTH, why: 'a key that a broken run made and could not name yet', reads: true },
  'kms:ListResourceTags': { for: BOTH, why: 'which keys amiport made', reads: true },
  'kms:PutKeyPolicy': { for: ['builder'], why: 'the policy of the dedicated key, in every Region' },
  'kms:ReEncryptFrom': { for: BOTH, why: 'EC2 re-encrypts the copy', implied: true },
  'kms:ReEncryptTo': { for: BOTH, why: 'EC2 re-encrypts the copy', implied: true },
  'kms:ReplicateKey': { for: ['builder'], why: 'a replica in every Region' },
  'kms:RevokeGrant': { for: ['builder'], why: 'grants of a former way, once nothing needs them' },
  'kms:TagResource': { for: BOTH, why: 'tags at the making of a key; the marks of its rotation' },
  'kms:UpdateAlias': { for: BOTH, why: 'an alias that names another key' },
  'organizations:DescribeOrganization': {
    for: ['builder'],
    why: 'whether SCPs and RCPs can stand against a launch',
    reads: true,
    where: { builder: 'guardrails' },
  },
  'organizations:DescribePolicy': {
    for: ['builder'],
    why: 'the text of SCPs and RCPs',
    reads: true,
    where: { builder: 'guardrails' },
  },
  'organizations:ListAccountsForParent': {
    for: ['builder'],
    why: 'the accounts of an organizational unit',
    reads: true,
    where: { builder: 'organizational units' },
  },
  'organizations:ListOrganizationalUnitsForParent': {
    for: ['builder'],
    why: 'the units below an organizational unit',
    reads: true,
    where: { builder: 'organizational units' },
  },
  'organizations:ListParents': {
    for: ['builder'],
    why: 'which SCPs and RCPs count for an account',
    reads: true,
    where: { builder: 'guardrails' },
  },
  'organizations:ListPoliciesForTarget': {
    for: ['builder'],
    why: 'which SCPs and RCPs count for an account',
    reads: true,
    where: { builder: 'guardrails' },
  },
  'sns:Publish': { for: ['builder'], why: 'the topic that is told what came of a delivery' },
  'ssm:AddTagsToResource': { for: BOTH, why: 'the tags of parameters' },
  'ssm:DescribeParameters': { for: ['account'], why: 'published parameters that nothing needs any more', reads: true },
  'ssm:DeleteParameters': { for: ['builder'], why: 'leases of runs that are over' },
  'ssm:GetParameter': { for: BOTH, why: 'sources given by parameter; what published ones name', reads: true },
  'ssm:GetParameters': {
    for: ['account'],
    why: 'whether published parameters name the image yet',
    reads: true,
    looks: [],
  },
  'ssm:GetParametersByPath': {
    for: ['builder'],
    why: 'whether somebody else carries the delivery out',
    reads: true,
    looks: [],
  },
  'ssm:PutParameter': {
    for: BOTH,
    why: 'parameters that name the newest version; the lease of a run, and permissions that AWS would forget',
  },
  'sts:AssumeRole': {
    for: ['start', 'canary'],
    why: "amiport's role in each account; a launcher's role, for its canary",
  },
  'sts:GetCallerIdentity': { for: [], why: 'AWS asks for no permission', reads: true },
};
