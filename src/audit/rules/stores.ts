/** Rules for the files in which programs keep credentials: package managers, registries, clouds, databases, networks. */
import { isPassword, isPlaceholder, isRandom } from '../plausible.ts';
import { inFile, type Judgement, type PathRule, type Rule, revoke, type Scene } from '../rule.ts';

export const isSecret = (secret: string): Judgement => isPassword(secret, true);

/** `auth` of a Docker config and `_auth` of npm: user and password in base64. */
const isBasic = (encoded: string): boolean => {
  const text = Buffer.from(encoded, 'base64').toString('latin1');
  const password = text.slice(text.indexOf(':') + 1);
  return text.includes(':') && /^[\x20-\x7e]+$/.test(text) && password.length >= 3 && !isPlaceholder(password);
};

export interface Store {
  readonly id: string;
  readonly of: string;
  readonly path: RegExp;
  readonly pattern: RegExp;
  readonly severity?: PathRule['severity'];
  readonly check?: (secret: string, scene: Scene) => Judgement;
}

const STORES: readonly Store[] = [
  {
    id: 'docker-config',
    of: 'a container registry',
    path: /(?:^|\/)(?:\.docker\/config\.json|\.dockercfg|\.dockerconfigjson|containers\/(?:\d+\/)?auth\.json|config\.json|etc\/ecs\/ecs\.config)$/,
    pattern: /"(?:auth|identitytoken|registrytoken)"\s*:\s*"([A-Za-z0-9+/=_.-]{8,2000})"/g,
    check: (s) => isBasic(s) || (s.length > 30 && isRandom(s, 3.8)),
  },
  {
    id: 'npmrc',
    of: 'a package registry',
    path: /(?:^|\/)(?:\.npmrc|npmrc|\.yarnrc(?:\.yml)?)$/,
    pattern: /(?:_authToken|_password|_auth|npmAuthToken|npmAuthIdent)["']?\s*[=:]\s*["']?([^\s"'$]{8,500})/g,
    check: (s) => !isPlaceholder(s),
  },
  {
    id: 'pypirc',
    of: 'a Python package index',
    path: /(?:^|\/)\.pypirc$/,
    pattern: /^\s*password\s*[:=]\s*(\S{3,300})/gm,
    check: isSecret,
  },
  {
    id: 'pip-index-password',
    of: 'a Python package index',
    path: /(?:^|\/)(?:pip\.conf|pip\.ini|\.?pydistutils\.cfg|poetry\/auth\.toml|uv\.toml|requirements[\w.-]*\.txt)$/,
    pattern: /(?:https?:\/\/[^\s:@/]*:([^\s@/]{3,400})@)/g,
    check: isSecret,
  },
  { id: 'netrc', of: 'a host', path: /(?:^|\/)[._]netrc$/, pattern: /\bpassword\s+(\S{3,400})/g, check: isSecret },
  {
    id: 'apt-auth',
    of: 'an apt repository',
    path: /(?:^|\/)etc\/apt\/auth\.conf(?:\.d\/[^/]+)?$/,
    pattern: /\bpassword\s+(\S{3,400})/g,
    check: isSecret,
  },
  {
    id: 'maven-settings',
    of: 'a Maven repository',
    path: /(?:^|\/)(?:\.m2\/settings[\w-]*\.xml|maven\/[^ ]*settings\.xml|settings\.xml)$/,
    pattern: /<(?:password|passphrase)>\s*([^<{$\s][^<]{2,300}?)\s*<\//g,
    check: isSecret,
  },
  {
    id: 'gradle-properties',
    of: 'a repository or a signing key',
    path: /(?:^|\/)gradle\.properties$/,
    pattern: /^[\w.]*(?:password|token|secret|apikey)\w*\s*[=:]\s*(\S{4,300})/gim,
    check: isSecret,
  },
  {
    id: 'nuget-config',
    of: 'a NuGet feed',
    path: /(?:^|\/)nuget\.config$/i,
    pattern: /(?:ClearTextPassword|"Password")"?\s+value="([^"]{3,400})"/gi,
    check: isSecret,
  },
  {
    id: 'composer-auth',
    of: 'a Composer repository',
    path: /(?:^|\/)(?:composer\/|\.composer\/)?auth\.json$/,
    pattern: /"(?:password|github\.com|gitlab\.com|[\w.-]+\.(?:com|org|net|io))"\s*:\s*"([^"\s]{6,400})"/g,
    check: isSecret,
  },
  {
    id: 'gem-credentials',
    of: 'RubyGems',
    path: /(?:^|\/)(?:\.gem\/credentials|\.bundle\/config)$/,
    pattern: /^:?[\w."-]+:\s+["']?([^\s"']{10,300})/gm,
    check: (s) => isRandom(s, 3) && isPassword(s, false),
  },
  {
    id: 'cargo-credentials',
    of: 'a Cargo registry',
    path: /(?:^|\/)\.cargo\/credentials(?:\.toml)?$/,
    pattern: /^\s*token\s*=\s*"([^"]{8,400})"/gm,
    check: isSecret,
  },
  {
    id: 'git-credentials',
    of: 'a Git host',
    path: /(?:^|\/)(?:\.git-credentials|git\/credentials)$/,
    pattern: /^https?:\/\/[^\s:@]*:([^\s@]{3,400})@/gm,
    check: isSecret,
  },
  {
    id: 'git-config-credentials',
    of: 'a Git host',
    path: /(?:^|\/)(?:\.git\/config|\.gitconfig|\.gitmodules|\.git\/modules\/.+\/config|\.git\/FETCH_HEAD|\.git\/logs\/.+|gitconfig)$/,
    pattern:
      /(?:https?:\/\/[^\s:@/]*:([^\s@/]{3,400})@|https?:\/\/([^\s:@/]{20,300})@|extraheader\s*=\s*"?authorization:\s*(?:basic|bearer)\s+(\S{10,600}))/gi,
    check: (s) => !isPlaceholder(s) && isPassword(s, true),
  },
  {
    id: 'hub-token',
    of: 'GitHub or GitLab',
    path: /(?:^|\/)\.config\/(?:hub|gh\/hosts\.yml|glab-cli\/config\.yml)$/,
    pattern: /(?:oauth_token|token):\s*["']?([A-Za-z0-9_-]{16,300})/g,
    check: isSecret,
  },
  {
    id: 'kubeconfig',
    of: 'a Kubernetes cluster',
    severity: 'critical',
    path: /(?:^|\/)(?:\.kube\/[^/]+|kubeconfig[\w.-]*|[\w.-]+\.kubeconfig|(?:etc\/kubernetes|rancher\/k3s|rancher\/rke2|kubelet)\/[\w.-]+(?:conf|ya?ml|kubeconfig)|k0s\/pki\/[\w.-]+\.conf)$/,
    pattern: /^\s*-?\s*(?:token|password|client-key-data|id-token|refresh-token):\s*["']?([^\s"']{6,8000})/gm,
    check: (s) => !isPlaceholder(s.slice(0, 60)) && isPassword(s.slice(0, 100), true),
  },
  {
    id: 'kubernetes-service-account-token',
    of: 'a Kubernetes cluster',
    severity: 'critical',
    path: /(?:^|\/)serviceaccount\/token$/,
    pattern: /^eyJ[\w-]+\.[\w-]+\.[\w-]+/g,
  },
  {
    id: 'kubernetes-join-token',
    of: 'a Kubernetes cluster',
    path: /(?:^|\/)(?:rancher\/(?:k3s|rke2)\/server\/(?:node-)?token|rancher\/(?:k3s|rke2)\/config\.yaml|k3s\.service\.env|kubeadm[\w.-]*\.ya?ml)$/,
    pattern: /(K10[a-f0-9]{64}::\S{10,200}|(?:token|TOKEN)\s*[:=]\s*["']?([^\s"']{12,300}))/g,
    check: isSecret,
  },
  {
    id: 'aws-credentials-file',
    of: 'AWS',
    severity: 'critical',
    path: /(?:^|\/)(?:\.aws\/(?:credentials|config)|\.boto|\.s3cfg|\.passwd-s3fs|passwd-s3fs|\.elasticbeanstalk\/.*|\.aws\/(?:sso|cli)\/cache\/[^/]+\.json)$/,
    pattern:
      /(?:aws_secret_access_key|secret_key|aws_session_token|"(?:accessToken|clientSecret|refreshToken|SecretAccessKey|SessionToken)")\s*[=:]\s*"?([^\s"]{20,4000})|^[A-Z0-9]{16,24}:([A-Za-z0-9+/]{40})\s*$/gm,
    check: (s) => isRandom(s, 3.5) && !isPlaceholder(s.slice(0, 40)),
  },
  {
    id: 'gcloud-credentials',
    of: 'Google Cloud',
    severity: 'critical',
    path: /(?:^|\/)(?:gcloud\/(?:application_default_credentials\.json|legacy_credentials\/.+|credentials\.db|access_tokens\.db)|\.config\/gcloud\/.+\.json)$/,
    pattern: /(?:"?refresh_token"?\s*[:,]?\s*"?|"client_secret"\s*:\s*")(1\/\/[\w-]{40,200}|[\w-]{20,60})/g,
    check: (s) => isRandom(s, 3.4),
  },
  {
    id: 'azure-cli-tokens',
    of: 'Azure',
    severity: 'critical',
    path: /(?:^|\/)\.azure\/(?:accessTokens\.json|msal_token_cache\.\w+|service_principal_entries\.\w+|azureProfile\.json)$/,
    pattern: /"(?:secret|accessToken|refreshToken|client_secret|refresh_token)"\s*:\s*"([^"\s]{16,4000})"/gi,
    check: (s) => isRandom(s, 3.2),
  },
  {
    id: 'oracle-cloud-config',
    of: 'Oracle Cloud',
    path: /(?:^|\/)\.oci\/config$/,
    pattern: /^\s*pass_phrase\s*=\s*(\S{4,200})/gm,
    check: isSecret,
  },
  {
    id: 'aliyun-config',
    of: 'Alibaba Cloud',
    severity: 'critical',
    path: /(?:^|\/)(?:\.aliyun\/config\.json|\.ossutilconfig)$/,
    pattern: /(?:"access_key_secret"\s*:\s*"|accessKeySecret\s*=\s*)([A-Za-z0-9]{16,60})/g,
  },
  {
    id: 'bluemix-config',
    of: 'IBM Cloud',
    path: /(?:^|\/)\.bluemix\/config\.json$/,
    pattern: /"(?:IAMToken|IAMRefreshToken|UAAToken)"\s*:\s*"(?:Bearer )?([^"\s]{16,4000})"/g,
  },
  {
    id: 'doctl-config',
    of: 'DigitalOcean',
    path: /(?:^|\/)doctl\/config\.yaml$/,
    pattern: /access-token:\s*["']?([^\s"']{32,120})/g,
  },
  {
    id: 'terraform-credentials',
    of: 'HCP Terraform',
    severity: 'critical',
    path: /(?:^|\/)(?:\.terraformrc|terraform\.rc|credentials\.tfrc\.json)$/,
    pattern: /token"?\s*[=:]\s*"([^"\s]{14,300})"/g,
    check: isSecret,
  },
  {
    id: 'vault-token-file',
    of: 'HashiCorp Vault',
    severity: 'critical',
    path: /(?:^|\/)\.vault-token$/,
    pattern: /^\s*(\S{20,300})\s*$/g,
  },
  {
    id: 'pgpass',
    of: 'PostgreSQL',
    path: /(?:^|\/)\.?pgpass(?:\.conf)?$/,
    pattern: /^[^#\s:][^\s:]*:[^:\s]*:[^:\s]*:[^:\s]*:(\S{3,200})/gm,
    check: isSecret,
  },
  {
    id: 'my-cnf',
    of: 'MySQL or MariaDB',
    path: /(?:^|\/)(?:\.?my\.cnf|\.mylogin\.cnf|debian\.cnf|(?:mysql|mariadb)\/.+\.cnf)$/,
    pattern: /^\s*password\s*=\s*["']?([^\s"']{3,200})/gim,
    check: isSecret,
  },
  {
    id: 'wordpress-config',
    of: 'a database',
    path: /(?:^|\/)wp-config[\w.-]*\.php$/,
    pattern: /define\(\s*['"]DB_PASSWORD['"]\s*,\s*['"]([^'"]{3,200})['"]/g,
    check: isSecret,
  },
  {
    id: 'rclone-config',
    of: 'remote storage',
    path: /(?:^|\/)rclone(?:\/|\.)rclone?\.?conf$|(?:^|\/)(?:\.?rclone\.conf|rclone\/rclone\.conf)$/,
    pattern: /^\s*(?:pass|password2?|secret_access_key|token|client_secret|key)\s*=\s*(\S{8,2000})/gm,
    check: (s) => !isPlaceholder(s.slice(0, 60)),
  },
  {
    id: 'wifi-password',
    of: 'a wireless network',
    severity: 'medium',
    path: /(?:^|\/)(?:wpa_supplicant[\w.-]*\.conf|system-connections\/.+|netplan\/.+\.ya?ml|iwd\/.+\.(?:psk|8021x))$/,
    pattern: /^\s*(?:psk|password|wep_key\d|Passphrase|PreSharedKey)\s*[=:]\s*["']?([^\s"']{8,128})/gm,
    check: isSecret,
  },
  {
    id: 'vpn-password',
    of: 'a VPN or dial-up',
    path: /(?:^|\/)(?:chap-secrets|pap-secrets|ipsec\.secrets|ipsec\.d\/.+\.secrets|racoon\/psk\.txt|openvpn\/.*(?:auth|pass|cred)[\w.-]*)$/,
    pattern:
      /^(?!\s*[#;])(?:\S+\s+\S+\s+"?([^\s"]{4,200})"?|[^\n]*:\s*(?:PSK|XAUTH|EAP)\s+"([^"]{3,200})"|[^\s:]{1,60}\n(\S{4,200}))/gm,
    check: isSecret,
  },
  {
    id: 'openvpn-static-key',
    of: 'a VPN',
    path: /(?:\.key|\.ovpn|openvpn\/.+|\.conf)$/,
    pattern: /-----BEGIN OpenVPN Static key V1-----[\s0-9a-f]{200,800}-----END OpenVPN Static key V1-----/g,
  },
  {
    id: 'mail-password',
    of: 'a mail server',
    path: /(?:^|\/)(?:sasl_passwd|exim4\/passwd\.client|\.?msmtprc|\.fetchmailrc|\.mutt\/.*|\.muttrc|ssmtp\/ssmtp\.conf|esmtprc|nullmailer\/remotes|dma\/auth\.conf)$/,
    pattern:
      /^(?!\s*#)(?:\S+\s+[^\s:]+:(\S{3,200})|\S*:\S+:(\S{3,200})|\s*(?:password|AuthPass)\s*[= ]\s*["']?([^\s"']{3,200})|.*\s--pass(?:word)?=(\S{3,200})|.*pass(?:word)?\s+["']?([^\s"']{3,200}))/gim,
    check: isSecret,
  },
  {
    id: 'ldap-password',
    of: 'an LDAP directory',
    path: /(?:^|\/)(?:ldap\.conf|pam_ldap\.conf|nslcd\.conf|libnss-ldap\.conf|sssd\/.+\.conf|ldap\.secret|pam_ldap\.secret|slapd\.conf|freeipa.*)$/,
    pattern: /^\s*(?:bindpw|rootbindpw|rootpw|ldap_default_authtok)\s*[= ]\s*(\S{3,200})/gim,
    check: (s) => !/^\{(?:SSHA|SHA|MD5|SMD5|CRYPT)/i.test(s) && isPassword(s, true),
  },
  {
    id: 'samba-password',
    of: 'a Windows share',
    path: /(?:^|\/)(?:\.?smbcredentials|\.?cifs[\w.-]*|\.?smb[\w.-]*cred[\w.-]*|cifs\/.+|samba\/cred.*|etc\/fstab)$/,
    pattern: /(?:^|,)\s*pass(?:word)?\s*=\s*([^\s,]{3,200})/gim,
    check: isSecret,
  },
  {
    id: 'snmp-community',
    of: 'SNMP',
    severity: 'medium',
    path: /(?:^|\/)snmp(?:d)?(?:\/.*)?\.conf$/,
    pattern: /^\s*(?:r[ow]community6?|createUser\s+\S+\s+\S+)\s+"?([^\s"]{4,100})/gm,
    check: (s) => !/^(?:public|private)$/.test(s) && isPassword(s, true),
  },
  {
    id: 'subversion-password',
    of: 'Subversion',
    path: /(?:^|\/)\.subversion\/auth\/.+|(?:^|\/)conf\/(?:svnserve\.)?passwd$/,
    pattern: /^(?:password\nV \d+\n(\S.*)|[\w.-]+\s*=\s*(\S{4,100}))$/gm,
    check: isSecret,
  },
  {
    id: 'php-application-password',
    of: 'an application',
    path: /(?:^|\/)(?:config|settings|configuration|LocalSettings|database|parameters|local)[\w.-]*\.php$/,
    pattern: /(?:pass(?:word|wd)?|dbpass|dbpassword)['"]?\]?\s*(?:=>|=|,)\s*['"]([^'"\s$]{4,200})['"]/gi,
    check: isSecret,
  },
];

export const storeRule = ({ id, of, path, pattern, severity, check }: Store): PathRule =>
  inFile({
    id,
    severity: severity ?? 'high',
    what: `a credential for ${of}, in the file that a program keeps it in`,
    why: `whoever can launch the image can use it at ${of}`,
    remedy: revoke(`at ${of}`, 'what the build needs, give it for its time only (environment, mounted secret)'),
    path,
    pattern,
    ...(check === undefined ? {} : { check }),
  });

export const STORE_RULES: readonly Rule[] = STORES.map(storeRule);
