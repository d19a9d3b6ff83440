/**
 * What is wanted: the validated config, with every default filled in. Plain readonly data.
 *
 * Texts marked as templates may hold `{account}`, `{region}`, `{image}` or `{version}` where the comment says so.
 */
import { unreachable } from '../base/invariant.ts';
import type { Place } from '../base/place.ts';

export interface Delivery {
  readonly name: string;
  /** Of the builder's Region and so of everything: `aws`, `aws-us-gov`, `aws-cn`. */
  readonly partition: string;
  /** Where Packer builds, and who owns and shares the images. */
  readonly builder: Place;
  readonly access: Access;
  readonly manage: Manage;
  /** Every Region that gets images, in the order of the config. */
  readonly regions: readonly string[];
  readonly accounts: readonly TargetAccount[];
  /** Resolved to accounts when observing; an account named in `accounts` too is as `accounts` says. */
  readonly organizationalUnits: readonly TargetOrganizationalUnit[];
  /** Everybody below those units, wanted or not; empty until they are resolved. */
  readonly unitMembers: readonly UnitMember[];
  /** The dedicated read key; present wherever an image needs one. */
  readonly key: DeliveryKey | undefined;
  readonly images: readonly Image[];
  readonly policy: Policy;
  readonly organization: OrganizationAccess;
  readonly canary: Canary;
  readonly notify?: Notify;
}

export type NotifyEvent = 'delivered' | 'failed' | 'drift';

export interface Notify {
  readonly url?: string;
  /** The variable of the environment that holds the secret. */
  readonly secretEnv: string;
  /** ARN of an SNS topic. */
  readonly topic?: string;
  /** ARN of an EventBridge event bus. */
  readonly bus?: string;
  readonly on: readonly NotifyEvent[];
}

export interface OrganizationAccess {
  /** From where AWS Organizations is read: its management account or a delegated administrator. */
  readonly account: string;
  /** `ignore`: proofs are made without SCPs and RCPs, and say so. */
  readonly guardrails: 'read' | 'ignore';
  /** `auto`: by account while all of them fit into what AWS takes, else by unit where a unit holds nobody else. */
  readonly shareBy: 'auto' | 'accounts' | 'units';
}

export interface Access {
  /** Template with `{account}`; undefined: the caller's own credentials, but for the accounts in `roles`. */
  readonly role: string | undefined;
  /** By account id: the role ARN that stands in place of the template. */
  readonly roles: Readonly<Record<string, string>>;
  readonly externalId: string | undefined;
}

/** `amiport`: a plan changes it; `export`: a plan prints it for its owner and waits for the proof. */
export type ManageMode = 'amiport' | 'export';

export interface Manage {
  readonly keyPolicy: ManageMode;
  readonly rolePolicy: ManageMode;
  readonly grants: ManageMode;
  readonly launchTemplates: ManageMode;
}

export interface TargetAccount {
  readonly id: string;
  readonly name: string | undefined;
  /** A subset of the delivery's Regions, never empty. */
  readonly regions: readonly string[];
  /** Never empty. */
  readonly launchers: readonly Launcher[];
}

export interface TargetOrganizationalUnit {
  /** `ou-ab12-11112222`, or a root `r-ab12`. */
  readonly id: string;
  /** Accounts and units below it that get nothing. */
  readonly exclude: readonly string[];
  readonly regions: readonly string[];
  readonly launchers: readonly Launcher[];
}

export interface UnitMember {
  readonly id: string;
  /** From an asked unit down to the account's parent. */
  readonly units: readonly string[];
  /** False: suspended, or closing. */
  readonly active: boolean;
}

/** Who launches in a place. Role paths begin and end with `/`. */
export type Launcher =
  | { readonly kind: 'role'; readonly name: string; readonly path: string }
  | { readonly kind: 'autoscaling'; readonly suffix: string | undefined }
  | { readonly kind: 'spot' }
  | { readonly kind: 'spotfleet' }
  | { readonly kind: 'ec2fleet' }
  /** Managed node groups of EKS, which launch through Auto Scaling. */
  | { readonly kind: 'eks' }
  | { readonly kind: 'karpenter'; readonly name: string; readonly path: string };

