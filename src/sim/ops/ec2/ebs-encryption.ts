/**
 * Encryption by default and the default key of a place.
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/ API_EnableEbsEncryptionByDefault and its five
 * siblings; facts 4. EBD-3: what is set as default key is not checked now; launches under a wrong one fail.
 */
import { anyOf } from '../../ec2/demands.ts';
import { givenKeyArn } from '../../ec2/key-names.ts';
import { required } from '../../ec2/required.ts';
import { defaultEbsKey } from '../../kms/use.ts';
import { type Call, operation } from '../../operation.ts';
import type { Ec2 } from '../../wire/shapes.ts';
import { placeOf } from '../../world/make.ts';

const settings = ({ world, place }: Call<unknown>) => placeOf(world, place.account, place.region).ec2;

/** EBD-2: asking for the default key makes the AWS managed one, so even the reading operation changes the world. */
const defaultKey = (call: Call<unknown>) => ({
  KmsKeyId: defaultEbsKey(call, call.place.account, call.place.region),
});

export const getEbsEncryptionByDefault = operation<
  Ec2.GetEbsEncryptionByDefaultRequest,
  Ec2.GetEbsEncryptionByDefaultResult
>('ec2.GetEbsEncryptionByDefault', {
  accepts: [],
  demands: () => anyOf('GetEbsEncryptionByDefault'),
  apply: (call) => ({ EbsEncryptionByDefault: settings(call).encryptionByDefault, SseType: 'sse-kms' }),
});

export const enableEbsEncryptionByDefault = operation<
  Ec2.EnableEbsEncryptionByDefaultRequest,
  Ec2.EnableEbsEncryptionByDefaultResult
>('ec2.EnableEbsEncryptionByDefault', {
  accepts: [],
  demands: () => anyOf('EnableEbsEncryptionByDefault'),
  apply(call) {
    settings(call).encryptionByDefault = true;
    return { EbsEncryptionByDefault: true };
  },
});

export const disableEbsEncryptionByDefault = operation<
  Ec2.DisableEbsEncryptionByDefaultRequest,
  Ec2.DisableEbsEncryptionByDefaultResult
>('ec2.DisableEbsEncryptionByDefault', {
  accepts: [],
  demands: () => anyOf('DisableEbsEncryptionByDefault'),
  apply(call) {
    settings(call).encryptionByDefault = false;
    return { EbsEncryptionByDefault: false };
  },
});

export const getEbsDefaultKmsKeyId = operation<Ec2.GetEbsDefaultKmsKeyIdRequest, Ec2.GetEbsDefaultKmsKeyIdResult>(
  'ec2.GetEbsDefaultKmsKeyId',
  {
    accepts: [],
    readOnly: false,
    demands: () => anyOf('GetEbsDefaultKmsKeyId'),
    apply: defaultKey,
  },
);

export const modifyEbsDefaultKmsKeyId = operation<
  Ec2.ModifyEbsDefaultKmsKeyIdRequest,
  Ec2.ModifyEbsDefaultKmsKeyIdResult
>('ec2.ModifyEbsDefaultKmsKeyId', {
  accepts: ['KmsKeyId'],
  demands: () => anyOf('ModifyEbsDefaultKmsKeyId'),
  apply(call) {
    const arn = givenKeyArn(call, call.place, required(call.input.KmsKeyId, 'kmsKeyId'));
    settings(call).defaultKmsKeyId = arn;
    return { KmsKeyId: arn };
  },
});

export const resetEbsDefaultKmsKeyId = operation<Ec2.ResetEbsDefaultKmsKeyIdRequest, Ec2.ResetEbsDefaultKmsKeyIdResult>(
  'ec2.ResetEbsDefaultKmsKeyId',
  {
    accepts: [],
    demands: () => anyOf('ResetEbsDefaultKmsKeyId'),
    apply(call) {
      settings(call).defaultKmsKeyId = undefined;
      return defaultKey(call);
    },
  },
);
