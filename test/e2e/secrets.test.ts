import { readdirSync, readFileSync, statSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { amiport, crashStage } from '../crash/killed-apply.ts';
import { HOME, must, OTHER } from '../deliver/stage.ts';

const CANARY = 'canary-7c1f0e5d9b';
const USER_DATA = Buffer.from(`#!/bin/sh\necho ${CANARY}-user-data`).toString('base64');

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}

test('user data, credentials and secret values are in nothing that amiport writes or prints', async () => {
  const at = await crashStage();
  try {
    const { first } = at.stage;
    for (const region of [HOME, OTHER]) {
      const data = { ImageId: 'ami-0123456789abcdef0', InstanceType: 't3.micro', UserData: USER_DATA };
      await must(
        first.send('ec2', region, 'CreateLaunchTemplate', { LaunchTemplateName: 'nodes', LaunchTemplateData: data }),
      );
      await must(
        first.send('ssm', region, 'PutParameter', {
          Name: '/golden/kubernetes/current',
          Type: 'String',
          Value: `${CANARY}-value`,
        }),
      );
    }
    const file = join(at.dir, 'amiport.yaml');
    const config = (await readFile(file, 'utf8')).replace(
      'publish: { ssm:',
      'publish: { launchTemplates: [nodes], ssm:',
    );
    await writeFile(file, config);

    const printed: string[] = [];
    const commands = [
      ['plan', '--out', 'plan.json'],
      ['apply', '--yes'],
      ['verify'],
      ['verify', '--json'],
      ['status', '--json'],
      ['left', '--json'],
      ['export', 'iam'],
    ];
    for (const args of commands) {
      const ran = await amiport(at, ...args).ended;
      expect(ran.code, `${args.join(' ')}: ${ran.out}`).toBe(0);
      printed.push(ran.out);
    }
    const shown = printed.join('\n');
    for (const form of [CANARY, Buffer.from(CANARY).toString('base64').slice(0, 12), USER_DATA]) {
      expect(shown).not.toContain(form);
      for (const path of filesBelow(at.dir)) expect(readFileSync(path, 'latin1'), path).not.toContain(form);
    }
    for (const path of filesBelow(join(at.dir, '.amiport')))
      if (path.endsWith('.jsonl')) expect(statSync(path).mode & 0o777).toBe(0o600);

    // What amiport changed of the template is the image and its devices; the owner's user data is still there.
    const now = await must(
      first.send<{ LaunchTemplateVersions: { LaunchTemplateData: { UserData: string; ImageId: string } }[] }>(
        'ec2',
        HOME,
        'DescribeLaunchTemplateVersions',
        { LaunchTemplateName: 'nodes', Versions: ['$Default'] },
      ),
    );
    expect(now.LaunchTemplateVersions[0]?.LaunchTemplateData).toMatchObject({
      UserData: USER_DATA,
      ImageId: expect.not.stringContaining('0123456789abcdef0'),
    });
  } finally {
    await at.close();
  }
}, 120_000);
