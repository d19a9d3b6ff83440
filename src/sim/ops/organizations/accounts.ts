/**
 * Accounts that come and go, and who else may ask. Source: AWS Organizations API Reference "CreateAccount",
 * "DescribeCreateAccountStatus", "CloseAccount", "RemoveAccountFromOrganization", "RegisterDelegatedAdministrator".
 * Differs from AWS: a new account's administrator has the secret of the management account's.
 */
import { makeRole } from '../../iam/make-role.ts';
import { type Call, Fault, operation, task } from '../../operation.ts';
import type { Organizations } from '../../wire/shapes.ts';
import { newAccount } from '../../world/make.ts';
import type { AccountRequest, Member, Organization } from '../../world/organizations.ts';
import { join } from '../../world/organize.ts';
import { DEFAULT_REGIONS } from '../../world/regions.ts';
import { accountShape, constraint, everything, ownOrganization, pageOf } from './members.ts';

const ACCESS_ROLE = 'OrganizationAccountAccessRole';

export const createAccount = operation<Organizations.CreateAccountRequest, Organizations.CreateAccountResponse>(
  'organizations.CreateAccount',
  {
    accepts: ['Email', 'AccountName', 'RoleName'],
    demands: () => everything('CreateAccount'),
    apply(call) {
      const org = ownOrganization(call);
      const { Email = '', AccountName = '', RoleName } = call.input;
      if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(Email) || Email.length > 64)
        throw new Fault('InvalidInputException', 'You specified an invalid value. Email is not an address.');
      if (AccountName === '' || AccountName.length > 50)
        throw new Fault(
          'InvalidInputException',
          'You specified an invalid value. AccountName takes 1 to 50 characters.',
        );
      const taken = [...org.members.values()].some((m) => m.email === Email);
      const request: AccountRequest = {
        accountName: AccountName,
        account: newAccountId(call),
        atMs: call.nowMs,
        ...(taken ? { failure: 'EMAIL_ALREADY_EXISTS' } : {}),
      };
      const id = `car-${call.newHex(32)}`;
      org.requests.set(id, request);
      if (!taken)
        call.later(call.world.settings.pendingMs, 'organizations.create-account', {
          account: request.account,
          name: AccountName,
          email: Email,
          role: RoleName ?? ACCESS_ROLE,
        });
      return { CreateAccountStatus: statusOf(org, id, request) };
    },
  },
);

function newAccountId(call: Call<unknown>): string {
  for (;;) {
    const id = String(Number.parseInt(call.newHex(12), 16) % 1_000_000_000_000).padStart(12, '0');
    if (!call.world.accounts.has(id)) return id;
  }
}

interface NewAccount {
  readonly account: string;
  readonly name: string;
  readonly email: string;
  readonly role: string;
}

export const createAccountTask = task('organizations.create-account', (ctx, data) => {
  const { account, name, email, role } = data as unknown as NewAccount;
  const org = ctx.world.organization;
  if (org === undefined || ctx.world.accounts.has(account)) return;
  const secret = ctx.world.accounts.get(org.managementAccount)?.secret;
  const made = newAccount(account, name, DEFAULT_REGIONS, secret);
  ctx.world.accounts.set(account, made);
  join(ctx.world, account);
  const member = org.members.get(account);
  if (member) org.members.set(account, { ...member, email, joinedMs: ctx.nowMs });
  const { partition } = ctx.world;
  const trust = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: `arn:${partition}:iam::${org.managementAccount}:root` },
        Action: 'sts:AssumeRole',
      },
    ],
  };
  const attached = [`arn:${partition}:iam::aws:policy/AdministratorAccess`];
  const permissions = { inline: new Map(), attached, boundary: undefined };
  made.iam.roles.set(
    role,
    makeRole(ctx, { account, name: role, path: '/', trust: JSON.stringify(trust), permissions }),
  );
});

function statusOf(org: Organization, id: string, r: AccountRequest): Organizations.CreateAccountStatus {
  const done = org.members.get(r.account);
  const State = r.failure !== undefined ? 'FAILED' : done === undefined ? 'IN_PROGRESS' : 'SUCCEEDED';
  return {
    Id: id,
    AccountName: r.accountName,
    State,
    RequestedTimestamp: new Date(r.atMs),
    ...(done === undefined ? {} : { AccountId: r.account, CompletedTimestamp: new Date(done.joinedMs) }),
    ...(r.failure === undefined ? {} : { FailureReason: r.failure, CompletedTimestamp: new Date(r.atMs) }),
  };
}

export const describeCreateAccountStatus = operation<
  Organizations.DescribeCreateAccountStatusRequest,
  Organizations.DescribeCreateAccountStatusResponse
