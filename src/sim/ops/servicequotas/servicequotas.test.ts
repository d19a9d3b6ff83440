import {
  GetAWSDefaultServiceQuotaCommand,
  GetServiceQuotaCommand,
  ListServiceQuotasCommand,
  ListServicesCommand,
  paginateListServiceQuotas,
  ServiceQuotasClient,
} from '@aws-sdk/client-service-quotas';
import { expect, test } from 'vitest';
import { AWS_QUOTAS } from '../../quotas.ts';
import { simForTests } from '../../testing.ts';
import { QUOTAS } from './table.ts';

const client = () => simForTests().client(ServiceQuotasClient, { account: '111111111111' });

test.each([
  { ServiceCode: 'ec2', QuotaCode: 'L-70015FFA', value: 1000, per: undefined },
  { ServiceCode: 'kms', QuotaCode: 'L-0428A42E', value: 50, per: 'SECOND' },
  { ServiceCode: 'kms', QuotaCode: 'L-D594A657', value: 50_000, per: undefined },
  { ServiceCode: 'ebs', QuotaCode: 'L-C125AE42', value: 1000, per: 'SECOND' },
])('SQ-1 $QuotaCode is $value', async ({ ServiceCode, QuotaCode, value, per }) => {
  const { Quota } = await client().send(new GetServiceQuotaCommand({ ServiceCode, QuotaCode }));
  expect(Quota).toMatchObject({ Value: value, QuotaCode });
  expect(Quota?.Period?.PeriodUnit).toBe(per);
  expect(Quota?.QuotaArn).toBe(`arn:aws:servicequotas:eu-west-1:111111111111:${ServiceCode}/${QuotaCode}`);
  const standard = await client().send(new GetAWSDefaultServiceQuotaCommand({ ServiceCode, QuotaCode }));
  expect(standard.Quota?.Value).toBe(value);
});

test.each([
  { ServiceCode: 'lambda', QuotaCode: 'L-1', says: 'specified service does not' },
  { ServiceCode: 'ec2', QuotaCode: 'L-1', says: 'specified service quota does not' },
])('SQ-2 unknown: $says exist', async ({ ServiceCode, QuotaCode, says }) => {
  await expect(client().send(new GetServiceQuotaCommand({ ServiceCode, QuotaCode }))).rejects.toMatchObject({
    name: 'NoSuchResourceException',
    message: expect.stringContaining(says),
  });
});

test('SQ-3 pages hold every quota of a service once', async () => {
  const codes: string[] = [];
  for await (const page of paginateListServiceQuotas({ client: client(), pageSize: 3 }, { ServiceCode: 'kms' }))
    codes.push(...(page.Quotas ?? []).map((q) => q.QuotaCode ?? ''));
  expect(codes).toEqual(QUOTAS.filter((q) => q.service === 'kms').map((q) => q.code));
  const { Services } = await client().send(new ListServicesCommand({}));
  expect(Services?.map((s) => s.ServiceCode)).toEqual(['ebs', 'ec2', 'kms']);
  await expect(
    client().send(new ListServiceQuotasCommand({ ServiceCode: 'kms', MaxResults: 101 })),
  ).rejects.toMatchObject({ name: 'IllegalArgumentException' });
});

test('SQ-4 rates are those of the throttle; no code is there twice', () => {
  expect(QUOTAS.filter((q) => q.value <= 0)).toEqual([]);
  expect(new Set(QUOTAS.map((q) => q.code)).size).toBe(QUOTAS.length);
  expect(QUOTAS.find((q) => q.name === 'PutKeyPolicy request rate')?.value).toBe(
    AWS_QUOTAS.rates['kms.PutKeyPolicy']?.perSecond,
  );
});
