/**
 * Table of AWS facts it is not, but a table: tokens whose makers gave them a form that can be recognised, and their checksums.
 * Sources: the makers' pages on token formats; forms as the gitleaks rules (MIT) list them were a second opinion.
 */
import { hasBase62Crc, hasHexCrc, hasRoutableCrc } from '../checksums.ts';
import { isRandom } from '../plausible.ts';
import { type Judgement, type Rule, revoke, type Severity, token } from '../rule.ts';

interface Form {
  readonly id: string;
  readonly maker: string;
  readonly keywords: readonly string[];
  readonly pattern: RegExp;
  readonly severity?: Severity;
  /** Least bits a character; 3 where nothing is said. */
  readonly bits?: number;
  readonly check?: (token: string) => Judgement;
}

/** A checksum that does not fit: cut, altered or made up. Not silent, but no alarm. */
const sum =
  (fits: (token: string) => boolean) =>
  (text: string): Judgement =>
    fits(text) ? true : 'low';

/** GitLab's older tokens carry no checksum. */
const gitlab = (text: string): Judgement =>
  /\.[0-9a-z]{9}$/.test(text) ? (hasRoutableCrc(text) ? true : 'low') : true;

const FORMS: readonly Form[] = [
  {
    id: 'github-token',
    maker: 'GitHub',
    severity: 'critical',
    keywords: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'],
    pattern: /(?<![A-Za-z0-9_])gh[pousr]_[A-Za-z0-9]{36}(?![A-Za-z0-9_])/y,
    bits: 2.5,
    check: sum(hasBase62Crc),
  },
  {
    id: 'github-token',
    maker: 'GitHub',
    severity: 'critical',
    keywords: ['ghr_'],
    pattern: /(?<![A-Za-z0-9_])ghr_[A-Za-z0-9]{76}(?![A-Za-z0-9_])/y,
  },
  {
    id: 'github-fine-grained-token',
    maker: 'GitHub',
    severity: 'critical',
    keywords: ['github_pat_'],
    pattern: /(?<![A-Za-z0-9])github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}(?![A-Za-z0-9_])/y,
    bits: 3.5,
  },
  {
    id: 'gitlab-token',
    maker: 'GitLab',
    severity: 'critical',
    keywords: [
      'glpat-',
      'gldt-',
      'glrt-',
      'glptt-',
      'glcbt-',
      'glft-',
      'glsoat-',
      'glimt-',
      'glagent-',
      'gloas-',
      'GR1348941',
    ],
    pattern:
      /(?<![A-Za-z0-9_-])(?:gl(?:pat|dt|rt|ptt|ft|soat|imt|agent|oas)-[A-Za-z0-9_-]{20,300}(?:\.[0-9a-z]{2}\.?[0-9a-z]{7})?|glcbt-[A-Za-z0-9]{1,5}_[A-Za-z0-9_-]{20}|GR1348941[A-Za-z0-9_-]{20})(?![A-Za-z0-9_-])/y,
    check: gitlab,
  },
  {
    id: 'bitbucket-token',
    maker: 'Bitbucket',
    keywords: ['ATBB', 'ATCTT3xFfG'],
    pattern: /(?<![A-Za-z0-9])(?:ATBB[A-Za-z0-9]{28,32}|ATCTT3xFfG[A-Za-z0-9+/=_-]{160,220})(?![A-Za-z0-9])/y,
    bits: 3.6,
  },
  {
    id: 'atlassian-token',
    maker: 'Atlassian',
    keywords: ['ATATT3xFfG'],
    pattern: /(?<![A-Za-z0-9])ATATT3xFfG[A-Za-z0-9+/=_-]{160,220}(?![A-Za-z0-9_-])/y,
    bits: 4,
  },
  {
    id: 'npm-token',
    maker: 'npm',
    severity: 'critical',
    keywords: ['npm_'],
    pattern: /(?<![A-Za-z0-9_])npm_[A-Za-z0-9]{36}(?![A-Za-z0-9_])/y,
    bits: 2.5,
    check: sum(hasBase62Crc),
  },
  {
    id: 'pypi-token',
    maker: 'PyPI',
    severity: 'critical',
    keywords: ['pypi-AgE'],
    pattern: /(?<![A-Za-z0-9])pypi-AgE(?:IcHlwaS5vcmc|NdGVzdC5weXBpLm9yZw)[A-Za-z0-9_-]{50,1000}/y,
    bits: 3.5,
  },
  {
    id: 'rubygems-token',
    maker: 'RubyGems',
    keywords: ['rubygems_'],
    pattern: /(?<![A-Za-z0-9])rubygems_[a-f0-9]{48}(?![a-f0-9])/y,
  },
  {
    id: 'crates-token',
    maker: 'crates.io',
    keywords: ['token'],
    pattern: /token["']?\s{0,4}[=:]\s{0,4}["']?(cio[A-Za-z0-9]{32})(?![A-Za-z0-9])/iy,
    bits: 3.8,
  },
  {
    id: 'nuget-key',
    maker: 'NuGet',
    keywords: ['apikey', 'api_key', 'api-key', 'nuget'],
    pattern: /(?<![A-Za-z0-9])oy2[a-z0-9]{43}(?![A-Za-z0-9])/g,
    bits: 3.6,
  },
  {
    id: 'docker-token',
    maker: 'Docker Hub',
    severity: 'critical',
    keywords: ['dckr_pat_', 'dckr_oat_'],
    pattern: /(?<![A-Za-z0-9])dckr_[po]at_[A-Za-z0-9_-]{27,40}(?![A-Za-z0-9_-])/y,
    bits: 3.5,
  },
  {
    id: 'artifactory-token',
    maker: 'JFrog',
    keywords: ['AKCp', 'cmVmdGtuO'],
    pattern: /(?<![A-Za-z0-9])(?:AKCp[A-Za-z0-9]{69}|cmVmdGtuO[A-Za-z0-9+/]{50,90}=?)(?![A-Za-z0-9])/y,
    bits: 3.8,
  },
  {
    id: 'slack-token',
    maker: 'Slack',
    severity: 'critical',
    keywords: ['xoxb-', 'xoxp-', 'xoxa-', 'xoxr-', 'xoxs-', 'xoxe-', 'xoxe.', 'xoxo-', 'xapp-', 'xoxc-', 'xoxd-'],
    pattern:
      /(?<![A-Za-z0-9])(?:xox[bpoa]-(?:2-)?\d{8,14}-[\dA-Za-z-]{18,220}|xox[re]-[\dA-Za-z-]{30,250}|xox[sc]-\d{6,14}-[\dA-Za-z-]{18,220}|xoxd-[A-Za-z0-9%+/=]{40,300}|xoxe\.xox[bp]-\d-[A-Za-z0-9]{140,170}|xapp-\d-[A-Z0-9]{8,14}-\d{8,14}-[a-z0-9]{30,70})(?![A-Za-z0-9])/y,
  },
  {
    id: 'slack-webhook',
    maker: 'Slack',
    severity: 'medium',
    keywords: ['hooks.slack.com/'],
    pattern: /hooks\.slack\.com\/(?:services|workflows|triggers)\/T[A-Z0-9]{7,12}\/[A-Z0-9]{8,14}\/[A-Za-z0-9]{20,60}/y,
  },
  {
    id: 'stripe-key',
    maker: 'Stripe',
    severity: 'critical',
    keywords: ['sk_live_', 'rk_live_', 'sk_prod_', 'rk_prod_'],
    pattern: /(?<![A-Za-z0-9_])[sr]k_(?:live|prod)_[A-Za-z0-9]{16,250}(?![A-Za-z0-9_])/y,
  },
  {
    id: 'stripe-test-key',
    maker: 'Stripe',
    severity: 'low',
    keywords: ['sk_test_', 'rk_test_'],
    pattern: /(?<![A-Za-z0-9_])[sr]k_test_[A-Za-z0-9]{16,250}(?![A-Za-z0-9_])/y,
  },
  {
    id: 'stripe-webhook-secret',
    maker: 'Stripe',
    keywords: ['whsec_'],
    pattern: /(?<![A-Za-z0-9_])whsec_[A-Za-z0-9+/]{32,64}={0,2}(?![A-Za-z0-9_])/y,
  },
  {
    id: 'sendgrid-key',
    maker: 'SendGrid',
    keywords: ['sendgrid', 'apikey', 'api_key', 'passw', 'token'],
    pattern: /(?<![A-Za-z0-9_])SG\.[A-Za-z0-9_-]{20,24}\.[A-Za-z0-9_-]{39,50}(?![A-Za-z0-9_-])/g,
    bits: 4,
  },
  {
    id: 'twilio-key',
    maker: 'Twilio',
    keywords: ['twilio', 'auth_token', 'authtoken'],
    pattern: /(?:twilio[\w-]{0,24}|auth_?token)["']?\s{0,4}[=:]\s{0,4}["']?((?:SK)?[a-f0-9]{32})(?![a-f0-9])/iy,
  },
  {
    id: 'mailgun-key',
    maker: 'Mailgun',
    keywords: ['mailgun'],
    pattern:
      /mailgun[\w-]{0,24}["']?\s{0,4}[=:]\s{0,4}["']?((?:key-[a-f0-9]{32})|(?:[a-f0-9]{32}-[a-f0-9]{8}-[a-f0-9]{8}))/iy,
  },
  {
    id: 'mailchimp-key',
    maker: 'Mailchimp',
    keywords: ['mailchimp', 'mandrill'],
    pattern:
      /(?:mailchimp|mandrill)[\w-]{0,24}["']?\s{0,4}[=:]\s{0,4}["']?([a-f0-9]{32}-us\d{1,2}|md-[A-Za-z0-9_-]{22})/iy,
  },
  {
    id: 'telegram-bot-token',
    maker: 'Telegram',
    keywords: ['telegram', 'bot_token', 'api.telegram.org/bot', 'bottoken'],
    pattern: /(?<!\d)\d{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])/g,
    bits: 3.8,
  },
  {
    id: 'discord-token',
    maker: 'Discord',
    keywords: ['discord'],
    pattern:
      /(?:(?<![A-Za-z0-9_-])[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,38}(?![A-Za-z0-9_-])|discord(?:app)?\.com\/api\/webhooks\/\d{17,20}\/[A-Za-z0-9_-]{60,72})/g,
    bits: 4,
  },
  {
    id: 'teams-webhook',
    maker: 'Microsoft Teams',
    severity: 'medium',
    keywords: ['webhook.office.com/'],
    pattern:
      /webhook\.office\.com\/webhookb2\/[0-9a-f-]{36}@[0-9a-f-]{36}\/IncomingWebhook\/[0-9a-f]{32}\/[0-9a-f-]{36}/y,
  },
  {
    id: 'openai-key',
    maker: 'OpenAI',
    severity: 'critical',
    keywords: ['T3BlbkFJ'],
    pattern:
      /(?<![A-Za-z0-9])sk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,100}T3BlbkFJ[A-Za-z0-9_-]{20,100}(?![A-Za-z0-9_-])/g,
    bits: 4,
  },
  {
    id: 'anthropic-key',
    maker: 'Anthropic',
    severity: 'critical',
    keywords: ['sk-ant-'],
    pattern: /(?<![A-Za-z0-9])sk-ant-(?:api|admin|oat|ort)\d\d-[A-Za-z0-9_-]{80,120}(?![A-Za-z0-9_-])/y,
    bits: 4,
  },
  {
    id: 'huggingface-token',
    maker: 'Hugging Face',
    keywords: ['api_org_'],
    pattern: /(?<![A-Za-z0-9_])api_org_[A-Za-z]{34}(?![A-Za-z0-9])/y,
    bits: 3.8,
  },
  {
    id: 'huggingface-token',
    maker: 'Hugging Face',
    keywords: ['token', 'hugging'],
    pattern: /(?<![A-Za-z0-9_])hf_[A-Za-z]{34}(?![A-Za-z0-9])/g,
    bits: 3.8,
  },
  {
    id: 'groq-key',
    maker: 'Groq',
    keywords: ['gsk_'],
    pattern: /(?<![A-Za-z0-9_])gsk_[A-Za-z0-9]{52}(?![A-Za-z0-9])/y,
    bits: 4,
  },
  {
    id: 'xai-key',
    maker: 'xAI',
    keywords: ['xai-'],
    pattern: /(?<![A-Za-z0-9_])xai-[A-Za-z0-9]{80}(?![A-Za-z0-9])/y,
    bits: 4,
  },
  {
    id: 'perplexity-key',
    maker: 'Perplexity',
    keywords: ['pplx-'],
    pattern: /(?<![A-Za-z0-9_])pplx-[A-Za-z0-9]{48}(?![A-Za-z0-9])/y,
    bits: 4,
  },
  {
    id: 'replicate-token',
    maker: 'Replicate',
    keywords: ['replicate'],
    pattern: /(?<![A-Za-z0-9_])r8_[A-Za-z0-9]{37}(?![A-Za-z0-9])/g,
    bits: 4,
  },
  {
    id: 'vault-token',
    maker: 'HashiCorp Vault',
    severity: 'critical',
    keywords: ['hvs.', 'hvb.', 'hvr.'],
    pattern: /(?<![A-Za-z0-9])hv[sbr]\.[A-Za-z0-9_-]{24,300}(?![A-Za-z0-9_-])/y,
    bits: 3.6,
  },
  {
    id: 'vault-token',
    maker: 'HashiCorp Vault',
    severity: 'critical',
    keywords: ['vault_token', 'x-vault-token', 'client_token'],
    pattern: /(?:(?:x-)?vault[_-]token|client_token)["']?\s{0,4}[=:]\s{0,4}["']?(s\.[A-Za-z0-9]{24})(?![A-Za-z0-9])/iy,
    bits: 3.6,
  },
  {
    id: 'terraform-cloud-token',
    maker: 'HCP Terraform',
    severity: 'critical',
    keywords: ['.atlasv1.'],
    pattern: /(?<![A-Za-z0-9])[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,70}/g,
    bits: 4,
  },
  {
    id: 'pulumi-token',
    maker: 'Pulumi',
    keywords: ['pul-'],
    pattern: /(?<![A-Za-z0-9_-])pul-[a-f0-9]{40}(?![a-f0-9])/y,
  },
  {
    id: 'databricks-token',
    maker: 'Databricks',
    keywords: ['dapi'],
    pattern: /(?<![A-Za-z0-9])dapi[a-f0-9]{32}(?:-\d)?(?![a-f0-9])/y,
  },
  {
    id: 'grafana-token',
    maker: 'Grafana',
    keywords: ['glsa_'],
    pattern: /(?<![A-Za-z0-9])glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}(?![A-Za-z0-9])/y,
    check: sum(hasHexCrc),
  },
  {
    id: 'grafana-token',
    maker: 'Grafana',
    keywords: ['glc_'],
    pattern: /(?<![A-Za-z0-9])glc_eyJ[A-Za-z0-9+/]{40,400}={0,2}/y,
    bits: 3.6,
  },
  {
    id: 'grafana-token',
    maker: 'Grafana',
    keywords: ['eyJrIjoi'],
    pattern: /(?<![A-Za-z0-9])eyJrIjoi[A-Za-z0-9]{70,400}={0,2}(?![A-Za-z0-9.])/y,
    bits: 3.6,
  },
  {
    id: 'newrelic-key',
    maker: 'New Relic',
    keywords: ['NRAK-', 'NRII-', 'NRJS-', 'NRRA-'],
    pattern:
      /(?<![A-Za-z0-9])(?:NRAK-[A-Z0-9]{27}|NRII-[A-Za-z0-9-]{32}|NRJS-[a-f0-9]{19}|NRRA-[a-f0-9]{42})(?![A-Za-z0-9])/y,
  },
  {
    id: 'datadog-key',
    maker: 'Datadog',
    keywords: ['datadog', 'dd_api_key', 'dd_app_key', 'dd-api-key'],
    pattern: /(?:datadog|dd)[\w-]{0,24}key["']?\s{0,4}[=:]\s{0,4}["']?([a-f0-9]{32}|[a-f0-9]{40})(?![a-f0-9])/iy,
  },
  {
    id: 'sentry-token',
    maker: 'Sentry',
    keywords: ['sntrys_', 'sntryu_'],
    pattern: /(?<![A-Za-z0-9])(?:sntryu_[a-f0-9]{64}|sntrys_eyJ[A-Za-z0-9+/=_]{80,400})(?![A-Za-z0-9])/y,
  },
  {
    id: 'sonar-token',
    maker: 'Sonar',
    keywords: ['sqp_', 'squ_', 'sqa_'],
    pattern: /(?<![A-Za-z0-9_])sq[pua]_[a-f0-9]{40}(?![a-f0-9])/y,
  },
  {
    id: 'circleci-token',
    maker: 'CircleCI',
    keywords: ['CCIPAT_', 'CCIPRJ_'],
    pattern: /(?<![A-Za-z0-9])CCIP(?:AT|RJ)_[A-Za-z0-9]{20,24}_[a-f0-9]{40}(?![a-f0-9])/y,
  },
  {
    id: 'buildkite-token',
    maker: 'Buildkite',
    keywords: ['bkua_', 'bkct_', 'bkaj_'],
    pattern: /(?<![A-Za-z0-9])bk(?:ua_[a-f0-9]{40}|ct_[A-Za-z0-9_-]{40,120}|aj_[A-Za-z0-9_-]{40,400})(?![A-Za-z0-9])/y,
  },
  {
    id: 'snyk-token',
    maker: 'Snyk',
    keywords: ['snyk'],
    pattern: /snyk[\w-]{0,24}["']?\s{0,4}[=:]\s{0,4}["']?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![0-9a-f-])/iy,
  },
  {
    id: 'tailscale-key',
    maker: 'Tailscale',
    severity: 'critical',
    keywords: ['tskey-'],
    pattern: /(?<![A-Za-z0-9])tskey-[a-z]{3,8}-[A-Za-z0-9]{8,24}(?:-[A-Za-z0-9]{20,60})?(?![A-Za-z0-9])/y,
    bits: 3.4,
  },
  {
    id: 'postman-key',
    maker: 'Postman',
    keywords: ['PMAK-'],
    pattern: /(?<![A-Za-z0-9])PMAK-[a-f0-9]{24}-[a-f0-9]{34}(?![a-f0-9])/y,
  },
  {
    id: 'shopify-token',
    maker: 'Shopify',
    keywords: ['shpat_', 'shpca_', 'shppa_', 'shpss_'],
    pattern: /(?<![A-Za-z0-9])shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}(?![A-Za-z0-9])/y,
  },
  {
    id: 'square-token',
    maker: 'Square',
    keywords: ['sq0csp-', 'sq0atp-', 'EAAAE'],
    pattern:
      /(?<![A-Za-z0-9])(?:sq0(?:csp-[A-Za-z0-9_-]{43}|atp-[A-Za-z0-9_-]{22})|EAAAE[A-Za-z0-9_-]{59})(?![A-Za-z0-9_-])/y,
    bits: 3.8,
  },
  {
    id: 'paypal-braintree-token',
    maker: 'Braintree',
    keywords: ['access_token$'],
    pattern: /access_token\$production\$[a-z0-9]{16}\$[a-f0-9]{32}/y,
  },
  {
    id: 'linear-key',
    maker: 'Linear',
    keywords: ['lin_api_'],
    pattern: /(?<![A-Za-z0-9])lin_api_[A-Za-z0-9]{40}(?![A-Za-z0-9])/y,
    bits: 3.8,
  },
  {
    id: 'notion-token',
    maker: 'Notion',
    keywords: ['ntn_', 'secret_'],
    pattern: /(?<![A-Za-z0-9])(?:ntn_\d{11}[A-Za-z0-9]{35}|secret_[A-Za-z0-9]{43})(?![A-Za-z0-9])/y,
    bits: 4,
  },
  {
    id: 'figma-token',
    maker: 'Figma',
    keywords: ['figd_'],
    pattern: /(?<![A-Za-z0-9])figd_[A-Za-z0-9_-]{40,44}(?![A-Za-z0-9_-])/y,
    bits: 3.8,
  },
  {
    id: 'dropbox-token',
    maker: 'Dropbox',
    keywords: ['dropbox', 'access_token', 'accesstoken'],
    pattern: /(?<![A-Za-z0-9_.-])sl\.(?:u\.)?[A-Za-z0-9_-]{130,1200}/g,
    bits: 4.2,
  },
  {
    id: 'planetscale-token',
    maker: 'PlanetScale',
    keywords: ['pscale_'],
    pattern: /(?<![A-Za-z0-9])pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.=-]{32,64}/y,
    bits: 3.8,
  },
  {
    id: 'doppler-token',
    maker: 'Doppler',
    keywords: ['dp.pt.', 'dp.st.', 'dp.sa.', 'dp.ct.'],
    pattern: /(?<![A-Za-z0-9])dp\.(?:pt|st|sa|ct)\.(?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{40,44}(?![A-Za-z0-9])/y,
    bits: 3.8,
  },
  {
    id: 'supabase-token',
    maker: 'Supabase',
    keywords: ['sbp_', 'sb_secret_'],
    pattern: /(?<![A-Za-z0-9])(?:sbp_[a-f0-9]{40}|sb_secret_[A-Za-z0-9_-]{22,40})(?![A-Za-z0-9])/y,
  },
  {
    id: 'netlify-token',
    maker: 'Netlify',
    keywords: ['nfp_'],
    pattern: /(?<![A-Za-z0-9_])nfp_[A-Za-z0-9_]{36}(?![A-Za-z0-9_])/y,
    bits: 3.8,
  },
  {
    id: 'sourcegraph-token',
    maker: 'Sourcegraph',
    keywords: ['sgp_'],
    pattern: /(?<![A-Za-z0-9_])sgp_(?:[a-fA-F0-9]{16}_|local_)?[a-f0-9]{40}(?![a-f0-9])/y,
  },
  {
    id: 'airtable-token',
    maker: 'Airtable',
    keywords: ['airtable'],
    pattern: /(?<![A-Za-z0-9])pat[A-Za-z0-9]{14}\.[a-f0-9]{64}(?![a-f0-9])/g,
  },
  {
    id: 'octopus-key',
    maker: 'Octopus Deploy',
    keywords: ['API-'],
    pattern: /(?<![A-Za-z0-9-])API-[A-Z0-9]{26,27}(?![A-Za-z0-9-])/y,
    bits: 3.6,
  },
  {
    id: 'prefect-key',
    maker: 'Prefect',
    keywords: ['pnu_', 'pnb_'],
    pattern: /(?<![A-Za-z0-9_])pn[ub]_[a-zA-Z0-9]{36}(?![A-Za-z0-9])/y,
    bits: 3.8,
  },
  {
    id: 'onepassword-token',
    maker: '1Password',
    severity: 'critical',
    keywords: ['ops_eyJ'],
    pattern: /(?<![A-Za-z0-9])ops_eyJ[A-Za-z0-9+/_-]{200,2000}={0,3}/y,
    bits: 4,
  },
  {
    id: 'elastic-key',
    maker: 'Elastic',
    keywords: ['ApiKey '],
    pattern: /ApiKey ([A-Za-z0-9+/]{50,90}={0,2})(?![A-Za-z0-9+/])/y,
    bits: 4.2,
  },
  {
    id: 'azure-functions-key',
    maker: 'Azure Functions',
    keywords: ['AzFu'],
    pattern: /(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{44}AzFu[A-Za-z0-9_-]{5}[AQgw]==/g,
    bits: 4,
  },
  {
    id: 'jenkins-master-key',
    maker: 'Jenkins',
    keywords: ['{AQAAABAAAA'],
    severity: 'medium',
    pattern: /\{AQAAABAAAA[A-Za-z0-9+/]{20,2000}={0,2}\}/y,
    bits: 3.4,
  },
];

const WIDE = 2200;
const isWide = ({ source }: RegExp): boolean => /,(?:[3-9]\d\d|\d{4})\}/.test(source);

export const TOKEN_RULES: readonly Rule[] = FORMS.map(({ id, maker, keywords, pattern, severity, bits, check }) =>
  token({
    id,
    severity: severity ?? 'high',
    what: `a secret of ${maker}`,
    why: `whoever can launch the image can act at ${maker} as whom it belongs to, until it is revoked`,
    remedy: revoke(`at ${maker}`),
    keywords,
    pattern,
    at: pattern.sticky ? 'keyword' : 'window',
    before: pattern.sticky ? 64 : 128,
    after: isWide(pattern) ? WIDE : 340,
    check: (text) => isRandom(text, bits ?? 3) && (check?.(text) ?? true),
  }),
);
