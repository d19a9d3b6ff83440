/** The questions of `amiport init`, on a terminal. */
import type { Answers } from '../app/api.ts';

const ID = /^\d{12}$/;
const REGION = /^[a-z]{2,3}(-[a-z]{2,12}){1,3}-\d{1,2}$/;

const list = (text: string): readonly string[] => text.split(/[\s,]+/).filter((t) => t !== '');

/** @returns what is wrong with a list, or undefined */
const each =
  (what: string, pattern: RegExp) =>
  (text: string | undefined): string | undefined => {
    const all = list(text ?? '');
    if (all.length === 0) return `give at least one ${what}`;
    const wrong = all.find((one) => !pattern.test(one));
    return wrong === undefined ? undefined : `${wrong} is not ${/^[aeiou]/.test(what) ? 'an' : 'a'} ${what}`;
  };

const one =
  (what: string, pattern: RegExp) =>
  (text: string | undefined): string | undefined =>
    pattern.test(text ?? '') ? undefined : `${text ?? ''} is not ${what}`;

/** @returns undefined when whoever was asked broke off */
export async function askForConfig(file: string): Promise<Answers | undefined> {
  const { intro, text, outro, isCancel } = await import('@clack/prompts');
  let over = false;
  const ask = async (message: string, placeholder: string, validate: (t: string | undefined) => string | undefined) => {
    if (over) return '';
    const answer = await text({ message, placeholder, validate });
    over = isCancel(answer);
    return isCancel(answer) ? '' : answer.trim();
  };
  const optional = () => undefined;
  intro(`A config for amiport, to be written to ${file}`);
  const delivery = await ask(
    'A name for this delivery',
    'golden',
    one('a name of lower case letters, digits, hyphens', /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/),
  );
  const account = await ask(
    'The account that builds the images',
    '111111111111',
    one('an account id of 12 digits', ID),
  );
  const region = await ask('The Region that builds them', 'eu-west-1', one('a Region', REGION));
  const role = await ask(
    "amiport's role in every account (empty: your own credentials, one account only)",
    'amiport',
    optional,
  );
  const externalId =
    role === '' ? '' : await ask('The external id its trust policy asks for (empty: none)', 'golden-images', optional);
  const ids = list(await ask('The accounts that use the images', '222222222222 333333333333', each('account id', ID)));
  const regions = list(await ask('The Regions that get them', 'eu-west-1 us-east-1', each('Region', REGION)));
  const launchers = list(
    await ask(
      'Who launches there: role names, autoscaling, eks, spot, spotfleet, ec2fleet',
      'MyLauncherRole autoscaling',
      each('role or service', /^[\w+=,.@/-]+$/),
    ),
  );
  const images = list(
    await ask(
      'The images: NAME=SOURCE, a Packer template, a manifest, an AMI id or an SSM parameter',
      'base=images/base.pkr.hcl',
      each('NAME=SOURCE', /^[\w.-]+=.+$/),
    ),
  );
  if (over) return undefined;
  outro('Thank you');
  return {
    delivery,
    builder: { account, region },
    role,
    externalId,
    regions,
    accounts: ids.map((id) => ({ id, launchers })),
    images: images.map((text) => {
      const at = text.indexOf('=');
      return { name: text.slice(0, at), source: text.slice(at + 1) };
    }),
  };
}
