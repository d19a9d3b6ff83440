/** Systems Manager Parameter Store of one account in one Region. Source: SSM API Reference. */
export interface SsmPlace {
  readonly parameters: Map<string, Parameter>;
}

export interface Parameter {
  readonly name: string;
  readonly arn: string;
  readonly type: 'String' | 'StringList' | 'SecureString';
  readonly dataType: string;
  readonly tier: string;
  /** Oldest first, at most 100. */
  readonly versions: ParameterVersion[];
  readonly tags: Map<string, string>;
}

export interface ParameterVersion {
  readonly version: number;
  readonly value: string;
  readonly description: string | undefined;
  readonly allowedPattern: string | undefined;
  readonly keyId: string | undefined;
  readonly modifiedMs: number;
  readonly modifiedBy: string;
  readonly labels: Set<string>;
}
