/** Rules whose mutants another simulator cannot notice, and why; the case files notice each. Kept exact by `mutants.test.ts`. */
interface Beyond {
  readonly why: string;
  /** By file of src/authz. */
  readonly rules: Readonly<Record<string, readonly string[]>>;
}

export const BEYOND_ORACLE: readonly Beyond[] = [
  {
    why: 'it knows no grants',
    rules: {
      'compile.ts': ['grants are found by the account of the grantee'],
      'grants.ts': [
        'DescribeKey is not held to the constraint',
        'Equals and unknown keys',
        'Equals wants no more',
        'RetireGrant is not held to the constraint',
        'SourceArn',
        'SourceArn that is unknown',
        'Subset takes more',
        'a child may have as much, no more',
        'a child of Equals is Equals',
        'a child of an unknown type',
        'a child of unknown operations',
        'a grant has a constraint',
        'a grant has a grantee',
        'a grant is on one key',
        'a grant lists operations',
        'a grant passes on what it has',
        'a grant takes time',
        'a grantee service',
        'a pair that is unknown',
        'a role serves its sessions',
        'a session serves by its ARN',
        'a token makes it count',
        'an account serves its principals',
        'every pair',
        'its own account',
        'one made again is not the grantee',
        'only CreateGrant passes on',
        'operations are matched whatever their case',
        'the case of keys is open',
        "the token must be the grant's",
        'values mind case',
      ],
      'paths.ts': [
        'a grantee retires without key trust',
        'a key policy cannot give RetireGrant',
        'another account does not retire',
        'boundaries and grants are open',
        'grants count on keys',
        'grants that cannot be read',
        'key trust',
        'key trust at home',
        'key trust by IAM',
        'key trust by the issuing account',
        'only the retiring principal',
        'retiring is about the grants of that key',
        'the issuing account retires',
        'the issuing account retires by IAM',
        'the retiring principal retires',
      ],
    },
  },
  {
    why: 'it has no answer for what is not known',
    rules: {
      'conditions.ts': [
        'a variable that is unknown',
        'an unknown key makes it unknown',
        'an unknown variable makes the condition unknown',
      ],
      'evaluate.ts': [
        'a Deny that may match',
        'a level that may allow',
        'a way that may allow',
        'what is absent makes it unknown',
      ],
      'facts-of-request.ts': ['unknown keys are named', 'unknown keys by their beginning'],
      'layers.ts': [
        'guardrails that cannot be read',
        'what cannot be read may allow',
        'what cannot be read may hold a Deny',
      ],
      'paths.ts': [
        'a key policy that cannot be read',
        'a statement that may match does not allow',
        'other resources: a policy that cannot be read',
      ],
      'principals.ts': [
        'NotPrincipal wants session and role',
        'NotPrincipal wants the account',
        'NotPrincipal with a part of the list is open',
      ],
      'statements.ts': [
        'NotPrincipal that is open',
        'a Deny that may match is kept in mind',
        'a canonical id is open',
        'a resource that hangs on what is unknown',
        'an Allow that may match does not allow',
        'what is unknown is named',
      ],
    },
  },
  {
    why: 'it is compared by its verdict, and this changes only what is told beside it',
    rules: {
      'evaluate.ts': ['RCP levels', 'endpoint policies are named'],
      'grants.ts': ['near: one thing', 'near: the constraint', 'near: the grantee', 'near: too young'],
      'paths.ts': [
        'missing: IAM is not, at home, where the key is silent',
        'missing: both sides',
        'missing: key trust',
        'missing: the resource policy',
        'what decided by delegation is on both sides',
      ],
      'statements.ts': [
        'near: of Allows',
        'near: one thing',
        'near: the action',
        'near: the condition',
        'near: the principal',
        'near: the resource',
      ],
    },
  },
  {
    why: 'it does not model it: unique ids, providers, the users behind federated sessions, whom guardrails spare, KMS operations across accounts, AWS managed keys, `kms:ResourceAliases`',
    rules: {
      'compile.ts': ['AWS managed keys', 'the management account'],
      'kms-operations.ts': [
        'DisableKey does not',
        'GetKeyRotationStatus works across accounts',
        'PutKeyPolicy does not',
      ],
      'layers.ts': [
        'RCPs protect some services',
        'RCPs spare AWS managed keys',
        'RCPs spare kms:RetireGrant',
        'RCPs spare service-linked roles',
        'RCPs spare the management account',
        'SCPs do not bind providers',
        'SCPs do not bind services',
        'SCPs spare service-linked roles',
        'SCPs spare the management account',
      ],
      'paths.ts': [
        'a user that is named is limited by its session policy',
        'at home they do work',
        'operations without cross-account use',
      ],
      'principals.ts': [
        'NotPrincipal spares a listed provider',
        'a federated user through its user',
        'a federated user through its user is a user',
        'a provider by its name',
        'a provider is no service',
        'a role by its id',
        'a user by its id',
      ],
      'statements.ts': ['kms:ResourceAliases is for IAM'],
    },
  },
  {
    why: 'it answers otherwise than the pages: a known disagreement, or a question that is left out for that',
    rules: {
      'conditions.ts': [
        'a variable of several values has none',
        'an empty list counts as absent for Null',
        'an empty text is a null set',
      ],
      'glob.ts': ['ArnLike * matches all'],
      'ip.ts': ['families do not mix'],
      'operators.ts': ['epoch dates are seconds', 'variables do not count elsewhere'],
      'paths.ts': ['the root user needs no policy'],
      'policy.ts': ['variables count from 2012-10-17 on'],
      'principals.ts': ['a federated session is a session'],
    },
  },
  {
    why: 'it takes such a policy otherwise: it refuses what AWS lets do nothing, or the other way round',
    rules: {
      'policy.ts': ['Null has no IfExists'],
      'statements.ts': [
        'a key policy statement without Resource does nothing',
        'a resource policy without Principal names nobody',
        'an identity statement without Resource does nothing',
        'endpoint policies name principals',
      ],
    },
  },
  {
    why: 'no question that both understand is answered otherwise: another rule says the same, or each question says what this would fill in',
    rules: {
      'facts-of-request.ts': [
        'a key is a key only where it has a list',
        "the resource is the caller's own unless said",
      ],
      'layers.ts': ['a key policy is known'],
      'paths.ts': ['other resources: no policy, the caller alone'],
      'policy.ts': ['Effect must be there'],
    },
  },
];
