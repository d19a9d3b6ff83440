/** Rules for the credentials of cloud providers. */
import { isAwsKeyId } from '../checksums.ts';
import { isPlaceholder, isPublished, isRandom } from '../plausible.ts';
import { type Rule, revoke, type Scene, token } from '../rule.ts';

const why = (cloud: string): string =>
  `whoever can launch the image can act in ${cloud} as whom it belongs to, from anywhere, until it is revoked`;

const AWS = {
  why: why('AWS'),
  remedy:
    'deactivate the key in IAM and look at its last use; give instances a role (instance profile) in its place; build the image without it',
};

const SECRET_40 = /(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/=])/g;

/** A secret key stands by: then the pair works, and the id alone is the lesser part. */
const hasSecretNear = ({ around }: Scene): boolean =>
  (around.match(SECRET_40) ?? []).some(
    (s) => isRandom(s, 4.2) && /[a-z]/.test(s) && /[A-Z]/.test(s) && !/^[a-f\d]+$/i.test(s),
  );

const AWS_RULES: readonly Rule[] = [
  token({
    ...AWS,
    id: 'aws-access-key-id',
    what: 'an AWS access key id',
    keywords: ['AKIA', 'ASIA'],
    // A URL that was signed says by whose key, and has nothing else of it.
    pattern: /(?<![A-Za-z0-9+/_]|X-Amz-Credential=)(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9+/_=])/y,
    before: 200,
    check: (id, scene) =>
      isAwsKeyId(id) &&
      isRandom(id.slice(4), 2.8) &&
      (hasSecretNear(scene) ? (id.startsWith('AKIA') ? 'high' : 'medium') : 'medium'),
  }),
  token({
    ...AWS,
    id: 'aws-secret-access-key',
    severity: 'critical',
    what: 'an AWS secret access key',
    keywords: [
      'secret_access_key',
      'secretaccesskey',
      'secret-access-key',
      'aws_secret',
      'secret_key',
      'secretkey',
      'secret access key',
    ],
    pattern:
      /(?:aws_?)?secret[_ -]?(?:access[_ -]?)?key["'`]?\]?\s{0,8}(?:=>|:=|[=:,])?\s{0,8}(?:\\?["'`])?([A-Za-z0-9+/]{40})(?![A-Za-z0-9+/=])/iy,
    check: (key) => isRandom(key, 3.9) && !/^[a-f\d]{40}$/i.test(key) && /[a-z]/.test(key) && /[A-Z0-9+/]/.test(key),
  }),
  token({
    ...AWS,
    id: 'aws-secret-by-key-id',
    severity: 'critical',
    what: 'an AWS secret access key beside its key id',
    keywords: ['AKIA', 'ASIA'],
    pattern:
      /(?<![A-Za-z0-9+/_])(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Za-z0-9+/_=])[^A-Za-z0-9+/]{1,12}(?:[\w -]{0,40}[^A-Za-z0-9+/]{1,8})?([A-Za-z0-9+/]{40})(?![A-Za-z0-9+/=])/y,
    check: (key) => isRandom(key, 4.2) && /[a-z]/.test(key) && /[A-Z]/.test(key) && /\d/.test(key),
  }),
  token({
    ...AWS,
    id: 'aws-session-token',
    severity: 'medium',
    what: 'an AWS session token',
    keywords: ['IQoJb3JpZ2lu', 'FwoGZXIvYXdz', 'FQoGZXIvYXdz'],
    pattern: /(?<![A-Za-z0-9+/])(?:IQoJb3JpZ2lu|F[wQ]oGZXIvYXdz)[A-Za-z0-9+/]{100,2000}={0,2}/y,
    after: 2200,
    check: (secret) => !isPublished(secret),
  }),
  token({
    ...AWS,
    id: 'aws-bedrock-key',
    what: 'an API key of Amazon Bedrock',
    keywords: ['ABSKQmVkcm9ja0FQSUtleS', 'bedrock-api-key-'],
    pattern:
      /(?<![A-Za-z0-9])(?:ABSKQmVkcm9ja0FQSUtleS[A-Za-z0-9+/]{80,140}={0,2}|bedrock-api-key-[A-Za-z0-9+/=]{60,1500})/y,
    after: 1600,
  }),
  token({
    ...AWS,
    id: 'aws-mws-token',
    what: 'a token of Amazon Marketplace Web Service',
    keywords: ['amzn.mws.'],
    pattern: /amzn\.mws\.[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/y,
  }),
];

