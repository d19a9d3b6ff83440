/**
 * Reads of quotas. Source: Service Quotas API Reference "GetServiceQuota", "GetAWSDefaultServiceQuota",
 * "ListServiceQuotas", "ListAWSDefaultServiceQuotas", "ListServices".
 * Differs from AWS: only what the simulator enforces is listed; nothing was ever increased, so applied values are the defaults.
 */
import { type Call, type Demand, Fault, operation } from '../../operation.ts';
import type { ServiceQuotas } from '../../wire/shapes.ts';
import { QUOTAS, type Quota, SERVICE_NAMES } from './table.ts';

const everything = (action: string): readonly Demand[] => [{ action: `servicequotas:${action}`, resource: '*' }];

/** @param applied as it holds for the caller's account; else AWS's default, which is nobody's */
function shape(call: Call<unknown>, q: Quota, applied: boolean): ServiceQuotas.ServiceQuota {
  const { account, region } = call.place;
  return {
    ServiceCode: q.service,
    ServiceName: SERVICE_NAMES[q.service],
    QuotaArn: `arn:${call.world.partition}:servicequotas:${region}:${applied ? account : ''}:${q.service}/${q.code}`,
    QuotaCode: q.code,
    QuotaName: q.name,
    Value: q.value,
    Unit: q.unit,
    Adjustable: q.adjustable,
    GlobalQuota: false,
    ...(q.perSecond ? { Period: { PeriodValue: 1, PeriodUnit: 'SECOND' } } : {}),
    ...(applied ? { QuotaAppliedAtLevel: 'ACCOUNT' } : {}),
  };
}

interface One {
  readonly ServiceCode?: string | undefined;
  readonly QuotaCode?: string | undefined;
}

const noSuch = (what: string): Fault =>
  new Fault('NoSuchResourceException', `The request failed because the specified ${what} does not exist.`);

function one(call: Call<One>, applied: boolean): { Quota: ServiceQuotas.ServiceQuota } {
  const ofService = quotasOf(call.input.ServiceCode);
  const quota = ofService.find((q) => q.code === call.input.QuotaCode);
  if (quota === undefined) throw noSuch('service quota');
  return { Quota: shape(call, quota, applied) };
}

function quotasOf(service: string | undefined): readonly Quota[] {
  if (service === undefined || !(service in SERVICE_NAMES)) throw noSuch('service');
  return QUOTAS.filter((q) => q.service === service);
}

interface Page {
  readonly NextToken?: string | undefined;
  readonly MaxResults?: number | undefined;
}

function pageOf<T>(
  all: readonly T[],
  input: Page,
): { readonly items: readonly T[]; readonly next: { NextToken?: string } } {
  const start = input.NextToken === undefined ? 0 : Number(Buffer.from(input.NextToken, 'base64url').toString());
  if (!Number.isInteger(start) || start < 0) throw new Fault('InvalidPaginationTokenException', 'Invalid NextToken.');
  const max = input.MaxResults ?? 100;
  const end = start + max;
  return {
    items: all.slice(start, end),
    next: end < all.length ? { NextToken: Buffer.from(String(end)).toString('base64url') } : {},
  };
}

function many(
  call: Call<Page & { readonly ServiceCode?: string | undefined }>,
  applied: boolean,
): { Quotas: ServiceQuotas.ServiceQuota[]; NextToken?: string } {
  const { items, next } = pageOf(quotasOf(call.input.ServiceCode), call.input);
  return { Quotas: items.map((q) => shape(call, q, applied)), ...next };
}

export const getServiceQuota = operation<ServiceQuotas.GetServiceQuotaRequest, ServiceQuotas.GetServiceQuotaResponse>(
  'servicequotas.GetServiceQuota',
  {
    accepts: ['ServiceCode', 'QuotaCode'],
    demands: () => everything('GetServiceQuota'),
    apply: (call) => one(call, true),
  },
);

export const getAwsDefaultServiceQuota = operation<
  ServiceQuotas.GetAWSDefaultServiceQuotaRequest,
  ServiceQuotas.GetAWSDefaultServiceQuotaResponse
>('servicequotas.GetAWSDefaultServiceQuota', {
  accepts: ['ServiceCode', 'QuotaCode'],
  demands: () => everything('GetAWSDefaultServiceQuota'),
  apply: (call) => one(call, false),
});

export const listServiceQuotas = operation<
  ServiceQuotas.ListServiceQuotasRequest,
  ServiceQuotas.ListServiceQuotasResponse
>('servicequotas.ListServiceQuotas', {
  accepts: ['ServiceCode', 'NextToken', 'MaxResults'],
  demands: () => everything('ListServiceQuotas'),
  apply: (call) => many(call, true),
});

export const listAwsDefaultServiceQuotas = operation<
  ServiceQuotas.ListAWSDefaultServiceQuotasRequest,
  ServiceQuotas.ListAWSDefaultServiceQuotasResponse
>('servicequotas.ListAWSDefaultServiceQuotas', {
  accepts: ['ServiceCode', 'NextToken', 'MaxResults'],
  demands: () => everything('ListAWSDefaultServiceQuotas'),
  apply: (call) => many(call, false),
});

export const listServices = operation<ServiceQuotas.ListServicesRequest, ServiceQuotas.ListServicesResponse>(
  'servicequotas.ListServices',
  {
    accepts: ['NextToken', 'MaxResults'],
    demands: () => everything('ListServices'),
    apply(call) {
      const { items, next } = pageOf(Object.entries(SERVICE_NAMES), call.input);
      return { Services: items.map(([ServiceCode, ServiceName]) => ({ ServiceCode, ServiceName })), ...next };
    },
  },
);
