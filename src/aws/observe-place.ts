/** Reads what decides launches in one user account and Region. */
import { absent, type Finding, known, unreadable } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import { accountKeyName, type Delivery, fillTemplate, namedVolumeKey } from '../model/delivery.ts';
import { isLeaked, markLeaked, REPLACES_TAG } from '../model/leaked.ts';
import type { AllowedImagesSeen, KeySeen, LaunchTemplateSeen, ParameterSeen, PlaceSeen } from '../model/observed.ts';
import { refusedWith } from './call.ts';
import type { Connection } from './connection.ts';
import { readGroups } from './observe-groups.ts';
import { observeImages } from './observe-images.ts';
import { foundAs, type KeyFound, type KeyReads, readKey, successorOf } from './observe-key.ts';
import { tagsOf } from './shapes.ts';

/** @param versions by image name: the newest version, which names of parameters may hold */
export async function observePlace(
  c: Connection,
  want: Delivery,
  account: string,
  region: string,
  versions: ReadonlyMap<string, string>,
): Promise<PlaceSeen> {
  const at = { account, region };
  const held: KeyReads = { policies: new Map(), grants: new Map() };
  const parameterNames = new Set(
    want.images.flatMap((i) => {
      const version = versions.get(i.name);
      const values = { ...at, image: i.name, ...(version === undefined ? {} : { version }) };
      return i.publish.ssm === undefined ? [] : [fillTemplate(i.publish.ssm, values)];
    }),
  );
  const templateNames = new Set(want.images.flatMap((i) => i.publish.launchTemplates));
  const [encryptionByDefault, defaultKey, keys, allowedImages, own, parameters, launchTemplates, groups] =
    await Promise.all([
      want.images.some((i) => i.way === 'shared-unencrypted') ? readEncryptionByDefault(c, at) : absent,
      readDefaultKey(c, at, held),
      readNamedKeys(c, at, want, held),
      readAllowedImages(c, at),
      observeImages(c, at, want.name),
      Promise.all([...parameterNames].map(async (name) => [name, await readParameter(c, at, name)] as const)),
      Promise.all([...templateNames].map(async (name) => [name, await readTemplate(c, at, name)] as const)),
      want.images.some((i) => i.publish.instanceRefresh !== undefined) ? readGroups(c, at) : undefined,
    ]);
  return {
    account,
    region,
    encryptionByDefault,
    defaultKey,
    ...keys,
    allowedImages,
    ...withLeaked(own, keys),
    parameters: new Map(parameters),
    launchTemplates: new Map(launchTemplates),
    ...(groups === undefined ? {} : { groups }),
  };
}

/** Of a place that was seen before, the keys: what a run makes there, names and grants on. */
export async function observeKeysAgain(c: Connection, want: Delivery, before: PlaceSeen): Promise<PlaceSeen> {
  const { account, region, defaultKey } = before;
  const at = { account, region };
  const own = defaultKey.is === 'known' && defaultKey.value.manager === 'CUSTOMER';
  const held: KeyReads = { policies: new Map(), grants: new Map() };
  const [keys, key] = await Promise.all([
    readNamedKeys(c, at, want, held),
    own ? readKey(c, at, defaultKey.value.arn, 'use', held) : defaultKey,
  ]);
  return { ...before, defaultKey: key, ...keys };
}

async function readNamedKeys(c: Connection, at: Place, want: Delivery, held: KeyReads): Promise<Keys> {
  const { account, region } = at;
  const ofCopies = new Set(want.images.flatMap((i) => accountKeyName(i, account, region) ?? []));
  const ofVolumes = new Set(want.images.flatMap((i) => namedVolumeKey(i, account, region) ?? []));
  const ids = [...new Set([...ofCopies, ...ofVolumes])];
  const found = await Promise.all(
    ids.map(async (id) => [id, await readNamedKey(c, at, want, id, ofCopies.has(id), held)] as const),
  );
  const leaked = found.filter(([, f]) => f.leaked.length > 0);
  return {
    volumeKeys: new Map(found.map(([id, f]) => [id, f.key])),
    ...(leaked.length === 0 ? {} : { leakedKeys: new Map(leaked.map(([id, f]) => [id, f.leaked])) }),
  };
}

type Keys = Pick<PlaceSeen, 'volumeKeys' | 'leakedKeys'>;

const withLeaked = <T extends Pick<PlaceSeen, 'images' | 'snapshots'>>(seen: T, { leakedKeys }: Keys): T => {
  const arns = new Set([...(leakedKeys?.values() ?? [])].flat().map((k) => k.arn));
  return { ...seen, images: markLeaked(seen.images, seen.snapshots, arns) };
};

/** A key that a broken run made for an account's copies may have no alias yet, but it carries the tags. */
async function readNamedKey(
  c: Connection,
  at: Place,
  want: Delivery,
  id: string,
  ofAccount: boolean,
  held: KeyReads,
): Promise<KeyFound> {
  const isAlias = id.startsWith('alias/');
  const there = await readKey(c, at, id, ofAccount && isAlias ? 'named' : 'use', held);
  // Found by its alias, so that is one of its names.
  const named = there.is === 'known' ? known({ ...there.value, aliases: isAlias ? [id] : [] }) : there;
  if (!ofAccount || !isAlias) return { key: named, leaked: [] };
  const found = foundAs(named);
  const key = found.key.is === 'absent' ? await successorOf(c, at, want.name, id, found.leaked) : found.key;
  const replaced = key.is === 'known' ? key.value.tags[REPLACES_TAG] : undefined;
  if (replaced === undefined || found.leaked.length > 0) return { ...found, key };
  const former = await readKey(c, at, replaced, 'listed');
  return { key, leaked: former.is === 'known' && isLeaked(former.value) ? [former.value] : [] };
}