/** A KMS key by alias (`alias/…`, looked up in the Region it is used in) or by full ARN. Both may be templates. */
export type KeyReference =
  | { readonly by: 'alias'; readonly alias: string }
  | { readonly by: 'arn'; readonly arn: string };

export interface DeliveryKey {
  readonly reference: KeyReference;
  readonly multiRegion: boolean;
  /** undefined: amiport leaves rotation as it is. */
  readonly rotation: { readonly everyDays: number } | undefined;
}

export type Way = 'shared-unencrypted' | 'shared-encrypted' | 'account-copies';

/** The key of launched root volumes: the place's default EBS key, the image's read key, or a key by name (template: account, region). */
export type VolumeKey = { readonly by: 'account' } | { readonly by: 'image' } | KeyReference;

export interface Image {
  readonly name: string;
  readonly source: ImageSource;
  readonly way: Way;
  readonly volumeKey: VolumeKey;
  /** For account-copies: the key of each account's copies (template: account, region); otherwise undefined. */
  readonly accountKey: KeyReference | undefined;
  readonly publish: Publish;
  readonly keep: Keep;
}

export type ImageSource =
  | { readonly from: 'packer'; readonly template: string; readonly vars: Readonly<Record<string, string>> }
  | { readonly from: 'manifest'; readonly path: string }
  | { readonly from: 'ami'; readonly imageId: string }
  | { readonly from: 'ssm'; readonly parameter: string };

export interface Publish {
  /** Parameter name, a template: image, account, region, version. */
  readonly ssm: string | undefined;
  /** Names of launch templates in the user accounts. */
  readonly launchTemplates: readonly string[];
  /** False: the new version of a template is only its latest one; its owner makes it the default. */
  readonly setDefault: boolean;
  /** undefined: running instances stay as they are. */
  readonly instanceRefresh: { readonly minHealthyPercentage: number } | undefined;
  /** No pointer of a place moves before a canary has launched the image there. */
  readonly canary: boolean;
}

export interface Keep {
  readonly versions: number;
  readonly deprecateAfterDays: number | undefined;
  /** Days between disabling a version and deregistering it. */
  readonly graceDays: number;
}

export type Severity = 'low' | 'medium' | 'high' | 'critical';

/** When an audit must be clean: before unencrypted images are shared, before any is, or never. */
export type AllowShared = 'unencrypted-only-if-clean' | 'only-if-clean' | 'always';

export interface Policy {
  readonly secrets: SecretsPolicy | undefined;
}

export interface SecretsPolicy {
  /** These and all graver ones. Never empty. */
  readonly block: readonly Severity[];
  readonly allowShared: AllowShared;
  readonly allow: readonly SecretsException[];
  readonly rules: readonly SecretsRule[];
}

/** A finding (by rule, path) or a gap of the coverage (by code) that is accepted for a time. What is undefined fits everything. */
export interface SecretsException {
  readonly rule?: string | undefined;
  readonly gap?: string | undefined;
  /** With `*` and `**`. */
  readonly path?: string | undefined;
  readonly image?: string | undefined;
  readonly reason: string;
  /** `2027-03-31`: the last day on which it counts, UTC. */
  readonly expires: string;
}

export interface SecretsRule {
  readonly id: string;
  readonly severity: Severity;
  readonly keywords: readonly string[];
  readonly pattern: string;
  readonly ignoreCase: boolean;
  readonly why: string;
  readonly remedy: string;
}

export type Architecture = 'x86_64' | 'arm64';

export interface Canary {
  readonly instanceType: Readonly<Record<Architecture, string>>;
  /** undefined: the default subnet of the place. */
  readonly subnetTag: Readonly<Record<string, string>> | undefined;
  readonly maxCostUsd: number;
}

/** @returns the role to assume in `account`, or undefined: use the caller's own credentials */
export function roleArnFor(access: Access, account: string): string | undefined {
  return access.roles[account] ?? access.role?.replaceAll('{account}', account);
}

