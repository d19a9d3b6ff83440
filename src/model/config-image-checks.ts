/** What follows from several values of the config together: images, their keys and where they are published. */
import { parseArn } from '../base/arn.ts';
import type { Config, Report } from './config-checks.ts';
import type { Path } from './config-text.ts';
import { fillTemplate } from './delivery.ts';
import { regionNamed } from './regions.ts';

type Image = NonNullable<NonNullable<Config['images']>[string]>;

export function checkKey(config: Config, report: Report): void {
  const key = config.key;
  const text = key && 'arn' in key ? key.arn : undefined;
  const arn = parseArn(text ?? '');
  if (!key || !arn) return;
  const path = ['key', 'arn'];
  checkKeyArn(config, text ?? '', path, report);
  const builder = config.builder?.account;
  if (builder && arn.account !== builder && !arn.account.includes('{'))
    report(
      path,
      `the key is in account ${arn.account}, not in the builder ${builder}`,
      'the read key belongs to the builder',
    );
  const isMultiRegion = arn.resource.startsWith('key/mrk-');
  if (!isMultiRegion && key.multiRegion !== false && (config.regions?.length ?? 0) > 1)
    report(
      path,
      'the key is a single-Region key, which can have no replicas',
      'name a multi-Region key (mrk-…), or write multiRegion: false and an alias',
    );
}

/** A key serves only the partition and Region that its ARN names. */
function checkKeyArn(config: Config, text: string, path: Path, report: Report): void {
  const arn = parseArn(text);
  const builder = config.builder?.region;
  const partition = regionNamed(builder ?? '')?.partition;
  if (!arn || arn.region === '{region}') return;
  const region = regionNamed(arn.region);
  if (!region) report(path, `there is no Region "${arn.region}"`);
  else if (arn.partition !== region.partition)
    report(path, `${arn.region} is not in the partition ${arn.partition}`, `write arn:${region.partition}:…`);
  else if (partition && arn.partition !== partition)
    report(path, `the key is in the partition ${arn.partition}, the builder in ${partition}`);
  else if (
    config.regions &&
    !config.regions.includes(undefined) &&
    arn.region !== builder &&
    !config.regions.includes(arn.region)
  )
    report(
      path,
      `the key is in ${arn.region}, where nothing is built or delivered`,
      `name a key in one of ${config.regions.join(', ')}`,
    );
}

/** @param keyIsGiven whether the config names a key at all, be it a wrong one */
export function checkImages(
  config: Config,
  report: Report,
  fileExists: (path: string) => boolean,
  keyIsGiven: boolean,
): void {
  const published = new Map<string, string>();
  for (const [name, image] of Object.entries(config.images ?? {})) {
    if (!image) continue;
    const path = ['images', name];
    checkSource(image, path, report, fileExists);
    checkKeys(config, image, path, report, keyIsGiven);
    const ssm = image.publish?.ssm;
    if (ssm === undefined || !checkParameter(ssm, [...path, 'publish', 'ssm'], report)) continue;
    const expanded = fillTemplate(ssm, { image: name });
    const other = published.get(expanded);
    if (other)
      report(
        [...path, 'publish', 'ssm'],
        `the image ${other} is published as ${expanded}, too`,
        'write {image} for the name of the image',
      );
    published.set(expanded, name);
  }
}

function checkSource(image: Image, path: Path, report: Report, fileExists: (path: string) => boolean): void {
  const source = image.source;
  if (!source) return;
  if ('packer' in source && source.packer !== undefined && !fileExists(source.packer))
    report(
      [...path, 'source', 'packer'],
      `the Packer template ${source.packer} does not exist`,
      'paths begin at the config file',
    );
  if ('manifest' in source && source.manifest !== undefined && !fileExists(source.manifest))
    report(
      [...path, 'source', 'manifest'],
      `the manifest ${source.manifest} does not exist`,
      'Packer writes it with post-processor "manifest"',
    );
}

