/**
 * Table of AWS facts: every Region a config may name, its partition, and whether an account must opt in first.
 * Source: AWS General Reference "AWS service endpoints"; Account Management Guide "Enable or disable AWS Regions".
 */
export interface Region {
  readonly partition: string;
  /** Switched off in an account until somebody there enables it. */
  readonly optIn: boolean;
}

const DEFAULT_ON = [
  'ap-northeast-1',
  'ap-northeast-2',
  'ap-northeast-3',
  'ap-south-1',
  'ap-southeast-1',
  'ap-southeast-2',
  'ca-central-1',
  'eu-central-1',
  'eu-north-1',
  'eu-west-1',
  'eu-west-2',
  'eu-west-3',
  'sa-east-1',
  'us-east-1',
  'us-east-2',
  'us-west-1',
  'us-west-2',
] as const;

const OPT_IN = [
  'af-south-1',
  'ap-east-1',
  'ap-east-2',
  'ap-south-2',
  'ap-southeast-3',
  'ap-southeast-4',
  'ap-southeast-5',
  'ap-southeast-6',
  'ap-southeast-7',
  'ca-west-1',
  'eu-central-2',
  'eu-south-1',
  'eu-south-2',
  'il-central-1',
  'me-central-1',
  'me-south-1',
  'mx-central-1',
] as const;

const GOVCLOUD = ['us-gov-east-1', 'us-gov-west-1'] as const;
const CHINA = ['cn-north-1', 'cn-northwest-1'] as const;

/** In the order that messages list them. */
export const REGION_NAMES: readonly string[] = [...DEFAULT_ON, ...OPT_IN, ...GOVCLOUD, ...CHINA];

const rows = (names: readonly string[], region: Region): [string, Region][] => names.map((name) => [name, region]);

const REGIONS: ReadonlyMap<string, Region> = new Map([
  ...rows(DEFAULT_ON, { partition: 'aws', optIn: false }),
  ...rows(OPT_IN, { partition: 'aws', optIn: true }),
  ...rows(GOVCLOUD, { partition: 'aws-us-gov', optIn: false }),
  ...rows(CHINA, { partition: 'aws-cn', optIn: false }),
]);

/** @returns undefined for a name that is no Region */
export const regionNamed = (name: string): Region | undefined => REGIONS.get(name);
