/**
 * The words of the config: account ids, Regions, ARNs, names. Each knows its pattern (for the JSON Schema) and
 * what to say about a value that is none.
 *
 * A message is the sentence, and after a line break what to write instead.
 */
import { z } from 'zod';
import { nearest } from './config-problem.ts';
import { REGION_NAMES } from './regions.ts';

export const say = (message: string, instead?: string): string => (instead ? `${message}\n${instead}` : message);

/** A text of a pattern; `wrong` words what does not match. Other types fall to the general wording. */
function word(pattern: RegExp, wrong: (value: string) => string): z.ZodString {
  return z.string().regex(pattern, { error: (issue) => wrong(String(issue.input)) });
}

export const ROLE_ARN = /^arn:([a-z-]+):iam::(\d{12}):role\/((?:[\x21-\x2e\x30-\x7e]+\/)*)([\w+=,.@-]{1,64})$/;

export const accountId = word(/^\d{12}$/, (value) =>
  /^\d+$/.test(value)
    ? say(`the account id "${value}" has ${value.length} digits, not 12`)
    : say(`"${value}" is not an account id`, 'write its 12 digits in quotes: "222222222222"'),
);

export const region = z.enum(REGION_NAMES, {
  error: (issue) => (typeof issue.input === 'string' ? wrongRegion(issue.input) : undefined),
});

function wrongRegion(value: string): string {
  const zone = REGION_NAMES.find((name) => value.startsWith(name) && /^[a-z]$/.test(value.slice(name.length)));
  if (zone) return say(`"${value}" is an Availability Zone, not a Region`, `write ${zone}`);
  const meant = nearest(value, REGION_NAMES);
  return say(`there is no Region "${value}"`, meant ? `did you mean ${meant}?` : 'write one such as eu-west-1');
}

export const deliveryName = word(/^[a-z][a-z0-9-]{0,39}$/, (value) =>
  say(
    `the delivery name "${value}" cannot be used in the names of policies and grants`,
    'write up to 40 lower case letters, digits and hyphens, a letter first',
  ),
);

/** Part of AMI names (IMG-10: letters, digits and ( ) [ ] space . / - ' @ _), of parameter names and of tags. */
const IMAGE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
export const imageName = word(IMAGE_NAME, (value) =>
  say(
    `the image name "${value}" cannot be used in the names of AMIs and parameters`,
    'write up to 64 letters, digits and . _ - (a letter or digit first)',
  ),
);

export const roleArn = word(ROLE_ARN, (value) =>
  say(`"${value}" is not the ARN of a role`, 'write arn:aws:iam::222222222222:role/amiport'),
);

export const roleTemplate = word(/^arn:[a-z-]+:iam::(\d{12}|\{account\}):role\/[\x21-\x7a|~]+$/, (value) => {
  const unknown = value.match(/\{\w*\}/g)?.find((placeholder) => placeholder !== '{account}');
  const example = 'write arn:aws:iam::{account}:role/amiport';
  return unknown
    ? say(`access.role may hold {account}, not ${unknown}`, example)
    : say(`"${value}" is not the ARN of a role`, example);
});

/** Source: STS API Reference "AssumeRole", parameter ExternalId. */
export const externalId = word(/^[\w+=,.@:/-]{2,1224}$/, (value) =>
  value.length < 2 || value.length > 1224
    ? say('the external id must have 2 to 1224 characters')
    : say(
        `the external id "${value}" holds characters that STS refuses`,
        'letters, digits and _ + = , . @ : / - are allowed',
      ),
);

/** A role name, with its path before it if it has one, or its ARN. Source: IAM API Reference "CreateRole". */
export const launcherRole = word(
  /^(arn:[a-z-]+:iam::\d{12}:role\/|\/)?(?:[\x21-\x2e\x30-\x39\x3b-\x7e]+\/)*[\w+=,.@-]{1,64}$/,
  (value) => {
    const session = /^arn:[a-z-]+:sts::\d{12}:assumed-role\/([\w+=,.@-]+)\//.exec(value)?.[1];
    if (session) return say(`"${value}" is a session of a role`, `write the role: ${session}`);
    return say(`"${value}" is neither the name nor the ARN of a role`, 'write { role: VodLauncher }');
  },
);

/** `AWSServiceRoleForAutoScaling_` and the suffix make at most 64 characters. */
export const autoscalingSuffix = word(/^[\w+=,.@-]{1,35}$/, (value) =>
  say(
    `the suffix "${value}" cannot end the name of a service-linked role`,
    'write what follows AWSServiceRoleForAutoScaling_, at most 35 characters',
  ),
);

export const organizationalUnit = word(/^(ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}|r-[0-9a-z]{4,32})$/, (value) =>
  say(
    `"${value}" is not the id of an organizational unit`,
    'write its id, such as ou-ab12-11112222, or that of a root: r-ab12',
  ),
);

const AWS_ALIAS = /^(alias\/)?aws\//;
const KEY_ARN = /^arn:[a-z-]+:kms:([a-z0-9-]+|\{region\}):(\d{12}|\{account\}):key\/[A-Za-z0-9-]+$/;
const ALIAS = /^(?!alias\/aws\/)alias\/[A-Za-z0-9/_{}-]{1,250}$/;