/** Fills `{account}`, `{region}`, `{image}`, `{version}`; a placeholder without a value stays as it is. */
export function fillTemplate(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

/** As reports and JSON write it: `role:NAME`, `autoscaling`, `autoscaling:SUFFIX`, `spot`, `eks`, `karpenter:ROLE`, … */
export function launcherText(launcher: Launcher): string {
  switch (launcher.kind) {
    case 'role':
    case 'karpenter':
      return `${launcher.kind}:${launcher.name}`;
    case 'autoscaling':
      return launcher.suffix === undefined ? 'autoscaling' : `autoscaling:${launcher.suffix}`;
    case 'spot':
    case 'spotfleet':
    case 'ec2fleet':
    case 'eks':
      return launcher.kind;
    default:
      return unreachable(launcher);
  }
}

/** The key of an account's own copies in a place, as the config names it; undefined for the other ways. */
export function accountKeyName(image: Image, account: string, region: string): string | undefined {
  return image.accountKey === undefined ? undefined : keyName(image.accountKey, account, region);
}

/**
 * The key that an image's volumes are to be under, as the config names it; undefined: the place's default key, or the
 * shared key of the image. A private copy keeps its own key when it is launched, so no default comes in.
 */
export function namedVolumeKey(image: Image, account: string, region: string): string | undefined {
  const key = image.volumeKey;
  if (key.by === 'account' || key.by === 'image') return accountKeyName(image, account, region);
  return keyName(key, account, region);
}

const keyName = (key: KeyReference, account: string, region: string): string =>
  fillTemplate(key.by === 'alias' ? key.alias : key.arn, { account, region });

export interface ServiceLinkedRole {
  /** As CreateServiceLinkedRole takes it. */
  readonly awsServiceName: string;
  readonly suffix: string | undefined;
  readonly roleName: string;
}

/** The service-linked role that launches, or undefined where the launcher is a role of the account itself. */
export function serviceLinkedRoleOf(launcher: Launcher): ServiceLinkedRole | undefined {
  return launcher.kind === 'role' || launcher.kind === 'karpenter' ? undefined : linkedRole(launcher);
}

/**
 * Source: EC2 User Guide "Service-linked role for Spot Instance requests", "… for EC2 Fleet", "… for Spot Fleet";
 * EC2 Auto Scaling User Guide "Service-linked roles" (a custom suffix is joined with `_`).
 */
function linkedRole(launcher: Exclude<Launcher, { readonly path: string }>): ServiceLinkedRole {
  switch (launcher.kind) {
    case 'autoscaling': {
      const { suffix } = launcher;
      const roleName = `AWSServiceRoleForAutoScaling${suffix === undefined ? '' : `_${suffix}`}`;
      return { awsServiceName: 'autoscaling.amazonaws.com', suffix, roleName };
    }
    // EKS User Guide "Launch template support", "Amazon EBS encryption": a node group is an Auto Scaling group of the default role.
    case 'eks':
      return linkedRole({ kind: 'autoscaling', suffix: undefined });
    case 'spot':
      return { awsServiceName: 'spot.amazonaws.com', suffix: undefined, roleName: 'AWSServiceRoleForEC2Spot' };
    case 'spotfleet':
      return {
        awsServiceName: 'spotfleet.amazonaws.com',
        suffix: undefined,
        roleName: 'AWSServiceRoleForEC2SpotFleet',
      };
    case 'ec2fleet':
      return { awsServiceName: 'ec2fleet.amazonaws.com', suffix: undefined, roleName: 'AWSServiceRoleForEC2Fleet' };
    default:
      return unreachable(launcher);
  }
}

/** The identity that KMS sees when this launcher launches in `account`. */
export function launcherPrincipalArn(launcher: Launcher, account: string, partition: string): string {
  const role = `arn:${partition}:iam::${account}:role`;
  if (launcher.kind === 'role' || launcher.kind === 'karpenter') return `${role}${launcher.path}${launcher.name}`;
  const linked = linkedRole(launcher);
  return `${role}/aws-service-role/${linked.awsServiceName}/${linked.roleName}`;
}
