/** `amiport sim env`: what to export to call the simulator as an account. */
import { isAccountId } from '../../base/arn.ts';
import { reason } from '../../base/outcome.ts';
import type { Context } from '../context.ts';
import { Printer } from '../print.ts';

interface EnvFlags {
  readonly port: number;
  readonly region: string;
}

/** For `eval`: so nothing that is not of the expected form ever gets into these lines. */
export function env(this: Context, flags: EnvFlags, account: string): void {
  const printer = new Printer(this, { json: false, quiet: false, noColor: false });
  const wrong = !isAccountId(account)
    ? reason('cli.account.malformed', account, `an account id has 12 digits, "${account}" does not`)
    : !/^[a-z]{2,3}(-[a-z]{2,12}){1,3}-\d{1,2}$/.test(flags.region)
      ? reason('cli.region.malformed', flags.region, `"${flags.region}" is not a Region such as eu-west-1`)
      : undefined;
  if (wrong !== undefined) {
    this.process.exitCode = printer.bad({ reason: wrong, problems: [] });
    return;
  }
  const url = `http://127.0.0.1:${flags.port}`;
  const set = {
    AWS_ACCESS_KEY_ID: account,
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: flags.region,
    AWS_DEFAULT_REGION: flags.region,
    AWS_ENDPOINT_URL: url,
    AMIPORT_ENDPOINT: url,
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  printer.raw(
    [
      'unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SESSION_TOKEN',
      ...Object.entries(set).map(([name, value]) => `export ${name}=${value}`),
    ].join('\n'),
  );
}
