/** Carries edits out on the text of a policy: statements that are there stay as they are and where they are. */
import type { PolicyEdit } from '../base/patch.ts';

interface Statement {
  readonly Sid?: string;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

interface Document {
  readonly Version?: string;
  readonly Statement?: readonly Statement[] | Statement;
}

/** @param current the JSON text there, or undefined for a policy that is not there yet */
export function editedPolicy(current: string | undefined, edits: readonly PolicyEdit[]): string {
  const there = JSON.parse(current ?? '{"Version":"2012-10-17","Statement":[]}') as Document;
  const statements = [there.Statement ?? []].flat();
  const edited = edits.reduce<readonly Statement[]>(
    (all, edit) =>
      edit.do === 'allow'
        ? withStatement(all, edit.statement)
        : all.map((s, i) => (nameOf(s, i) === edit.statement ? exempting(s, edit.principal) : s)),
    statements,
  );
  return JSON.stringify({ ...there, Statement: edited });
}

/** As authz names a statement: its Sid, or its position. */
const nameOf = (s: Statement, index: number): string => s.Sid ?? `#${index}`;

/** The same statement asked for twice is there once. Sids are unique in a policy, so a second one is counted on. */
function withStatement(all: readonly Statement[], statement: Statement): readonly Statement[] {
  const { Sid: _, ...wanted } = statement;
  const text = JSON.stringify(wanted);
  if (all.some(({ Sid: _sid, ...s }) => JSON.stringify(s) === text)) return all;
  const sids = new Set(all.map((s) => s.Sid));
  const base = statement.Sid ?? 'Mend';
  let Sid = base;
  for (let n = 2; sids.has(Sid); n++) Sid = `${base}${n}`;
  return [...all, { ...statement, Sid }];
}

/** Conditions are ANDed, and the values of a negated operator all have to differ (IAM User Guide "Conditions with multiple context keys or values"). */
function exempting(s: Statement, principal: string): Statement {
  const operator = 'ArnNotEquals';
  const there = s.Condition?.[operator] ?? {};
  const name = Object.keys(there).find((k) => k.toLowerCase() === 'aws:principalarn') ?? 'aws:PrincipalArn';
  const values = [...new Set([...[there[name] ?? []].flat(), principal])];
  const value = values.length === 1 ? values[0] : values;
  return { ...s, Condition: { ...s.Condition, [operator]: { ...there, [name]: value } } } as Statement;
}
