/**
 * Sources: EC2 API Reference CreateKeyPair, ImportKeyPair, DeleteKeyPair, DescribeKeyPairs.
 * The private key is made by Node, answered once and kept nowhere. Differs from AWS: the fingerprint is random
 * (AWS: a digest of the private key), so that the world follows from its seed.
 */
import { createHash, generateKeyPairSync } from 'node:crypto';
import { existingTags, tagContext } from '../../launch/demands.ts';
import { describedTags } from '../../launch/describe-instance.ts';
import { type Fields, listed } from '../../launch/listing.ts';
import { tagsOf } from '../../launch/tag-specifications.ts';
import { type Call, type Demand, Fault, operation } from '../../operation.ts';
import type { Ec2 } from '../../wire/shapes.ts';
import type { Ec2Place, KeyPair, Tags } from '../../world/ec2.ts';
import { placeOf } from '../../world/make.ts';

const ec2Of = (call: Call<object>): Ec2Place => placeOf(call.world, call.place.account, call.place.region).ec2;

const arnOf = (call: Call<object>, name: string): string =>
  `arn:${call.world.partition}:ec2:${call.place.region}:${call.place.account}:key-pair/${name}`;

function newPair(call: Call<object>, asked: { name: string; type: string; fingerprint: string; tags: Tags }): KeyPair {
  const { name, tags } = asked;
  if (name === '') throw new Fault('MissingParameter', 'The request must contain the parameter KeyName');
  const { keyPairs } = ec2Of(call);
  for (const pair of keyPairs.values()) {
    if (pair.keyName === name) throw new Fault('InvalidKeyPair.Duplicate', `The keypair already exists`);
  }
  const keyPairId = call.newId('key');
  const { type: keyType, fingerprint } = asked;
  const pair = { keyPairId, keyName: name, keyType, fingerprint, createdMs: call.nowMs, tags };
  keyPairs.set(keyPairId, pair);
  return pair;
}

function demandsToMake(
  call: Call<{ KeyName: string | undefined; TagSpecifications?: Ec2.TagSpecification[] | undefined }>,
  action: string,
): Demand[] {
  const resource = arnOf(call, call.input.KeyName ?? '*');
  const tags = tagsOf(call.input.TagSpecifications, 'key-pair');
  const context = tagContext(tags);
  if (tags.size === 0) return [{ action: `ec2:${action}`, resource }];
  const tagging = { action: 'ec2:CreateTags', resource, context: { ...context, 'ec2:createaction': [action] } };
  return [{ action: `ec2:${action}`, resource, context }, tagging];
}

const pairs = (hex: string): string => (hex.match(/../g) ?? []).join(':');

function privateKey(type: string): string {
  if (type === 'ed25519')
    return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const { privateKey: key } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return key.export({ type: 'pkcs1', format: 'pem' }).toString();
}

export const createKeyPair = operation<Ec2.CreateKeyPairRequest, Ec2.KeyPair>('ec2.CreateKeyPair', {
  accepts: ['KeyName', 'KeyType', 'KeyFormat', 'TagSpecifications'],
  demands: (call) => demandsToMake(call, 'CreateKeyPair'),
  apply(call) {
    const { input } = call;
    const type = input.KeyType ?? 'rsa';
    if (input.KeyFormat === 'ppk') {
      throw new Fault('UnsupportedOperation', 'amiport sim does not model KeyFormat ppk of CreateKeyPair');
    }
    const tags = tagsOf(input.TagSpecifications, 'key-pair');
    const pair = newPair(call, { name: input.KeyName ?? '', type, fingerprint: pairs(call.newHex(40)), tags });
    return {
      KeyFingerprint: pair.fingerprint,
      KeyMaterial: privateKey(type),
      KeyName: pair.keyName,
      KeyPairId: pair.keyPairId,
      Tags: describedTags(tags),
    };
  },
});

