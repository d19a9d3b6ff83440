/** What a look at a delivery costs in API calls: none of them twice, and few more than the least that could do. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSession, verify } from '../../src/app/api.ts';
import { inProcessHandler } from '../../src/sim/in-process.ts';
import { applied, BUILDER, bakedImage, configOf, HOME, must, silent, testStage } from './stage.ts';

const MORE_THAN_LEAST_MAX = 1.5;

/** The signer, the operation and its input: what makes two calls the same. */
function callOf(request: { headers: Record<string, string>; path: string; method: string; body?: unknown }): string {
  const scope = /Credential=([^,]+)/.exec(request.headers.authorization ?? '')?.[1] ?? '';
  const [key, , region, service] = scope.split('/');
  const target = request.headers['x-amz-target'] ?? `${request.method} ${request.path}`;
  return [key, region, service, target, String(request.body ?? '')].join(' ');
}

/**
 * The least: what AWS tells only in a call of its own, asked once. A session in each account, and who that is in those of
 * others; for a role itself, the names of its inline policies and of its attached ones, each inline text, and two calls for
 * each managed policy. Per place the default key, that key and its policy (grants, too, of a customer
 * key), Allowed AMIs, own images, and all parameters in one call. Per Region of the builder all of the
 * key, all images and all snapshots; the permissions of each copy. All sources in one call. Of the organization itself, the
 * parent of each account, each kind of policy of each node, and each text.
 */
interface Fleet {
  readonly others: number;
  readonly roles: number;
  readonly inline: number;
  readonly managed: number;
  readonly places: number;
  readonly customerKeys: number;
  readonly regions: number;
  readonly copies: number;
}

function least(n: Fleet): number {
  const accounts = 1 + 2 * n.others + 3 * n.roles + n.inline + 2 * n.managed;
  const places = 6 * n.places + n.customerKeys + 8 * n.regions + n.copies + 1;
  // One root above the accounts, and the two texts that AWS attaches everywhere.
  const organization = 1 + (1 + n.others) + 2 * (2 + n.others) + 2;
  return accounts + places + organization;
}

test('no call is made twice, and no more than half as many again as the least', async () => {
  const stage = await testStage();
  const images = {
    kubernetes: await bakedImage(stage, stage.builder, 'first'),
    vod: await bakedImage(stage, stage.builder, 'second'),
  };
  const config = configOf(images).replaceAll(
    '[{ role: Launcher }, autoscaling]',
    '[{ role: Launcher }, { role: ByHand }, autoscaling]',
  );
  const done = await applied(await stage.open(config));
  expect(done.result.failed).toEqual([]);
  const Statement = [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }];
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  const made = await must(
    stage.first.send<{ Policy: { Arn: string } }>('iam', HOME, 'CreatePolicy', {
      PolicyName: 'shared',
      PolicyDocument,
    }),
  );
  for (const RoleName of ['Launcher', 'ByHand'])
    await must(stage.first.send('iam', HOME, 'AttachRolePolicy', { RoleName, PolicyArn: made.Policy.Arn }));

  const calls: string[] = [];
  const handler = inProcessHandler(stage.sim.kernel);
  const requestHandler: typeof handler = {
    ...handler,
    handle: (request) => {
      calls.push(callOf(request));
      return handler.handle(request);
    },
  };
  const configFile = join(await mkdtemp(join(tmpdir(), 'amiport-calls-')), 'amiport.yaml');
  await writeFile(configFile, config);
  const credentials = { accessKeyId: BUILDER, secretAccessKey: 'test' };
  const opened = await openSession({ configFile, env: {}, requestHandler, credentials, clock: stage.sim.clock });
  if (!opened.ok) throw new Error(JSON.stringify(opened.bad));
  const { proofs } = await verify(opened.value, silent);
  expect(proofs.length).toBe(2 * 2 * 2 * 3);

  const twice = calls.filter((call, i) => calls.indexOf(call) !== i);
  expect(twice).toEqual([]);
  const roles = rolesIn(calls);
  const bound = least({ others: 2, ...roles, places: 4, customerKeys: 2, regions: 2, copies: 4 });
  expect(calls.length / bound).toBeLessThanOrEqual(MORE_THAN_LEAST_MAX);
  // A bound above what is made would not be the least.
  expect(calls.length / bound).toBeGreaterThanOrEqual(1);
});

/** What there is to read of roles: the distinct names in the calls that read it. */
function rolesIn(calls: readonly string[]): Record<'roles' | 'inline' | 'managed', number> {
  const distinct = (action: string): number => new Set(calls.filter((c) => c.includes(`Action=${action}&`))).size;
  return { roles: distinct('GetRole'), inline: distinct('GetRolePolicy'), managed: distinct('GetPolicy') };
}
