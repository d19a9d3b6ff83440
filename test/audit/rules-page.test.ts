/** docs/reference/audit-rules.md is made from the rules: `npx vitest run test/audit/rules-page.test.ts -u` writes it anew. */
import { expect, test } from 'vitest';
import { RULE_SET, type Rule, SEVERITIES } from '../../src/audit/rule.ts';
import { BUILT_IN_RULES } from '../../src/audit/rules/all.ts';

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
const row = (rule: Rule): string =>
  `| \`${rule.id}\` | ${[rule.what, rule.kind === 'path' ? 'files by name' : 'any bytes', rule.why, rule.remedy].map(cell).join(' | ')} |`;

/** Several forms of one secret share a name, and what is said of it. */
const named = new Map(BUILT_IN_RULES.map((r) => [r.id, r]));

function rulesPage(): string {
  const sections = SEVERITIES.toReversed().flatMap((severity) => {
    const rules = [...named.values()].filter((r) => r.severity === severity).toSorted((a, b) => (a.id < b.id ? -1 : 1));
    return [
      `## ${severity} (${rules.length})`,
      '',
      '| rule | finds | looked for in | why it matters | remedy |',
      '|---|---|---|---|---|',
      ...rules.map(row),
      '',
    ];
  });
  return [
    '# Rules of `amiport audit`',
    '',
    `Rule set ${RULE_SET}: ${named.size} rules. A check may raise or lower the severity of a single finding (an encrypted key, a password of a test).`,
    'Findings name the rule; `policy.secrets.allow` accepts them by it, and `policy.secrets.rules` adds rules of your own ([config](config.md)).',
    'This page is made from the rules: a test keeps it so.',
    '',
    ...sections,
  ].join('\n');
}

test('the page of rules says what the rules say', async () => {
  expect(BUILT_IN_RULES.filter((r) => r.why === '' || r.remedy === '' || r.what === '').map((r) => r.id)).toEqual([]);
  const said = ({ severity, what, why, remedy }: Rule): string => [severity, what, why, remedy].join();
  expect(BUILT_IN_RULES.filter((r) => said(r) !== said(named.get(r.id) ?? r)).map((r) => r.id)).toEqual([]);
  await expect(rulesPage()).toMatchFileSnapshot('../../docs/reference/audit-rules.md');
});