export const importKeyPair = operation<Ec2.ImportKeyPairRequest, Ec2.ImportKeyPairResult>('ec2.ImportKeyPair', {
  accepts: ['KeyName', 'PublicKeyMaterial', 'TagSpecifications'],
  demands: (call) => demandsToMake(call, 'ImportKeyPair'),
  apply(call) {
    const { input } = call;
    const material = Buffer.from(input.PublicKeyMaterial ?? new Uint8Array())
      .toString('utf8')
      .trim();
    const type = /^ssh-(rsa|ed25519) /.exec(material)?.[1];
    if (!type) throw new Fault('InvalidKey.Format', 'Key is not in valid OpenSSH public key format');
    const body = Buffer.from(material.split(/\s+/)[1] ?? '', 'base64');
    const fingerprint = pairs(createHash('md5').update(body).digest('hex'));
    const tags = tagsOf(input.TagSpecifications, 'key-pair');
    const pair = newPair(call, { name: input.KeyName ?? '', type, fingerprint, tags });
    return { KeyFingerprint: fingerprint, KeyName: pair.keyName, KeyPairId: pair.keyPairId, Tags: describedTags(tags) };
  },
});

function find(ec2: Ec2Place, by: Ec2.DeleteKeyPairRequest): KeyPair | undefined {
  if (by.KeyPairId) return ec2.keyPairs.get(by.KeyPairId);
  return [...ec2.keyPairs.values()].find((pair) => pair.keyName === by.KeyName);
}

/** Deleting what is not there succeeds. */
export const deleteKeyPair = operation<Ec2.DeleteKeyPairRequest, Ec2.DeleteKeyPairResult>('ec2.DeleteKeyPair', {
  accepts: ['KeyName', 'KeyPairId'],
  demands: (call) => {
    const pair = find(ec2Of(call), call.input);
    const resource = arnOf(call, pair?.keyName ?? call.input.KeyName ?? '*');
    return [{ action: 'ec2:DeleteKeyPair', resource, context: existingTags(pair?.tags) }];
  },
  apply(call) {
    const ec2 = ec2Of(call);
    const pair = find(ec2, call.input);
    if (pair) ec2.keyPairs.delete(pair.keyPairId);
    return { Return: true, KeyPairId: pair?.keyPairId };
  },
});

const FIELDS: Fields<KeyPair> = {
  fingerprint: (p) => p.fingerprint,
  'key-name': (p) => p.keyName,
  'key-pair-id': (p) => p.keyPairId,
  tag: (p) => p.tags,
};

export const describeKeyPairs = operation<Ec2.DescribeKeyPairsRequest, Ec2.DescribeKeyPairsResult>(
  'ec2.DescribeKeyPairs',
  {
    accepts: ['KeyNames', 'KeyPairIds', 'Filters'],
    demands: () => [{ action: 'ec2:DescribeKeyPairs', resource: '*' }],
    apply(call) {
      const { input } = call;
      const ec2 = ec2Of(call);
      const wanted = [
        ...(input.KeyNames ?? []).map((name) => ({ name, pair: find(ec2, { KeyName: name }) })),
        ...(input.KeyPairIds ?? []).map((name) => ({ name, pair: find(ec2, { KeyPairId: name }) })),
      ];
      const missing = wanted.find((one) => !one.pair);
      if (missing) throw new Fault('InvalidKeyPair.NotFound', `The key pair '${missing.name}' does not exist`);
      const all = wanted.length > 0 ? wanted.flatMap((one) => one.pair ?? []) : [...ec2.keyPairs.values()];
      const shown = listed(all, FIELDS, { Filters: input.Filters }).items.map(
        (p): Ec2.KeyPairInfo => ({
          CreateTime: new Date(p.createdMs),
          KeyFingerprint: p.fingerprint,
          KeyName: p.keyName,
          KeyPairId: p.keyPairId,
          KeyType: p.keyType as Ec2.KeyType,
          Tags: describedTags(p.tags),
        }),
      );
      return { KeyPairs: shown };
    },
  },
);