/** What a wrong name of a key is, in words. `own` is what to write where an AWS managed key was named. */
function wrongKey(value: string, own: string): string {
  const aliasArn = /^arn:[a-z-]+:kms:[^:]*:[^:]*:(alias\/.+)$/.exec(value)?.[1];
  if (AWS_ALIAS.test(aliasArn ?? value))
    return say(`"${value}" is a key that AWS manages: it cannot be shared or given a policy`, own);
  if (aliasArn) return say(`"${value}" is the ARN of an alias`, `write ${aliasArn}, or the ARN of the key`);
  if (value.startsWith('arn:'))
    return say(`"${value}" is not the ARN of a KMS key`, 'write arn:aws:kms:REGION:ACCOUNT:key/ID');
  if (/^(mrk-[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f-]{27})$/.test(value))
    return say(`"${value}" is a key id, which does not say whose key it is`, 'write its ARN, or an alias');
  return say(`"${value}" is not the name of a key`, 'write alias/NAME or the ARN of a key');
}

const ACCOUNT_OR_KEY = 'write "account" (the default EBS key of each account and Region) or a key of your own';

export const keyText = word(new RegExp(`${ALIAS.source}|${KEY_ARN.source}`), (value) =>
  wrongKey(value, 'write the alias of a key of your own, such as alias/images'),
);
export const volumeKeyText = word(new RegExp(`^account$|^image$|${ALIAS.source}|${KEY_ARN.source}`), (value) =>
  wrongKey(value, ACCOUNT_OR_KEY),
);
export const keyArn = word(KEY_ARN, (value) => wrongKey(value, 'write the ARN of a key of the builder'));
export const keyAlias = word(/^(?!(alias\/)?aws\/)(alias\/)?[A-Za-z0-9/_-]{1,250}$/, (value) => {
  if (value.startsWith('arn:')) return say(`"${value}" is an ARN`, 'write key: { arn: … }');
  return AWS_ALIAS.test(value)
    ? wrongKey(value, 'write a name of your own, such as amiport-images')
    : say(`"${value}" is not the alias of a key`, 'letters, digits and / _ - are allowed');
});

/** AMI ids have 8 or 17 hexadecimal digits. */
export const amiId = word(/^ami-([0-9a-f]{8}|[0-9a-f]{17})$/, (value) =>
  say(`"${value}" is not the id of an AMI`, 'write ami- and its 17 hexadecimal digits'),
);

/** Source: Systems Manager API Reference "PutParameter", parameter Name. */
export const parameterName = word(/^[A-Za-z0-9_./-]{1,1011}$/, (value) =>
  value.startsWith('resolve:ssm:')
    ? say('the name of a parameter stands alone', `write ${value.slice('resolve:ssm:'.length)}`)
    : say(`"${value}" is not the name of an SSM parameter`, 'letters, digits and / _ . - are allowed'),
);

/** Source: EC2 API Reference "CreateLaunchTemplate". Ids differ from account to account, so names it is. */
export const launchTemplate = word(/^(?!lt-[0-9a-f]{8,17}$)[a-zA-Z0-9().\-/_]{3,128}$/, (value) =>
  value.startsWith('lt-')
    ? say(`"${value}" is the id of a launch template, which is another in every account and Region`, 'write its name')
    : say(`"${value}" is not the name of a launch template`, '3 to 128 letters, digits and ( ) . / _ - are allowed'),
);

export const instanceType = word(/^[a-z][a-z0-9-]*\.[a-z0-9-]+$/, (value) =>
  say(`"${value}" is not an instance type`, 'write one such as t3.micro'),
);

export const webhookUrl = word(
  /^(https:\/\/[^\s/@]+(\/\S*)?|http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(\/\S*)?)$/,
  (value) =>
    value.startsWith('http://')
      ? say('a webhook off this machine has to be told over https', 'write https://…')
      : say('this is not the URL of a webhook', 'write https://HOST/PATH, without a user or password in it'),
);

const channelArn = (service: string, resource: RegExp, says: string, example: string) =>
  word(new RegExp(`^arn:aws[a-z-]*:${service}:[a-z0-9-]+:\\d{12}:${resource.source}$`), (value) =>
    say(`"${value}" is not the ARN of ${says}`, `write ${example}`),
  );

/** FIFO topics are for queues, and want more of a message than that it was sent. */
export const topicArn = channelArn(
  'sns',
  /[A-Za-z0-9_-]{1,256}/,
  'a standard SNS topic',
  'arn:aws:sns:REGION:ACCOUNT:NAME',
);
export const busArn = channelArn(
  'events',
  /event-bus\/[\w.-]{1,256}/,
  'an event bus',
  'arn:aws:events:REGION:ACCOUNT:event-bus/NAME',
);

export const variableName = word(/^[A-Za-z_][A-Za-z0-9_]*$/, (value) =>
  say(
    `"${value}" is not the name of a variable of the environment`,
    'write a name such as AMIPORT_WEBHOOK_SECRET, not the secret itself',
  ),
);