function checkKeys(config: Config, image: Image, path: Path, report: Report, keyIsGiven: boolean): void {
  const { way, accountKey, volumeKey } = image;
  if (way === 'shared-encrypted' && !keyIsGiven)
    report(
      [...path, 'way'],
      'shared-encrypted needs a dedicated key, and the config has no "key"',
      'add key: { alias: amiport-images }',
    );
  if (way === 'account-copies' && !('accountKey' in image))
    report(
      [...path, 'way'],
      'account-copies needs "accountKey", the key of each account\'s copies',
      'add accountKey: alias/ebs-{account}',
    );
  if (way !== undefined && way !== 'account-copies' && accountKey !== undefined)
    report(
      [...path, 'accountKey'],
      `accountKey is for account-copies; this image is ${way}`,
      'remove it, or did you mean volumeKey?',
      'key',
    );
  if (way === 'shared-unencrypted' && volumeKey === 'image')
    report(
      [...path, 'volumeKey'],
      'the image is unencrypted: it has no key for volumes',
      'write account, or a key of your own',
    );
  const regions = config.regions?.length ?? 0;
  for (const [name, text] of Object.entries({ accountKey, volumeKey })) {
    const arn = parseArn(text ?? '');
    const at = [...path, name];
    const unknown = text?.match(/\{[^}]*\}?/g)?.find((found) => found !== '{account}' && found !== '{region}');
    if (unknown) report(at, `${name} may hold {account} and {region}, not ${unknown}`);
    if (!arn) continue;
    checkKeyArn(config, text ?? '', at, report);
    if (arn.region !== '{region}' && regions > 1)
      report(
        at,
        `a key in ${arn.region} cannot encrypt in the other Regions`,
        'write an alias, or {region} in the ARN of a multi-Region key',
      );
  }
}

const PLACEHOLDERS = ['image', 'account', 'region', 'version'];

/** Source: Systems Manager API Reference "PutParameter", parameter Name: at most 15 levels, `aws` and `ssm` are reserved. */
function checkParameter(ssm: string, path: Path, report: Report): boolean {
  const unknown = [...ssm.matchAll(/\{([^}]*)\}?/g)].find(([, name]) => !PLACEHOLDERS.includes(name ?? ''));
  const plain = ssm.replace(/\{\w+\}/g, 'x');
  const wrong = unknown
    ? [`there is no placeholder ${unknown[0]}`, 'there are {image}, {account}, {region}, {version}']
    : !/^[A-Za-z0-9_./-]+$/.test(plain)
      ? [`"${ssm}" is not the name of an SSM parameter`, 'letters, digits and / _ . - are allowed']
      : /^\/?(aws|ssm)/i.test(plain)
        ? [`"${ssm}" begins with a name that SSM keeps to itself`, 'begin with something else than aws or ssm']
        : plain.includes('/') && !plain.startsWith('/')
          ? [`"${ssm}" has levels, but does not begin with /`, `write /${ssm}`]
          : plain.split('/').length > 16
            ? [`"${ssm}" has more than 15 levels`, undefined]
            : undefined;
  if (wrong?.[0]) report(path, wrong[0], wrong[1]);
  return wrong === undefined;
}

/** arm64 families carry a `g` behind the generation (m7g, im4gn), but for a1. Source: EC2 Instance Types Guide "Naming conventions". */
const isArm = (type: string): boolean => /^(a1\.|[a-z]+\d+[a-z]*g[a-z]*\.)/.test(type) && !/^mac/.test(type);

export function checkCanary(config: Config, report: Report): void {
  const types = config.canary?.instanceType;
  for (const [architecture, type] of [
    ['x86_64', types?.x86_64],
    ['arm64', types?.arm64],
  ] as const) {
    if (type !== undefined && isArm(type) !== (architecture === 'arm64'))
      report(
        ['canary', 'instanceType', architecture],
        `${type} is not an instance type of ${architecture}`,
        architecture === 'arm64' ? 'write one such as t4g.micro' : 'write one such as t3.micro',
      );
  }
}
