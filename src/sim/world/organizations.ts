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
  /** What CreateAccount was asked, by the id of the request; done once the account is a member. */
  readonly requests: Map<string, AccountRequest>;
  /** Delegated administrators: account → service principals. */
  delegated?: Map<string, Set<string>>;
}

export interface AccountRequest {
  readonly accountName: string;
  /** The id that the account has or will have. */
  readonly account: string;
  readonly atMs: number;
  readonly failure?: 'EMAIL_ALREADY_EXISTS';
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