>('organizations.DescribeCreateAccountStatus', {
  accepts: ['CreateAccountRequestId'],
  demands: () => everything('DescribeCreateAccountStatus'),
  apply(call) {
    const org = ownOrganization(call, 'delegated');
    const id = call.input.CreateAccountRequestId ?? '';
    const request = org.requests.get(id);
    if (request === undefined)
      throw new Fault(
        'CreateAccountStatusNotFoundException',
        "We can't find an create account request with the CreateAccountRequestId that you specified.",
      );
    return { CreateAccountStatus: statusOf(org, id, request) };
  },
});

function mustFindMember(call: Call<{ readonly AccountId?: string | undefined }>, org: Organization): Member {
  const member = org.members.get(call.input.AccountId ?? '');
  if (member === undefined) throw new Fault('AccountNotFoundException', "You specified an account that doesn't exist.");
  return member;
}

/** Closed accounts are suspended for 90 days, and nobody can call in their name. */
export const closeAccount = operation<Organizations.CloseAccountRequest, Record<string, never>>(
  'organizations.CloseAccount',
  {
    accepts: ['AccountId'],
    demands: () => everything('CloseAccount'),
    apply(call) {
      const org = ownOrganization(call);
      const member = mustFindMember(call, org);
      if (member.account === org.managementAccount)
        throw constraint('CANNOT_CLOSE_MANAGEMENT_ACCOUNT', 'You cannot close the management account.');
      if (member.status !== 'ACTIVE')
        throw new Fault('AccountAlreadyClosedException', 'You attempted to close an account that is already closed.');
      member.status = 'PENDING_CLOSURE';
      call.later(call.world.settings.pendingMs, 'organizations.close-account', { account: member.account });
      return {};
    },
  },
);

export const closeAccountTask = task('organizations.close-account', (ctx, data) => {
  const member = ctx.world.organization?.members.get(String(data.account));
  if (member?.status === 'PENDING_CLOSURE') member.status = 'SUSPENDED';
});

export const removeAccountFromOrganization = operation<
  Organizations.RemoveAccountFromOrganizationRequest,
  Record<string, never>
>('organizations.RemoveAccountFromOrganization', {
  accepts: ['AccountId'],
  demands: () => everything('RemoveAccountFromOrganization'),
  apply(call) {
    const org = ownOrganization(call);
    const { account } = mustFindMember(call, org);
    if (account === org.managementAccount)
      throw new Fault(
        'MasterCannotLeaveOrganizationException',
        "You can't remove a management account from an organization.",
      );
    org.members.delete(account);
    org.attachments.delete(account);
    org.delegated?.delete(account);
    return {};
  },
});

export const registerDelegatedAdministrator = operation<
  Organizations.RegisterDelegatedAdministratorRequest,
  Record<string, never>
>('organizations.RegisterDelegatedAdministrator', {
  accepts: ['AccountId', 'ServicePrincipal'],
  demands: () => everything('RegisterDelegatedAdministrator'),
  apply(call) {
    const org = ownOrganization(call);
    const { account } = mustFindMember(call, org);
    const service = call.input.ServicePrincipal ?? '';
    if (account === org.managementAccount)
      throw constraint(
        'CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR',
        'You cannot register master account/management account as delegated administrator for your organization.',
      );
    org.delegated ??= new Map();
    const services = org.delegated.get(account) ?? new Set();
    if (services.has(service))
      throw new Fault(
        'AccountAlreadyRegisteredException',
        'The provided account is already a delegated administrator for your organization.',
      );
    org.delegated.set(account, services.add(service));
    return {};
  },
});

export const deregisterDelegatedAdministrator = operation<
  Organizations.DeregisterDelegatedAdministratorRequest,
  Record<string, never>
>('organizations.DeregisterDelegatedAdministrator', {
  accepts: ['AccountId', 'ServicePrincipal'],
  demands: () => everything('DeregisterDelegatedAdministrator'),
  apply(call) {
    const org = ownOrganization(call);
    const { account } = mustFindMember(call, org);
    const services = org.delegated?.get(account);
    if (!services?.delete(call.input.ServicePrincipal ?? ''))
      throw new Fault(
        'AccountNotRegisteredException',
        'The specified account is not a delegated administrator for this AWS service.',
      );
    if (services.size === 0) org.delegated?.delete(account);
    return {};
  },
});

export const listDelegatedAdministrators = operation<
  Organizations.ListDelegatedAdministratorsRequest,
  Organizations.ListDelegatedAdministratorsResponse
>('organizations.ListDelegatedAdministrators', {
  accepts: ['ServicePrincipal', 'MaxResults', 'NextToken'],
  demands: () => everything('ListDelegatedAdministrators'),
  apply(call) {
    const org = ownOrganization(call, 'delegated');
    const service = call.input.ServicePrincipal;
    const found = [...(org.delegated ?? [])].flatMap(([account, services]) =>
      service === undefined || services.has(service) ? (org.members.get(account) ?? []) : [],
    );
    const { items, next } = pageOf(found, call.input);
    return {
      DelegatedAdministrators: items.map((m) => accountShape(call, org, m)),
      ...next,
    };
  },
});