const GCP = {
  why: why('Google Cloud'),
  remedy: revoke('in the Google Cloud console', 'let instances use the service account of the machine'),
};
const GOOGLE_RULES: readonly Rule[] = [
  token({
    ...GCP,
    id: 'gcp-service-account',
    severity: 'critical',
    what: 'a key of a Google Cloud service account',
    keywords: ['"private_key_id"'],
    pattern: /"private_key_id"\s{0,8}:\s{0,8}"([0-9a-f]{40})"/y,
    before: 400,
    after: 4000,
    check: (id, { around }) => isRandom(id, 2.5) && /"service_account"/.test(around) && around.includes('-----BEGIN'),
  }),
  token({
    ...GCP,
    id: 'google-api-key',
    severity: 'medium',
    what: 'a Google API key',
    keywords: ['AIza'],
    pattern: /(?<![A-Za-z0-9_-])AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])/y,
    check: (key) => isRandom(key, 4),
  }),
  token({
    ...GCP,
    id: 'google-oauth-secret',
    what: 'a Google OAuth client secret',
    keywords: ['GOCSPX-'],
    pattern: /(?<![A-Za-z0-9_-])GOCSPX-[A-Za-z0-9_-]{28}(?![A-Za-z0-9_-])/y,
    check: (key) => isRandom(key, 3.5),
  }),
  token({
    ...GCP,
    id: 'google-refresh-token',
    what: 'a Google refresh or access token',
    keywords: ['refresh_token', 'access_token', 'ya29.'],
    pattern:
      /(?:(?:refresh|access)_token["']?\s{0,4}[:=]\s{0,4}["']?)?((?:1\/\/0[A-Za-z0-9_-]{40,120})|(?:ya29\.[A-Za-z0-9_-]{60,400}))/iy,
    after: 500,
    check: (key) => isRandom(key, 3.8),
  }),
];

const AZURE = {
  why: why('Azure'),
  remedy: revoke('in the Azure portal (rotate the key or secret)', 'let machines use a managed identity'),
};
const AZURE_RULES: readonly Rule[] = [
  token({
    ...AZURE,
    id: 'azure-storage-key',
    severity: 'critical',
    what: 'an Azure account key (Storage, Cosmos DB, Batch)',
    keywords: ['AccountKey', 'account_key', 'storage_key', 'storagekey', 'storage_account_key', 'access_key'],
    pattern:
      /(?:storage_?)?(?:account_?|access_?)?key["']?\s{0,4}[=:]\s{0,4}["']?([A-Za-z0-9+/]{86}==)(?![A-Za-z0-9+/=])/iy,
    check: (key) => isRandom(key, 4.5),
  }),
  token({
    ...AZURE,
    id: 'azure-shared-access-key',
    severity: 'critical',
    what: 'an Azure shared access key (Service Bus, Event Hubs, IoT)',
    keywords: ['SharedAccessKey='],
    pattern: /SharedAccessKey=([A-Za-z0-9+/]{42,43}=)(?![A-Za-z0-9+/=])/iy,
    check: (key) => isRandom(key, 3.8),
  }),
  token({
    ...AZURE,
    id: 'azure-sas',
    what: 'an Azure shared access signature',
    keywords: ['&sig=', '?sig=', ';sig=', 'Signature sr='],
    pattern: /(?:[&?;]sig=|Signature sr=[^&\s]{1,200}&sig=)([A-Za-z0-9%+/]{43,70}(?:%3[Dd]|=))/y,
    check: (key) => isRandom(key, 3.8),
  }),
  token({
    ...AZURE,
    id: 'azure-client-secret',
    severity: 'critical',
    what: 'a client secret of Microsoft Entra ID',
    keywords: ['secret', 'passw', 'AZURE_', '"value"'],
    pattern: /(?<![A-Za-z0-9_~.-])[A-Za-z0-9_~.-]{3}[78]Q~[A-Za-z0-9_~.-]{31,34}(?![A-Za-z0-9_~.-])/g,
    at: 'window',
    before: 0,
    after: 110,
    check: (key) => isRandom(key, 4),
  }),
  token({
    ...AZURE,
    id: 'azure-devops-pat',
    what: 'a personal access token of Azure DevOps',
    keywords: ['AZDO'],
    pattern: /(?<![A-Za-z0-9])[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}(?![A-Za-z0-9])/g,
    at: 'window',
    before: 90,
    check: (key) => isRandom(key, 4.2),
  }),
];

interface Simple {
  readonly id: string;
  readonly cloud: string;
  readonly what: string;
  readonly keywords: readonly string[];
  readonly pattern: RegExp;
  readonly bits?: number;
}

/** A fixed form, or a value beside the provider's own name of it. */
const SIMPLE: readonly Simple[] = [
  {
    id: 'digitalocean-token',
    cloud: 'DigitalOcean',
    what: 'a token of DigitalOcean',
    keywords: ['dop_v1_', 'doo_v1_', 'dor_v1_'],
    pattern: /(?<![a-z0-9])do[opr]_v1_[a-f0-9]{64}(?![a-f0-9])/y,
  },
  {
    id: 'digitalocean-spaces-key',
    cloud: 'DigitalOcean',
    what: 'a Spaces secret of DigitalOcean',
    keywords: ['spaces_secret'],
    pattern: /spaces_secret\w{0,20}["']?\s{0,4}[=:]\s{0,4}["']?([A-Za-z0-9+/]{43})(?![A-Za-z0-9+/])/iy,
    bits: 4,
  },
  {
    id: 'alibaba-access-key-id',
    cloud: 'Alibaba Cloud',
    what: 'an access key id of Alibaba Cloud',
    keywords: ['LTAI'],
    pattern: /(?<![A-Za-z0-9])LTAI[A-Za-z0-9]{12,24}(?![A-Za-z0-9])/y,
    bits: 3.2,
  },
  {
    id: 'alibaba-secret',
    cloud: 'Alibaba Cloud',
    what: 'an access key secret of Alibaba Cloud',
    keywords: ['accesskeysecret', 'access_key_secret', 'access-key-secret', 'alibaba', 'aliyun', 'alicloud'],
    pattern:
      /(?:(?:alibaba|aliyun|alicloud)[\w-]{0,30}|access[_-]?key[_-]?secret)["']?\s{0,4}[=:]\s{0,4}["']?([A-Za-z0-9]{30})(?![A-Za-z0-9])/iy,
    bits: 3.6,
  },
  {
    id: 'oracle-cloud-passphrase',
    cloud: 'Oracle Cloud',
    what: 'the passphrase of an API key of Oracle Cloud',
    keywords: ['pass_phrase'],
    pattern: /pass_phrase\s{0,4}[=:]\s{0,4}["']?([^\s"']{6,80})/iy,
    bits: 2,
  },
  {
    id: 'oracle-cloud-secret',
    cloud: 'Oracle Cloud',
    what: 'an auth token or customer secret key of Oracle Cloud',
    keywords: ['oci_auth_token', 'oci_secret', 'oci_customer_secret', 'oci_token', 'oracle_auth_token'],
    pattern: /(?:oci|oracle)[\w-]{0,30}(?:token|secret|key)["']?\s{0,4}[=:]\s{0,4}["']?([^\s"']{20,64})/iy,
    bits: 3.2,
  },
  {
    id: 'ibm-cloud-key',
    cloud: 'IBM Cloud',
    what: 'an API key of IBM Cloud',
    keywords: ['ibmcloud', 'ibm_cloud', 'iam_api', 'ic_api_key', 'iaas_classic_api_key', 'bluemix'],
    pattern:
      /(?:ibm_?cloud|iam|ic|bluemix|iaas_classic)[\w-]{0,24}["']?\s{0,4}[=:]\s{0,4}["']?([A-Za-z0-9_-]{44}|[a-f0-9]{64})(?![A-Za-z0-9_-])/iy,
    bits: 3.4,
  },
  {
    id: 'ibm-cloud-key',
    cloud: 'IBM Cloud',
    what: 'an API key of IBM Cloud',
    keywords: ['"apikey"'],
    pattern: /"apikey"\s{0,4}:\s{0,4}"([A-Za-z0-9_-]{44})"/y,
    bits: 4.2,
  },
  {
    id: 'tencent-secret-id',
    cloud: 'Tencent Cloud',
    what: 'a secret id of Tencent Cloud',
    keywords: ['AKID'],
    pattern: /(?<![A-Za-z0-9])AKID[A-Za-z0-9]{32}(?![A-Za-z0-9])/y,
    bits: 3.8,
  },
  {
    id: 'scaleway-secret',
    cloud: 'Scaleway',
    what: 'a secret key of Scaleway',
    keywords: ['scw_secret', 'scw-secret', 'scaleway_secret', 'scaleway_token'],
    pattern:
      /(?:scw|scaleway)[_-](?:secret|token)[\w-]{0,16}["']?\s{0,4}[=:]\s{0,4}["']?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/iy,
    bits: 3,
  },
  {
    id: 'hetzner-token',
    cloud: 'Hetzner Cloud',
    what: 'a token of Hetzner Cloud',
    keywords: ['hcloud_token', 'hetzner', 'hcloud'],
    pattern: /(?:hcloud|hetzner)[\w-]{0,24}["']?\s{0,4}[=:]\s{0,4}["']?([A-Za-z0-9]{64})(?![A-Za-z0-9])/iy,
    bits: 4.2,
  },
  {
    id: 'linode-token',
    cloud: 'Linode',
    what: 'a token of Linode',
    keywords: ['linode'],
    pattern: /linode[\w-]{0,24}["']?\s{0,4}[=:]\s{0,4}["']?([a-f0-9]{64})(?![a-f0-9])/iy,
    bits: 3,
  },
  {
    id: 'vultr-key',
    cloud: 'Vultr',
    what: 'an API key of Vultr',
    keywords: ['vultr'],
    pattern: /vultr[\w-]{0,24}["']?\s{0,4}[=:]\s{0,4}["']?([A-Z0-9]{36})(?![A-Z0-9])/iy,
    bits: 3.4,
  },
  {
    id: 'cloudflare-token',
    cloud: 'Cloudflare',
    what: 'a key or token of Cloudflare',
    keywords: ['cloudflare', 'cf_api', 'cf_token'],
    pattern:
      /(?:cloudflare|cf_api|cf_token)[\w.-]{0,24}["']?\s{0,4}[=:]\s{0,4}["']?([A-Za-z0-9_-]{40}|[a-f0-9]{37})(?![A-Za-z0-9_-])/iy,
    bits: 3.2,
  },
  {
    id: 'cloudflare-origin-key',
    cloud: 'Cloudflare',
    what: 'an Origin CA key of Cloudflare',
    keywords: ['v1.0-'],
    pattern: /(?<![\w.-])v1\.0-[a-f0-9]{24}-[a-f0-9]{146}/y,
  },
  {
    id: 'heroku-key',
    cloud: 'Heroku',
    what: 'an API key of Heroku',
    keywords: ['HRKU-'],
    pattern: /(?<![\w-])HRKU-(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|AA[A-Za-z0-9_-]{58})/y,
  },
  {
    id: 'heroku-key',
    cloud: 'Heroku',
    what: 'an API key of Heroku',
    keywords: ['heroku'],
    pattern: /heroku[\w-]{0,24}["']?\s{0,4}[=:]\s{0,4}["']?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/iy,
    bits: 3,
  },
  {
    id: 'flyio-token',
    cloud: 'Fly.io',
    what: 'a token of Fly.io',
    keywords: ['fm2_', 'fm1r_', 'fm1a_', 'fo1_'],
    pattern: /(?<![A-Za-z0-9])(?:fm2_|fm1[ar]_|fo1_)[A-Za-z0-9+/_-]{43,700}={0,3}/y,
    bits: 4.2,
  },
  {
    id: 'yandex-key',
    cloud: 'Yandex Cloud',
    what: 'a key of Yandex Cloud',
    keywords: ['AQVN'],
    pattern: /(?<![A-Za-z0-9])AQVN[A-Za-z0-9_-]{35,38}(?![A-Za-z0-9_-])/y,
    bits: 4,
  },
  {
    id: 'ovh-secret',
    cloud: 'OVH',
    what: 'an application secret or consumer key of OVH',
    keywords: ['ovh_', 'application_secret', 'consumer_key'],
    pattern:
      /(?:ovh_[\w]{0,24}|application_secret|consumer_key)\s{0,4}[=:]\s{0,4}["']?([A-Za-z0-9]{32})(?![A-Za-z0-9])/iy,
    bits: 3.6,
  },
  {
    id: 'openstack-secret',
    cloud: 'OpenStack',
    what: 'an application credential secret of OpenStack',
    keywords: ['application_credential_secret'],
    pattern: /application_credential_secret["']?\s{0,4}[=:]\s{0,4}["']?([A-Za-z0-9_-]{16,120})/iy,
    bits: 3.2,
  },
];

export const CLOUD_RULES: readonly Rule[] = [
  ...AWS_RULES,
  ...GOOGLE_RULES,
  ...AZURE_RULES,
  ...SIMPLE.map(({ id, cloud, what, keywords, pattern, bits }) =>
    token({
      id,
      what,
      keywords,
      pattern,
      why: why(cloud),
      remedy: revoke(`at ${cloud}`),
      after: pattern.source.includes('700}') ? 900 : 320,
      check: (secret) => isRandom(secret, bits ?? 3) && !(bits !== undefined && isPlaceholder(secret)),
    }),
  ),
];
