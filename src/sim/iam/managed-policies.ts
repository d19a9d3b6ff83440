/** Table of AWS managed policies by name, as far as the simulator needs them. Source: AWS Managed Policy Reference. */
const allow = (...actions: readonly string[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }] });

const DOCUMENTS: ReadonlyMap<string, string> = new Map([
  ['AdministratorAccess', allow('*')],
  ['AmazonEC2FullAccess', allow('ec2:*', 'elasticloadbalancing:*', 'cloudwatch:*', 'autoscaling:*')],
]);

/** @returns the JSON of the default version; undefined when the table does not hold it */
export function awsManagedPolicy(arn: string): string | undefined {
  return DOCUMENTS.get(arn.slice(arn.lastIndexOf('/') + 1));
}
