/** A delivery on the simulated AWS in this process, on virtual time: the stage of the demo without HTTP. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyPlan, makePlan, openSession, type RawSender, type Session } from '../../src/app/api.ts';
import { BUILDER, FIRST, HOME, must, SECOND, type Stage, setStage } from '../../src/cli/demo/stage.ts';
import { imageAvailable } from '../../src/cli/demo/watch.ts';
import { inProcessHandler } from '../../src/sim/in-process.ts';
import { simForTests, type TestOptions, type TestSim } from '../../src/sim/testing.ts';

export { BUILDER, FIRST, HOME, must, OTHER, SECOND } from '../../src/cli/demo/stage.ts';

export interface TestStage extends Stage {
  readonly sim: TestSim;
  /** Opens the config as somebody with the builder account's credentials. */
  open(config: string): Promise<Session>;
}

export async function testStage(options: TestOptions = {}): Promise<TestStage> {
  const sim = simForTests(options);
  const requestHandler = inProcessHandler(sim.kernel);
  const stage = await setStage({ requestHandler }, sim.clock);
  const dir = await mkdtemp(join(tmpdir(), 'amiport-test-'));
  return {
    ...stage,
    sim,
    async open(config) {
      const configFile = join(dir, 'amiport.yaml');
      await writeFile(configFile, config);
      const credentials = { accessKeyId: BUILDER, secretAccessKey: 'test' };
      const opened = await openSession({ configFile, env: {}, requestHandler, credentials, clock: sim.clock });
      if (!opened.ok) throw new Error(JSON.stringify(opened.bad, undefined, 2));
      return opened.value;
    },
  };
}

/** An AMI of the builder, as Packer would bake it, encrypted or not as the builder's defaults say. */
export async function bakedImage(stage: Stage, builder: RawSender, name: string): Promise<string> {
  const bases = await must(
    builder.send<{ Images: { ImageId: string }[] }>('ec2', HOME, 'DescribeImages', {
      Filters: [{ Name: 'is-public', Values: ['true'] }],
    }),
  );
  const input = { ImageId: bases.Images[0]?.ImageId, InstanceType: 't3.small', MinCount: 1, MaxCount: 1 };
  const run = await must(builder.send<{ Instances: { InstanceId: string }[] }>('ec2', HOME, 'RunInstances', input));
  const InstanceId = run.Instances[0]?.InstanceId ?? '';
  await stage.clock.sleep(30_000);
  const made = await must(builder.send<{ ImageId: string }>('ec2', HOME, 'CreateImage', { InstanceId, Name: name }));
  await imageAvailable(stage, builder, made.ImageId);
  await must(builder.send('ec2', HOME, 'TerminateInstances', { InstanceIds: [InstanceId] }));
  return made.ImageId;
}

/** The demo's config with images given by id. */
export function configOf(
  images: Readonly<Record<string, string>>,
  more: { readonly way?: string; readonly rolePolicy?: string; readonly extra?: string } = {},
): string {
  const launchers = '[{ role: Launcher }, autoscaling]';
  const lines = Object.entries(images).map(
    ([name, ami]) =>
      `  ${name}: { source: { ami: ${ami} }, way: ${more.way ?? 'shared-encrypted'}, publish: { ssm: "/golden/{image}/current" } ${more.extra ?? ''} }`,
  );
  return `version: 1
delivery: bedrock
builder: { account: "${BUILDER}", region: ${HOME} }
access: { role: "arn:aws:iam::{account}:role/amiport", externalId: bedrock-images }
manage: { keyPolicy: amiport, rolePolicy: ${more.rolePolicy ?? 'amiport'}, grants: amiport, launchTemplates: amiport }
regions: [eu-west-1, us-east-1]
accounts:
  - { id: "${FIRST}", launchers: ${launchers} }
  - { id: "${SECOND}", launchers: ${launchers} }
key: { alias: amiport-images, multiRegion: true, rotation: { everyDays: 365 } }
images:
${lines.join('\n')}
`;
}

export const silent = (): void => {};

/** Plans and applies; @returns what a reader would compare */
export async function applied(session: Session, signal?: AbortSignal) {
  const planned = await makePlan(session, silent);
  const outcome = await applyPlan(session, planned, silent, signal === undefined ? {} : { signal });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.reason, undefined, 2));
  return { plan: planned.plan, ...outcome.value };
}
