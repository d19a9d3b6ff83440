import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { amiport, type CrashStage, crashStage } from '../crash/killed-apply.ts';

let at: CrashStage;
beforeAll(async () => {
  at = await crashStage();
  const file = join(at.dir, 'amiport.yaml');
  const config = await readFile(file, 'utf8');
  await writeFile(file, config.replace(/\{ ami: ami-\w+ \}/, '{ packer: image.pkr.hcl }'));
});
afterAll(() => at.close());

const builder = (more: string, endpoint = true): string => `
${endpoint ? 'variable "aws_endpoint" { default = "" }' : ''}
variable "aws_region" { default = "eu-west-1" }
source "amazon-ebs" "image" {
  region              = var.aws_region
  ${endpoint ? 'custom_endpoint_ec2 = var.aws_endpoint' : ''}
  communicator        = "none"
  instance_type       = "t3.small"
  ami_name            = "image-{{timestamp}}"
  source_ami_filter {
    owners      = ["136693071363"]
    most_recent = true
    filters     = { name = "debian-12-amd64-*" }
  }
  ${more}
}
build { sources = ["source.amazon-ebs.image"] }
`;

test.each([
  {
    when: 'the template shares under the AWS managed key',
    template: builder('ami_users = ["222222222222"]'),
    says: ["Snapshots encrypted with the AWS Managed CMK can't be shared", 'no other account can ever use'],
  },
  {
    when: 'the template declares no endpoint',
    template: builder('', false),
    says: ['declares no variable aws_endpoint', 'custom_endpoint_ec2'],
  },
  {
    when: 'the template is broken',
    template: builder('no_such_setting = true'),
    says: ['Packer could not build kubernetes'],
  },
])(
  'a build fails with its cause when $when',
  async ({ template, says }) => {
    await writeFile(join(at.dir, 'image.pkr.hcl'), template);
    const ran = await amiport(at, 'build').ended;
    expect(ran.code, ran.out).toBe(1);
    for (const words of says) expect(ran.out).toContain(words);
  },
  120_000,
);

test('what a template does of our work is pointed out, and the result is tagged as a version', async () => {
  await writeFile(join(at.dir, 'image.pkr.hcl'), builder('ami_regions = ["us-east-1"]'));
  const ran = await amiport(at, 'build', 'kubernetes').ended;
  expect(ran.code, ran.out).toBe(0);
  expect(ran.out).toContain('image.pkr.hcl copies the image to other Regions itself (ami_regions)');
  const imageId = /kubernetes is (ami-\w+) in eu-west-1/.exec(ran.out)?.[1] ?? '';
  const image = at.sim.world.regions.get('eu-west-1')?.ec2.images.get(imageId);
  expect(Object.fromEntries(image?.tags ?? [])).toMatchObject({
    'amiport:image': 'kubernetes',
    'amiport:version': imageId,
    'amiport:step': 'source',
  });
}, 120_000);

test('without Packer the message says how to get it; an unknown image is bad input', async () => {
  const absent = await amiport({ ...at, path: at.dir }, 'build').ended;
  expect(absent).toMatchObject({
    code: 1,
    out: expect.stringContaining('Packer is not installed, and this image is built with it'),
  });
  const unknown = await amiport(at, 'build', 'nope').ended;
  expect(unknown).toMatchObject({
    code: 2,
    out: expect.stringContaining('there is no image nope in the config, only kubernetes'),
  });
}, 60_000);