export async function readEncryptionByDefault(c: Connection, at: Place): Promise<Finding<boolean>> {
  const { GetEbsEncryptionByDefaultCommand } = await import('@aws-sdk/client-ec2');
  const answer = await c.send('ec2', at, 'ec2:GetEbsEncryptionByDefault', (ec2) =>
    ec2.send(new GetEbsEncryptionByDefaultCommand({})),
  );
  return answer.ok ? known(answer.value.EbsEncryptionByDefault ?? false) : unreadable(answer.reason);
}

/** The API answers with a key ARN, or with `alias/aws/ebs` before that key was made. */
async function readDefaultKeyArn(c: Connection, at: Place): Promise<Finding<string>> {
  const { GetEbsDefaultKmsKeyIdCommand } = await import('@aws-sdk/client-ec2');
  const answer = await c.send('ec2', at, 'ec2:GetEbsDefaultKmsKeyId', (ec2) =>
    ec2.send(new GetEbsDefaultKmsKeyIdCommand({})),
  );
  return answer.ok ? known(answer.value.KmsKeyId ?? 'alias/aws/ebs') : unreadable(answer.reason);
}

async function readDefaultKey(c: Connection, at: Place, held: KeyReads): Promise<Finding<KeySeen>> {
  const arn = await readDefaultKeyArn(c, at);
  return arn.is === 'known' ? readKey(c, at, arn.value, 'use', held) : arn;
}

async function readAllowedImages(c: Connection, at: Place): Promise<Finding<AllowedImagesSeen>> {
  const { GetAllowedImagesSettingsCommand } = await import('@aws-sdk/client-ec2');
  const answer = await c.send('ec2', at, 'ec2:GetAllowedImagesSettings', (ec2) =>
    ec2.send(new GetAllowedImagesSettingsCommand({})),
  );
  if (!answer.ok) return unreadable(answer.reason);
  const state = answer.value.State;
  return known({
    state: state === 'enabled' || state === 'audit-mode' ? state : 'disabled',
    criteria: (answer.value.ImageCriteria ?? []).map((criterion) => ({
      ...(criterion.ImageProviders === undefined ? {} : { providers: criterion.ImageProviders }),
      ...(criterion.ImageNames === undefined ? {} : { names: criterion.ImageNames }),
    })),
  });
}

async function readParameter(c: Connection, at: Place, name: string): Promise<Finding<ParameterSeen>> {
  const { GetParameterCommand } = await import('@aws-sdk/client-ssm');
  const answer = await c.send('ssm', at, 'ssm:GetParameter', (ssm) =>
    ssm.send(new GetParameterCommand({ Name: name })),
  );
  if (!answer.ok) return refusedWith(answer, 'ParameterNotFound') ? absent : unreadable(answer.reason);
  const p = answer.value.Parameter;
  return known({ value: p?.Value ?? '', version: p?.Version ?? 0, dataType: p?.DataType ?? 'text' });
}

async function readTemplate(c: Connection, at: Place, name: string): Promise<Finding<LaunchTemplateSeen>> {
  const { DescribeLaunchTemplatesCommand, DescribeLaunchTemplateVersionsCommand } = await import('@aws-sdk/client-ec2');
  const templates = await c.send('ec2', at, 'ec2:DescribeLaunchTemplates', (ec2) =>
    ec2.send(new DescribeLaunchTemplatesCommand({ Filters: [{ Name: 'launch-template-name', Values: [name] }] })),
  );
  if (!templates.ok) return unreadable(templates.reason);
  const [template] = templates.value.LaunchTemplates ?? [];
  if (template === undefined) return absent;
  const versions = await c.send('ec2', at, 'ec2:DescribeLaunchTemplateVersions', (ec2) =>
    ec2.send(
      new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateName: name, Versions: ['$Default', '$Latest'] }),
    ),
  );
  if (!versions.ok) return unreadable(versions.reason);
  const all = versions.value.LaunchTemplateVersions ?? [];
  const data = all.find((v) => v.DefaultVersion)?.LaunchTemplateData;
  const latest = all.find((v) => v.VersionNumber === template.LatestVersionNumber)?.LaunchTemplateData;
  return known({
    id: template.LaunchTemplateId ?? '',
    name,
    defaultVersion: template.DefaultVersionNumber ?? 0,
    latestVersion: template.LatestVersionNumber ?? 0,
    imageId: data?.ImageId,
    latestImageId: latest?.ImageId,
    mappings: (data?.BlockDeviceMappings ?? []).map((m) => ({
      deviceName: m.DeviceName ?? '',
      encrypted: m.Ebs?.Encrypted,
      kmsKeyId: m.Ebs?.KmsKeyId,
    })),
    tags: tagsOf(template.Tags),
  });
}
