/** What follows from several values of the config together: accounts, Regions, roles, the key. */
import { parseArn } from '../base/arn.ts';
import { type Mistake, pathText } from './config-issues.ts';
import type { Partially } from './config-partial.ts';
import type { ConfigShape } from './config-shape.ts';
import type { Path } from './config-text.ts';
import { regionNamed } from './regions.ts';

export type Config = Partially<ConfigShape>;
export type Report = (path: Path, message: string, instead?: string, part?: Mistake['part']) => void;

export function checkPlaces(config: Config, report: Report): void {
  const builder = config.builder?.account;
  const partition = regionNamed(config.builder?.region ?? '')?.partition;
  const seen = new Map<string, Path>();
  checkRegions(config.regions, ['regions'], undefined, report);
  for (const [i, name] of (config.regions ?? []).entries()) {
    const other = regionNamed(name ?? '')?.partition;
    if (partition && other && other !== partition)
      report(
        ['regions', i],
        `${name} is in the partition ${other}, the builder in ${partition}`,
        'AMIs cannot leave a partition: make it a delivery of its own',
      );
  }
  for (const [i, entry] of (config.accounts ?? []).entries()) {
    if (!entry) continue;
    const path = ['accounts', i];
    checkRegions(entry.regions, [...path, 'regions'], config.regions, report);
    const id = 'id' in entry ? entry.id : 'organizationalUnit' in entry ? entry.organizationalUnit : undefined;
    if (id === undefined) continue;
    const idPath = [...path, 'id' in entry ? 'id' : 'organizationalUnit'];
    const first = seen.get(id);
    if (first)
      report(idPath, `${id} is there twice, first as ${pathText(first)}`, 'put all its launchers into one entry');
    else seen.set(id, path);
    if (id === builder)
      report(idPath, `${id} is the builder, which owns the images already`, 'remove it from accounts');
  }
}

function checkRegions(
  regions: readonly (string | undefined)[] | undefined,
  path: Path,
  within: readonly (string | undefined)[] | undefined,
  report: Report,
): void {
  for (const [i, region] of (regions ?? []).entries()) {
    if (region === undefined) continue;
    if (regions?.indexOf(region) !== i) report([...path, i], `the Region ${region} is there twice`, 'remove one');
    // Where a Region of the delivery is itself wrong, that is said, and nothing of those who rely on it.
    if (within && !within.includes(region) && !within.includes(undefined))
      report(
        [...path, i],
        `${region} is not one of the Regions of the delivery`,
        `add it to regions, or take one of ${within.join(', ')}`,
      );
  }
}

/** An SNS topic or event bus of another partition cannot be reached with the builder's credentials. */
export function checkNotify(config: Config, report: Report): void {
  const partition = regionNamed(config.builder?.region ?? '')?.partition;
  for (const key of ['topic', 'bus'] as const) {
    const text = config.notify?.[key];
    const arn = parseArn(text ?? '');
    if (partition === undefined || arn === undefined) continue;
    if (regionNamed(arn.region) === undefined) report(['notify', key], `there is no Region ${arn.region}`);
    else if (arn.partition !== partition)
      report(['notify', key], `"${text}" is in the partition ${arn.partition}, the builder in ${partition}`);
  }
}

/** @param isRoleWrong access.role is there, but has a mistake of its own */
export function checkRoles(config: Config, report: Report, isRoleWrong: boolean): void {
  const partition = regionNamed(config.builder?.region ?? '')?.partition;
  const access = config.access?.role;
  const shared = access !== undefined && !access.includes('{account}');
  const foreign = (text: string | undefined): string | undefined => {
    const arn = parseArn(text ?? '');
    return partition && arn && arn.partition !== partition
      ? `"${text}" is in the partition ${arn.partition}, the builder in ${partition}`
      : undefined;
  };
  const wrongAccess = foreign(access);
  if (wrongAccess) report(['access', 'role'], wrongAccess, `write arn:${partition}:…`);
  const entries = (config.accounts ?? []).map((entry, i) => ({ entry, path: ['accounts', i] as Path }));
  const without = entries.filter(({ entry }) => entry && !('role' in entry && entry.role !== undefined));
  const needy = without.find(({ entry }) => entry && ('organizationalUnit' in entry || entry.launchers));
  const help = 'write {account} for the account id, or give every account its own role';
  if (shared && needy) report(['access', 'role'], `"${access}" is one role for all accounts`, help);
  if (!config.access?.role && needy && !isRoleWrong)
    report(
      needy.path,
      'there is no role to assume in this account',
      'add access: { role: arn:aws:iam::{account}:role/amiport }',
    );
  for (const { entry, path } of entries) {
    if (!entry) continue;
    const id = 'id' in entry ? entry.id : undefined;
    const own = 'role' in entry ? entry.role : undefined;
    const inAccount = parseArn(own ?? '')?.account;
    const wrong =
      foreign(own) ??
      (id && inAccount && inAccount !== id ? `the role is in account ${inAccount}, not in ${id}` : undefined);
    if (wrong) report([...path, 'role'], wrong);
    for (const [j, launcher] of (entry.launchers ?? []).entries()) {
      const [role, under] = roleText(launcher);
      if (role !== undefined) checkLauncher(role, id, [...path, 'launchers', j, ...under], foreign(role), report);
      const text = JSON.stringify(launcher);
      const first = (entry.launchers ?? []).findIndex((other) => JSON.stringify(other) === text);
      if (launcher !== undefined && first < j)
        report([...path, 'launchers', j], 'this launcher is there twice', 'remove one');
    }
  }
}

function roleText(launcher: unknown): readonly [string | undefined, Path] {
  const of = launcher as { role?: string; karpenter?: { role?: string } } | undefined;
  if (typeof of !== 'object' || of === null) return [undefined, []];
  return of.karpenter ? [of.karpenter.role, ['karpenter', 'role']] : [of.role, ['role']];
}

function checkLauncher(
  role: string,
  id: string | undefined,
  path: Path,
  foreign: string | undefined,
  report: Report,
): void {
  const inAccount = parseArn(role)?.account;
  const name = role.slice(role.lastIndexOf('/') + 1);
  if (role.includes('aws-service-role/') || role.startsWith('AWSServiceRoleFor'))
    report(
      path,
      `"${name}" is a service-linked role`,
      'write autoscaling, { autoscaling: SUFFIX }, spot, spotfleet or ec2fleet',
    );
  else if (foreign) report(path, foreign);
  else if (inAccount && id === undefined) report(path, `"${role}" names one account`, `write the role's name, ${name}`);
  else if (inAccount && inAccount !== id)
    report(path, `the role is in account ${inAccount}, not in ${id}`, `write its name, ${name}`);
}
