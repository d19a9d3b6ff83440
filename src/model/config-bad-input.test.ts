/** Bad input, one row a mistake: what stands where in place of what, and line, column, message and help for it. */
import { expect, test } from 'vitest';
import { AROUND, VALID } from './config.testdata.ts';
import { parseConfig } from './config.ts';
import { renderFrame } from './config-problem.ts';

function check(put: string, inPlaceOf: string): readonly string[] {
  expect(VALID).toContain(inPlaceOf);
  const text = VALID.replace(inPlaceOf, () => put);
  const parsed = parseConfig(text, 'a.yaml', AROUND);
  if (parsed.ok) return ['no mistake'];
  return parsed.problems.map((problem) => {
    const [first = ''] = renderFrame(problem, text).split('\n');
    return `${first.replace('a.yaml:', '')}${problem.instead === undefined ? '' : ` = ${problem.instead}`}`;
  });
}

test.each([
  {
    put: 'version: 2',
    inPlaceOf: 'version: 1',
    says: ['1:10: error: this amiport reads config version 1, not 2 = write version: 1'],
  },
  { put: '', inPlaceOf: 'version: 1\n', says: ['1:1: error: the config has no "version" = add version: 1'] },
  {
    put: 'delivery: Bed rock',
    inPlaceOf: 'delivery: bedrock',
    says: [
      '2:11: error: the delivery name "Bed rock" cannot be used in the names of policies and grants = write up to 40 lower case letters, digits and hyphens, a letter first',
    ],
  },
  { put: 'delivry:', inPlaceOf: 'delivery:', says: ['2:1: error: unknown key "delivry" = did you mean "delivery"?'] },
  {
    put: '111111111111',
    inPlaceOf: '"111111111111"',
    says: [
      '3:21: error: builder.account is not in quotes: YAML reads 111111111111 as a number, not text = write "111111111111"',
    ],
  },
  {
    put: '011111111111',
    inPlaceOf: '"111111111111"',
    says: [
      '3:21: error: builder.account is not in quotes: YAML reads 011111111111 as the number 11111111111 = write "011111111111"',
    ],
  },
  {
    put: '"11111111111"',
    inPlaceOf: '"111111111111"',
    says: ['3:21: error: the account id "11111111111" has 11 digits, not 12'],
  },
  {
    put: 'builder',
    inPlaceOf: '"111111111111"',
    says: ['3:21: error: "builder" is not an account id = write its 12 digits in quotes: "222222222222"'],
  },
  {
    put: 'region: eu-west-9',
    inPlaceOf: 'region: eu-west-1',
    says: ['3:45: error: there is no Region "eu-west-9" = did you mean eu-west-1?'],
  },
  {
    put: 'region: eu-west-1a',
    inPlaceOf: 'region: eu-west-1',
    says: ['3:45: error: "eu-west-1a" is an Availability Zone, not a Region = write eu-west-1'],
  },
  {
    put: 'region: us-gov-west-1',
    inPlaceOf: 'region: eu-west-1',
    says: [
      '5:9: error: "arn:aws:iam::{account}:role/amiport" is in the partition aws, the builder in aws-us-gov = write arn:aws-us-gov:…',
      '8:11: error: eu-west-1 is in the partition aws, the builder in aws-us-gov = AMIs cannot leave a partition: make it a delivery of its own',
      '8:22: error: eu-west-3 is in the partition aws, the builder in aws-us-gov = AMIs cannot leave a partition: make it a delivery of its own',
      '8:33: error: us-east-1 is in the partition aws, the builder in aws-us-gov = AMIs cannot leave a partition: make it a delivery of its own',
    ],
  },
  {
    put: 'builder:',
    inPlaceOf: 'builder: { account: "111111111111", region: eu-west-1 }',
    says: ['3:1: error: builder has no value = write builder: { account: "111111111111", region: eu-west-1 }'],
  },
  {
    put: '444444444444:role',
    inPlaceOf: '{account}:role',
    says: [
      '5:9: error: "arn:aws:iam::444444444444:role/amiport" is one role for all accounts = write {account} for the account id, or give every account its own role',
    ],
  },
  {
    put: '{acount}:role/amiport',
    inPlaceOf: '{account}:role/amiport',
    says: ['5:9: error: access.role may hold {account}, not {acount} = write arn:aws:iam::{account}:role/amiport'],
  },
  {
    put: 'amiport',
    inPlaceOf: 'arn:aws:iam::{account}:role/amiport',
    says: ['5:9: error: "amiport" is not the ARN of a role = write arn:aws:iam::{account}:role/amiport'],
  },
  {
    put: 'arn:aws-cn:iam::{',
    inPlaceOf: 'arn:aws:iam::{',
    says: [
      '5:9: error: "arn:aws-cn:iam::{account}:role/amiport" is in the partition aws-cn, the builder in aws = write arn:aws:…',
    ],
  },
  {
    put: '',
    inPlaceOf: '  role: arn:aws:iam::{account}:role/amiport\n',
    says: [
      '9:5: error: there is no role to assume in this account = add access: { role: arn:aws:iam::{account}:role/amiport }',
    ],
  },
  {
    put: 'bedrock images',
    inPlaceOf: 'bedrock-images',
    says: [
      '6:15: error: the external id "bedrock images" holds characters that STS refuses = letters, digits and _ + = , . @ : / - are allowed',
    ],
  },
  {
    put: '12345',
    inPlaceOf: 'bedrock-images',
    says: ['6:15: error: access.externalId is not in quotes: YAML reads 12345 as a number, not text = write "12345"'],
  },
  {
    put: 'rolePolicy: exprot',
    inPlaceOf: 'rolePolicy: export',
    says: ['7:43: error: "exprot" is no value of rolePolicy = did you mean "export"?'],
  },
  {
    put: 'keyPolcy:',
    inPlaceOf: 'keyPolicy:',
    says: ['7:11: error: unknown key "keyPolcy" in manage = did you mean "keyPolicy"?'],
  },
  {
    put: 'eu-west-1]',
    inPlaceOf: 'us-east-1]',
    says: ['8:33: error: the Region eu-west-1 is there twice = remove one'],
  },
  {
    put: '[]',
    inPlaceOf: '[eu-west-1, eu-west-3, us-east-1]',
    says: ['8:10: error: regions is empty = name at least one Region'],
  },
  {
    put: 'eu-west-1',
    inPlaceOf: '[eu-west-1, eu-west-3, us-east-1]',
    says: ['8:10: error: regions must be a list, not text = write regions: [eu-west-1]'],
  },
  {
    put: 'regions: [eu-west-2]',
    inPlaceOf: 'regions: [eu-west-1, eu-west-3]',
    says: [
      '10:53: error: eu-west-2 is not one of the Regions of the delivery = add it to regions, or take one of eu-west-1, eu-west-3, us-east-1',
    ],
  },
  {
    put: 'cn-north-1]',
    inPlaceOf: 'us-east-1]',
    says: [
      '8:33: error: cn-north-1 is in the partition aws-cn, the builder in aws = AMIs cannot leave a partition: make it a delivery of its own',
    ],
  },
  {
    put: '"222222222222"',
    inPlaceOf: '"333333333333"',
    says: ['11:9: error: 222222222222 is there twice, first as accounts[0] = put all its launchers into one entry'],
  },
  {
    put: '"111111111111"',
    inPlaceOf: '"333333333333"',
    says: ['11:9: error: 111111111111 is the builder, which owns the images already = remove it from accounts'],
  },
  {
    put: '"2222-2222-2222"',
    inPlaceOf: '"222222222222"',
    says: ['10:11: error: "2222-2222-2222" is not an account id = write its 12 digits in quotes: "222222222222"'],
  },
  {
    put: 'name: other',
    inPlaceOf: 'id: "333333333333"',
    says: [
      '11:5: error: an account needs one of id, organizationalUnit = write { id: "222222222222", launchers: [autoscaling] }',
    ],
  },
  {
    put: 'id: "333333333333"\n    organizationalUnit: ou-ab12-11112222',
    inPlaceOf: 'id: "333333333333"',
    says: ['11:5: error: an account has id and organizationalUnit, but can have only one of them = keep one'],
  },
  {
    put: 'ou-12',
    inPlaceOf: 'ou-ab12-11112222',
    says: [
      '13:27: error: "ou-12" is not the id of an organizational unit = write its id, such as ou-ab12-11112222, or that of a root: r-ab12',
    ],
  },
  {
    put: 'launchers: []',
    inPlaceOf: 'launchers: [spot]',
    says: [
      '13:56: error: launchers is empty: nobody would be able to launch = write { role: NAME }, autoscaling, eks, spot, spotfleet, ec2fleet or { karpenter: { role: NAME } }',
    ],
  },
  {
    put: 'role',
    inPlaceOf: '{ role: VodLauncher }',
    says: ['10:89: error: the launcher "role" does not name its role = write { role: NAME }'],
  },
  {
    put: '"role:VodLauncher"',
    inPlaceOf: '{ role: VodLauncher }',
    says: ['10:89: error: "role:VodLauncher" is one text, not a mapping = write { role: VodLauncher }'],
  },
  {
    put: '{ role: }',
    inPlaceOf: '{ role: VodLauncher }',
    says: ['10:91: error: accounts[0].launchers[0].role has no value = write role: NAME'],
  },
  {
    put: 'autoscalling, { auto',
    inPlaceOf: 'autoscaling, { auto',
    says: ['10:112: error: "autoscalling" is not a launcher = did you mean autoscaling?'],
  },
  {
    put: '{ role: arn:aws:iam::444444444444:role/VodLauncher }',
    inPlaceOf: '{ role: VodLauncher }',
    says: ['10:97: error: the role is in account 444444444444, not in 222222222222 = write its name, VodLauncher'],
  },
  {
    put: '{ role: AWSServiceRoleForAutoScaling }',
    inPlaceOf: '{ role: VodLauncher }',
    says: [
      '10:97: error: "AWSServiceRoleForAutoScaling" is a service-linked role = write autoscaling, { autoscaling: SUFFIX }, spot, spotfleet or ec2fleet',
    ],
  },
  {
    put: '{ role: "arn:aws:sts::222222222222:assumed-role/VodLauncher/me" }',
    inPlaceOf: '{ role: VodLauncher }',
    says: [
      '10:97: error: "arn:aws:sts::222222222222:assumed-role/VodLauncher/me" is a session of a role = write the role: VodLauncher',
    ],
  },
  {
    put: 'autoscaling',
    inPlaceOf: '{ role: VodLauncher }',
    says: ['10:102: error: this launcher is there twice = remove one'],
  },
  {
    put: 'launchers: [{ role: arn:aws:iam::444444444444:role/x }]',
    inPlaceOf: 'launchers: [spot]',
    says: ['13:65: error: "arn:aws:iam::444444444444:role/x" names one account = write the role\'s name, x'],
  },
  {
    put: '',
    inPlaceOf: ', launchers: [spot]',
    says: ['13:5: error: accounts[2] has no "launchers" = add launchers: [ { role: NAME }, autoscaling ]'],
  },
  {
    put: '{ rol: VodLauncher }',
    inPlaceOf: '{ role: VodLauncher }',
    says: [
      '10:89: error: a launcher needs one of role, autoscaling, karpenter = write { role: NAME }, autoscaling, eks, spot, spotfleet, ec2fleet or { karpenter: { role: NAME } }',
    ],
  },
  {
    put: 'autoscaling: pay/ments',
    inPlaceOf: 'autoscaling: payments',
    says: [
      '10:140: error: the suffix "pay/ments" cannot end the name of a service-linked role = write what follows AWSServiceRoleForAutoScaling_, at most 35 characters',
    ],
  },
  {
    put: 'alias: aws/ebs',
    inPlaceOf: 'alias: amiport-images',
    says: [
      '15:10: error: "aws/ebs" is a key that AWS manages: it cannot be shared or given a policy = write a name of your own, such as amiport-images',
    ],
  },
  {
    put: 'alias: amiport images',
    inPlaceOf: 'alias: amiport-images',
    says: ['15:10: error: "amiport images" is not the alias of a key = letters, digits and / _ - are allowed'],
  },
  {
    put: 'arn: arn:aws:kms:eu-west-1:111111111111:alias/x',
    inPlaceOf: 'alias: amiport-images',
    says: [
      '15:8: error: "arn:aws:kms:eu-west-1:111111111111:alias/x" is the ARN of an alias = write alias/x, or the ARN of the key',
    ],
  },
  {
    put: 'arn: arn:aws:kms:eu-west-1:222222222222:key/mrk-1',
    inPlaceOf: 'alias: amiport-images',
    says: [
      '15:8: error: the key is in account 222222222222, not in the builder 111111111111 = the read key belongs to the builder',
    ],
  },
  {
    put: 'arn: arn:aws:kms:ap-south-1:111111111111:key/mrk-1',
    inPlaceOf: 'alias: amiport-images',
    says: [
      '15:8: error: the key is in ap-south-1, where nothing is built or delivered = name a key in one of eu-west-1, eu-west-3, us-east-1',
    ],
  },
  {
    put: 'arn: arn:aws-cn:kms:eu-west-1:111111111111:key/mrk-1',
    inPlaceOf: 'alias: amiport-images',
    says: ['15:8: error: eu-west-1 is not in the partition aws-cn = write arn:aws:…'],
  },
  {
    put: 'arn: arn:aws:kms:eu-west-1:111111111111:key/1234',
    inPlaceOf: 'alias: amiport-images',
    says: [
      '15:8: error: the key is a single-Region key, which can have no replicas = name a multi-Region key (mrk-…), or write multiRegion: false and an alias',
    ],
  },
  {
    put: 'arn: 12345678-1234-1234-1234-123456789012',
    inPlaceOf: 'alias: amiport-images',
    says: [
      '15:8: error: "12345678-1234-1234-1234-123456789012" is a key id, which does not say whose key it is = write its ARN, or an alias',
    ],
  },
  {
    put: 'everyDays: 30',
    inPlaceOf: 'everyDays: 180',
    says: ['16:26: error: KMS rotates keys every 90 to 2560 days, not every 30'],
  },
  {
    put: 'yearly',
    inPlaceOf: '{ everyDays: 180 }',
    says: ['16:13: error: rotation is a mapping or false = write rotation: { everyDays: 365 }'],
  },
  {
    put: '',
    inPlaceOf: 'key:\n  alias: amiport-images\n  rotation: { everyDays: 180 }\n',
    says: [
      '17:10: error: shared-encrypted needs a dedicated key, and the config has no "key" = add key: { alias: amiport-images }',
    ],
  },
  {
    put: '  "kuber netes":',
    inPlaceOf: '  kubernetes:',
    says: [
      '18:3: error: the image name "kuber netes" cannot be used in the names of AMIs and parameters = write up to 64 letters, digits and . _ - (a letter or digit first)',
    ],
  },
  {
    put: 'images/missing.pkr.hcl',
    inPlaceOf: 'images/kubernetes.pkr.hcl',
    says: ['19:23: error: the Packer template images/missing.pkr.hcl does not exist = paths begin at the config file'],
  },
  {
    put: 'missing.json',
    inPlaceOf: 'packer-manifest.json',
    says: ['28:25: error: the manifest missing.json does not exist = Packer writes it with post-processor "manifest"'],
  },
  {
    put: '1.30',
    inPlaceOf: '"1.34"',
    says: [
      '19:63: error: images.kubernetes.source.vars.k8s is not in quotes: YAML reads 1.30 as the number 1.3 = write "1.30"',
    ],
  },
  {
    put: '{ ami: ami-123 }',
    inPlaceOf: '{ ami: ami-0123456789abcdef0 }',
    says: ['24:20: error: "ami-123" is not the id of an AMI = write ami- and its 17 hexadecimal digits'],
  },
  {
    put: '{ ami: ami-0123456789abcdef0, ssm: /base }',
    inPlaceOf: '{ ami: ami-0123456789abcdef0 }',
    says: ['24:13: error: source has ami and ssm, but can have only one of them = keep one'],
  },
  {
    put: '{}',
    inPlaceOf: '{ ami: ami-0123456789abcdef0 }',
    says: [
      '24:13: error: source needs one of packer, ami, manifest, ssm = write source: { packer: images/base.pkr.hcl }',
    ],
  },
  {
    put: '{ ssm: "resolve:ssm:/base" }',
    inPlaceOf: '{ ami: ami-0123456789abcdef0 }',
    says: ['24:20: error: the name of a parameter stands alone = write /base'],
  },
  {
    put: 'way: shared-encryptd',
    inPlaceOf: 'way: shared-encrypted',
    says: ['20:10: error: "shared-encryptd" is no value of way = did you mean "shared-encrypted"?'],
  },
  {
    put: '',
    inPlaceOf: '    way: shared-encrypted\n',
    says: ['18:3: error: images.kubernetes has no "way" = add way: shared-encrypted'],
  },
  {
    put: '',
    inPlaceOf: '    accountKey: alias/ebs-{account}\n',
    says: [
      '25:10: error: account-copies needs "accountKey", the key of each account\'s copies = add accountKey: alias/ebs-{account}',
    ],
  },
  {
    put: 'way: shared-encrypted',
    inPlaceOf: 'way: account-copies',
    says: [
      '26:5: error: accountKey is for account-copies; this image is shared-encrypted = remove it, or did you mean volumeKey?',
    ],
  },
  {
    put: 'alias/aws/ebs',
    inPlaceOf: 'alias/ebs-{account}',
    says: [
      '26:17: error: "alias/aws/ebs" is a key that AWS manages: it cannot be shared or given a policy = write the alias of a key of your own, such as alias/images',
    ],
  },
  {
    put: 'alias/ebs-{acct}',
    inPlaceOf: 'alias/ebs-{account}',
    says: ['26:17: error: accountKey may hold {account} and {region}, not {acct}'],
  },
  {
    put: 'arn:aws:kms:eu-west-1:{account}:key/1234',
    inPlaceOf: 'alias/ebs-{account}',
    says: [
      '26:17: error: a key in eu-west-1 cannot encrypt in the other Regions = write an alias, or {region} in the ARN of a multi-Region key',
    ],
  },
  {
    put: 'way: shared-unencrypted\n    volumeKey: image',
    inPlaceOf: 'way: shared-unencrypted',
    says: ['30:16: error: the image is unencrypted: it has no key for volumes = write account, or a key of your own'],
  },
  {
    put: 'way: shared-unencrypted\n    volumeKey: alias/aws/ebs',
    inPlaceOf: 'way: shared-unencrypted',
    says: [
      '30:16: error: "alias/aws/ebs" is a key that AWS manages: it cannot be shared or given a policy = write "account" (the default EBS key of each account and Region) or a key of your own',
    ],
  },
  {
    put: '{img}/current',
    inPlaceOf: '{image}/current',
    says: ['21:21: error: there is no placeholder {img} = there are {image}, {account}, {region}, {version}'],
  },
  {
    put: '/aws/{image}',
    inPlaceOf: '/golden/{image}',
    says: [
      '21:21: error: "/aws/{image}/current" begins with a name that SSM keeps to itself = begin with something else than aws or ssm',
    ],
  },
  {
    put: 'golden/{image}',
    inPlaceOf: '/golden/{image}',
    says: [
      '21:21: error: "golden/{image}/current" has levels, but does not begin with / = write /golden/{image}/current',
    ],
  },
  {
    put: 'way: shared-unencrypted\n    publish: { ssm: /golden/kubernetes/current }',
    inPlaceOf: 'way: shared-unencrypted',
    says: [
      '30:21: error: the image kubernetes is published as /golden/kubernetes/current, too = write {image} for the name of the image',
    ],
  },
  {
    put: '[lt-0123456789abcdef0]',
    inPlaceOf: '[k8s-nodes]',
    says: [
      '21:66: error: "lt-0123456789abcdef0" is the id of a launch template, which is another in every account and Region = write its name',
    ],
  },
  {
    put: 'versions: 0',
    inPlaceOf: 'versions: 3',
    says: ['22:23: error: keep.versions must be at least 1: the newest is always kept'],
  },
  {
    put: 'deprecateAfterDays: 9000',
    inPlaceOf: 'deprecateAfterDays: 90',
    says: ['22:46: error: an image cannot be deprecated after 9000 days = write 1 to 3650'],
  },
  {
    put: 'versions: three',
    inPlaceOf: 'versions: 3',
    says: ['22:23: error: images.kubernetes.keep.versions must be a number, not text'],
  },
  {
    put: 'block: [severe]',
    inPlaceOf: 'block: [high]',
    says: ['31:22: error: "severe" is no value of block = write one of low, medium, high, critical'],
  },
  {
    put: 'maxCost: -1',
    inPlaceOf: 'maxCost: 0.25',
    says: ['32:52: error: canary.maxCost must be more than 0 = write it in US dollars: 0.50'],
  },
  {
    put: 'instanceType: { arm64: t3.micro }',
    inPlaceOf: 'subnetTag: { Purpose: canary }',
    says: ['32:34: error: t3.micro is not an instance type of arm64 = write one such as t4g.micro'],
  },
  {
    put: 'delivery: bedrock\nnotify: { on: [drift] }',
    inPlaceOf: 'delivery: bedrock',
    says: ['3:9: error: notify tells nobody = give it a url, a topic or a bus'],
  },
  {
    put: 'delivery: bedrock\nnotify: { topic: "arn:aws:sns:eu-west-1:111111111111:told.fifo" }',
    inPlaceOf: 'delivery: bedrock',
    says: [
      '3:18: error: "arn:aws:sns:eu-west-1:111111111111:told.fifo" is not the ARN of a standard SNS topic = write arn:aws:sns:REGION:ACCOUNT:NAME',
    ],
  },
  {
    put: 'delivery: bedrock\nnotify: { bus: "arn:aws-cn:events:cn-north-1:111111111111:event-bus/told" }',
    inPlaceOf: 'delivery: bedrock',
    says: [
      '3:16: error: "arn:aws-cn:events:cn-north-1:111111111111:event-bus/told" is in the partition aws-cn, the builder in aws',
    ],
  },
  {
    put: 'delivery: bedrock\ndelivery: again',
    inPlaceOf: 'delivery: bedrock',
    says: ['3:1: error: the key delivery is there twice = keep one of them'],
  },
  {
    put: '\trole: arn',
    inPlaceOf: '  role: arn',
    says: ['5:1: error: a tab is used to indent = YAML indents with spaces'],
  },
  {
    put: '{ block: [high }',
    inPlaceOf: '{ block: [high] }',
    says: [
      '31:27: error: not valid YAML: flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
  },
  {
    put: 'block: !Ref [high]',
    inPlaceOf: 'block: [high]',
    says: ['31:21: error: the tag !Ref means nothing here = write the value itself'],
  },
  {
    put: '*nobody',
    inPlaceOf: '"222222222222"',
    says: ['1:1: error: not valid YAML: unresolved alias (the anchor must be set before the alias): nobody'],
  },
  {
    put: 'alias: a-{b}, c: {',
    inPlaceOf: 'alias: amiport-images',
    says: ['15:10: error: not valid YAML: nested mappings are not allowed in compact mappings'],
  },
  {
    put: 'x: {y: alias/ebs-{account} }',
    inPlaceOf: 'accountKey: alias/ebs-{account}',
    says: ['26:22: error: a "{" inside of a text without quotes = put the text in quotes'],
  },
])('$put for $inPlaceOf', ({ put, inPlaceOf, says }) => expect(check(put, inPlaceOf)).toEqual(says));
