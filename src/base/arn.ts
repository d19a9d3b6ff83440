/**
 * Amazon Resource Names and account ids.
 * Source: IAM User Guide, "Identify AWS resources with Amazon Resource Names (ARNs)".
 */
export interface Arn {
  readonly partition: string;
  readonly service: string;
  readonly region: string;
  readonly account: string;
  /** All after the fifth colon, colons included. */
  readonly resource: string;
}

/** @returns undefined when `text` is not of the form `arn:partition:service:region:account:resource` */
export function parseArn(text: string): Arn | undefined {
  const parts = text.split(':');
  const [scheme, partition, service, region, account] = parts;
  if (scheme !== 'arn' || !partition || !service || region === undefined || account === undefined) return undefined;
  const resource = parts.slice(5).join(':');
  if (resource === '') return undefined;
  return { partition, service, region, account, resource };
}

export const isAccountId = (text: string): boolean => /^\d{12}$/.test(text);

export const rootArn = (account: string, partition = 'aws'): string => `arn:${partition}:iam::${account}:root`;

/** The role's name, without its path: `arn:aws:iam::1…:role/a/b/Name` → `Name`. */
export function roleNameOf(roleArn: string): string {
  return roleArn.slice(roleArn.lastIndexOf('/') + 1);
}
