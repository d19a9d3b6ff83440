/**
 * Table of tokens of code hosts, package registries, CI and infrastructure services, with their checksums.
 * Sources: the makers' pages on token formats; the gitleaks rules (MIT) were a second opinion.
 */
import { hasBase62Crc, hasHexCrc, hasRoutableCrc } from '../checksums.ts';
import type { Judgement, Rule } from '../rule.ts';
import { type Form, formRule } from './form.ts';

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
    keywords: ['NRAK-', 'NRII-', 'NRJS-', 'NRRA-', 'license_key', 'licenseKey'],
    pattern:
      /(?<![A-Za-z0-9])(?:NRAK-[A-Z0-9]{27}|NRII-[A-Za-z0-9-]{32}|NRJS-[a-f0-9]{19}|NRRA-[a-f0-9]{42}|license_?key["']?\s{0,4}[=:]\s{0,4}["']?([a-f0-9]{36}NRAL))(?![A-Za-z0-9])/iy,
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
    id: 'doppler-token',
    maker: 'Doppler',
    keywords: ['dp.pt.', 'dp.st.', 'dp.sa.', 'dp.ct.'],
    pattern: /(?<![A-Za-z0-9])dp\.(?:pt|st|sa|ct)\.(?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{40,44}(?![A-Za-z0-9])/y,
    bits: 3.8,
  },
  {
    id: 'sourcegraph-token',
    maker: 'Sourcegraph',
    keywords: ['sgp_'],
    pattern: /(?<![A-Za-z0-9_])sgp_(?:[a-fA-F0-9]{16}_|local_)?[a-f0-9]{40}(?![a-f0-9])/y,
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
    id: 'jenkins-master-key',
    maker: 'Jenkins',
    keywords: ['{AQAAABAAAA'],
    severity: 'medium',
    pattern: /\{AQAAABAAAA[A-Za-z0-9+/]{20,2000}={0,2}\}/y,
    bits: 3.4,
  },
];

export const DEVELOPER_TOKEN_RULES: readonly Rule[] = FORMS.map(formRule);
