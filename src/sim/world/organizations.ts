/** AWS Organizations state. Source: AWS Organizations API Reference. */
export interface Organization {
  readonly id: string;
  readonly managementAccount: string;
  readonly rootId: string;
  /** Policy types switched on for the root. */
  readonly policyTypes: Set<'SERVICE_CONTROL_POLICY' | 'RESOURCE_CONTROL_POLICY'>;
  readonly units: Map<string, OrganizationalUnit>;
  readonly members: Map<string, Member>;
  readonly policies: Map<string, OrganizationPolicy>;
  /** Target (root, OU or account id) → policy ids attached. */
  readonly attachments: Map<string, Set<string>>;
  /** Account → tasks of CreateAccount and their state. */
  readonly requests: Map<string, { readonly accountName: string; readonly account: string; readonly atMs: number }>;
}

export interface OrganizationalUnit {
  readonly id: string;
  name: string;
  readonly parentId: string;
}

export interface Member {
  readonly account: string;
  readonly email: string;
  readonly joinedMs: number;
  parentId: string;
  status: 'ACTIVE' | 'SUSPENDED' | 'PENDING_CLOSURE';
}

export interface OrganizationPolicy {
  readonly id: string;
  name: string;
  description: string;
  readonly type: 'SERVICE_CONTROL_POLICY' | 'RESOURCE_CONTROL_POLICY';
  content: string;
  readonly awsManaged: boolean;
}
