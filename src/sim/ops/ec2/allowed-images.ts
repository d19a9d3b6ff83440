/**
 * Allowed AMIs (IMG-77).
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/ API_EnableAllowedImagesSettings,
 * API_DisableAllowedImagesSettings, API_GetAllowedImagesSettings, API_ReplaceImageCriteriaInAllowedImagesSettings.
 * Declarative policies are not modelled: the account manages.
 */
import { anyOf } from '../../ec2/demands.ts';
import { onlyMembers } from '../../launch/unmodelled.ts';
import { type Call, Fault, operation } from '../../operation.ts';
import type { Ec2 } from '../../wire/shapes.ts';
import type { ImageCriterion } from '../../world/ec2.ts';
import { placeOf } from '../../world/make.ts';

const settings = ({ world, place }: Call<unknown>) => placeOf(world, place.account, place.region).ec2.allowedImages;

export const enableAllowedImagesSettings = operation<
  Ec2.EnableAllowedImagesSettingsRequest,
  Ec2.EnableAllowedImagesSettingsResult
>('ec2.EnableAllowedImagesSettings', {
  accepts: ['AllowedImagesSettingsState'],
  demands: () => anyOf('EnableAllowedImagesSettings'),
  apply(call) {
    const state = call.input.AllowedImagesSettingsState;
    if (state !== 'enabled' && state !== 'audit-mode') {
      throw new Fault('InvalidParameterValue', `Value (${state}) for parameter allowedImagesSettingsState is invalid.`);
    }
    settings(call).state = state;
    return { AllowedImagesSettingsState: state };
  },
});

export const disableAllowedImagesSettings = operation<
  Ec2.DisableAllowedImagesSettingsRequest,
  Ec2.DisableAllowedImagesSettingsResult
>('ec2.DisableAllowedImagesSettings', {
  accepts: [],
  demands: () => anyOf('DisableAllowedImagesSettings'),
  apply(call) {
    settings(call).state = 'disabled';
    return { AllowedImagesSettingsState: 'disabled' };
  },
});

export const getAllowedImagesSettings = operation<
  Ec2.GetAllowedImagesSettingsRequest,
  Ec2.GetAllowedImagesSettingsResult
>('ec2.GetAllowedImagesSettings', {
  accepts: [],
  demands: () => anyOf('GetAllowedImagesSettings'),
  apply(call) {
    const { state, criteria } = settings(call);
    return { State: state, ImageCriteria: criteria.map(criterionShape), ManagedBy: 'account' };
  },
});

const CRITERIA_MAX = 10;
const PROVIDERS_MAX = 200;
const NAMES_MAX = 50;

export const replaceImageCriteriaInAllowedImagesSettings = operation<
  Ec2.ReplaceImageCriteriaInAllowedImagesSettingsRequest,
  Ec2.ReplaceImageCriteriaInAllowedImagesSettingsResult
>('ec2.ReplaceImageCriteriaInAllowedImagesSettings', {
  accepts: ['ImageCriteria'],
  demands: () => anyOf('ReplaceImageCriteriaInAllowedImagesSettings'),
  apply(call) {
    const given = call.input.ImageCriteria ?? [];
    if (given.length > CRITERIA_MAX) throw invalid(`More than ${CRITERIA_MAX} image criteria.`);
    settings(call).criteria = given.map(criterionOf);
    return { ReturnValue: true };
  },
});

const MEMBERS = [
  'CreationDateCondition',
  'DeprecationTimeCondition',
  'ImageNames',
  'ImageProviders',
  'MarketplaceProductCodes',
];

function criterionOf(given: Ec2.ImageCriterionRequest): ImageCriterion {
  onlyMembers('ReplaceImageCriteriaInAllowedImagesSettings', 'ImageCriteria', given, MEMBERS);
  const { ImageProviders: providers, ImageNames: names, MarketplaceProductCodes: codes } = given;
  if ((providers?.length ?? 0) > PROVIDERS_MAX) throw invalid(`More than ${PROVIDERS_MAX} image providers.`);
  if ((names?.length ?? 0) > NAMES_MAX) throw invalid(`More than ${NAMES_MAX} image names.`);
  if ((codes?.length ?? 0) > NAMES_MAX) throw invalid(`More than ${NAMES_MAX} Marketplace product codes.`);
  for (const provider of providers ?? []) checkProvider(provider, providers ?? []);
  const created = given.CreationDateCondition?.MaximumDaysSinceCreated;
  const deprecated = given.DeprecationTimeCondition?.MaximumDaysSinceDeprecated;
  return {
    ...(providers?.length ? { providers } : {}),
    ...(names?.length ? { names } : {}),
    ...(codes?.length ? { marketplaceProductCodes: codes } : {}),
    ...(created === undefined ? {} : { maximumDaysSinceCreated: created }),
    ...(deprecated === undefined ? {} : { maximumDaysSinceDeprecated: deprecated }),
  };
}

function checkProvider(provider: string, all: readonly string[]): void {
  if (/^\d{12}$/.test(provider)) return;
  if (['amazon', 'aws-marketplace', 'aws-backup-vault'].includes(provider)) return;
  if (provider === 'none' && all.length === 1) return;
  throw invalid(`Value (${provider}) for parameter imageProvider is invalid.`);
}

const invalid = (says: string): Fault => new Fault('InvalidParameterValue', says);

const criterionShape = (criterion: ImageCriterion): Ec2.ImageCriterion => ({
  ImageProviders: criterion.providers && [...criterion.providers],
  ImageNames: criterion.names && [...criterion.names],
  MarketplaceProductCodes: criterion.marketplaceProductCodes && [...criterion.marketplaceProductCodes],
  CreationDateCondition:
    criterion.maximumDaysSinceCreated === undefined
      ? undefined
      : { MaximumDaysSinceCreated: criterion.maximumDaysSinceCreated },
  DeprecationTimeCondition:
    criterion.maximumDaysSinceDeprecated === undefined
      ? undefined
      : { MaximumDaysSinceDeprecated: criterion.maximumDaysSinceDeprecated },
});
